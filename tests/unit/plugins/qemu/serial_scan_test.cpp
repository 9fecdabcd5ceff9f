#include "plugins/qemu/serial_scan.hpp"

#include "core/base/fs.hpp"
#include "plugins/qemu/serial_watch.hpp"

#include <gtest/gtest.h>

#include <future>

namespace lima::qemu {
namespace {

std::string message_of(std::string_view text) {
    SerialScanner scanner;
    const auto finding = scanner.feed(text);
    return finding ? finding->event + ": " + finding->message : "";
}

TEST(SerialScan, FirmwareWithoutADisk) {
    EXPECT_EQ(message_of("Booting from Hard Disk...\r\nNo bootable device.\r\n"),
              "boot-failed: no bootable disk");
    EXPECT_EQ(message_of("BdsDxe: No bootable option or device was found.\r\n"),
              "boot-failed: no bootable disk");
}

TEST(SerialScan, PromptsHaveNoEndOfLine) {
    EXPECT_EQ(message_of("error: unknown filesystem.\r\ngrub rescue> "),
              "boot-failed: the boot loader stands at its rescue prompt");
    EXPECT_EQ(message_of("\033[0m\033[37mShell> "),
              "boot-failed: no bootable disk: the firmware opened its shell");
}

TEST(SerialScan, ThePanicsOwnWords) {
    EXPECT_EQ(
        message_of("[    1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on "
                   "unknown-block(0,0)\r\n"),
        "panic: Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)");
}

TEST(SerialScan, TheGrubPrompt) {
    EXPECT_EQ(message_of("   Minimal BASH-like line editing is supported.\r\n\r\ngrub> "),
              "boot-failed: the boot loader stands at its prompt");
}

TEST(SerialScan, InitrdsWithoutARoot) {
    EXPECT_EQ(message_of("ALERT!  LABEL=nowhere does not exist.  Dropping to a shell!\r\n"),
              "boot-failed: ALERT!  LABEL=nowhere does not exist.  Dropping to a shell!");
    EXPECT_EQ(message_of("\r\n(initramfs) "), "boot-failed: the initrd stands at its shell");
    EXPECT_EQ(message_of("small initramfs: no root file system LABEL=x\n"),
              "boot-failed: the initrd finds no root file system");
    EXPECT_EQ(message_of("[  190.1] dracut-initqueue[300]: Warning: dracut-initqueue timeout - "
                         "starting timeout scripts\n"),
              "boot-failed: the initrd finds no root file system");
}

TEST(SerialScan, EmergencyModeIsSaidInManyWays) {
    for (const char* said :
         {"You are in emergency mode. After logging in, type \"journalctl -xb\"\n",
          "Give root password for maintenance\n",
          "Give root password for maintenance\r\n(or press Control-D to continue): ",
          "Press Enter for maintenance\r\n(or press Control-D to continue): "}) {
        EXPECT_EQ(message_of(said), "boot-failed: the guest is in emergency mode") << said;
    }
}

TEST(SerialScan, EscapeSequencesAndPiecesDoNotHideIt) {
    SerialScanner scanner;
    EXPECT_FALSE(scanner.feed("No boot"));
    EXPECT_FALSE(scanner.feed("able \033["));
    EXPECT_FALSE(scanner.feed("1mdevice"));
    const auto finding = scanner.feed(".\n");
    ASSERT_TRUE(finding);
    EXPECT_EQ(finding->phase, "firmware");
}

TEST(SerialScan, OneFindingPerBoot) {
    SerialScanner scanner;
    EXPECT_TRUE(scanner.feed("No bootable device.\n"));
    EXPECT_FALSE(scanner.feed("No bootable device.\n"));
    scanner.reset();
    EXPECT_TRUE(scanner.feed("No bootable device.\n"));
}

TEST(SerialScan, AnOrdinaryBootSaysNothing) {
    EXPECT_EQ(
        message_of(
            "SeaBIOS (version 1.16.2)\nBooting from ROM...\n[    0.000000] Linux version 6.1.0\n"
            "Debian GNU/Linux 12 lima-x ttyS0\n\nlima-x login: "),
        "");
}

TEST(SerialWatch, SeesWhatIsWrittenLater) {
    const auto dir = fs::TempDir::create("serial-watch-");
    ASSERT_TRUE(dir);
    const auto log = dir->path() / "serial.log";
    ASSERT_TRUE(fs::append_file(log, "SeaBIOS\n"));
    std::promise<std::string> seen;
    auto future = seen.get_future();
    auto watch = SerialWatch::start(
        log, false, [&](const Finding& finding) { seen.set_value(finding.message); });
    ASSERT_TRUE(watch) << watch.error().text();
    ASSERT_TRUE(fs::append_file(log, "No bootable device.\n"));
    ASSERT_EQ(future.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    EXPECT_EQ(future.get(), "no bootable disk");
}

}  // namespace
}  // namespace lima::qemu
