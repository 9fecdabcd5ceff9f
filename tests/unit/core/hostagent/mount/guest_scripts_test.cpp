#include "core/hostagent/mount/guest_scripts.hpp"

#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <gtest/gtest.h>

namespace lima::hostagent {
namespace {

TEST(RemoteQuote, EveryShellReadsItBack) {
    const std::vector<std::string> words = {
        "plain",      "",           "a b",       "it's", "\"double\"",     "back\\slash",
        "$HOME `id`", "line\nfeed", "'''",       "\\'",  "Grüße 日本語 ✓", "!history",
        "*?[a]",      "-dash",      "tab\there", "~",    "a;b&",           "trailing\\",
    };
    for (const char* shell : {"sh", "bash"}) {
        std::string command = "printf '%s\\0'";
        std::string want;
        for (const std::string& word : words) {
            command += " " + remote_quote(word);
            want += word + '\0';
        }
        SpawnOptions options;
        options.argv = {shell, "-c", command};
        const auto output = run(std::move(options));
        ASSERT_TRUE(output && output->status.ok());
        EXPECT_EQ(output->out, want) << shell;
    }
}

TEST(SshfsOptions, FollowTheMount) {
    SshfsMount mount;
    EXPECT_EQ(sshfs_options(mount), "slave,ro,allow_other");
    mount.writable = true;
    EXPECT_EQ(sshfs_options(mount), "slave,allow_other");
    mount.cache = false;
    mount.follow_symlinks = true;
    mount.nonempty = true;
    EXPECT_EQ(sshfs_options(mount), "slave,allow_other,cache=no,follow_symlinks,nonempty");
}

/// The guest, played by this host: programs of its own before the others, and a /proc/mounts that
/// can be written.
class GuestScripts : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(fs::make_dirs(path("bin")));
        write(path("mounts"), "proc /proc proc rw 0 0\n");
        program("sudo", "shift; exec \"$@\"");
        program("dmesg", "echo '[1.0] usb'; echo '[2.0] 9pnet_virtio: no channels'");
    }
    std::string path(const std::string& name) const { return (dir_.path() / name).string(); }
    static void write(const std::string& file, const std::string& text) {
        ASSERT_TRUE(fs::write_file_atomic(file, text));
    }
    void program(const std::string& name, const std::string& body) const {
        ASSERT_TRUE(fs::write_file_atomic(
            path("bin/" + name), "#!/bin/sh\nMOUNTS=" + path("mounts") + "\n" + body + "\n", 0755));
    }
    Output in_guest(const std::string& command) const {
        SpawnOptions options;
        std::string text = replace_all(command, "/proc/mounts", path("mounts"));
        text = replace_all(std::move(text), "/run/lima-boot-done", path("boot-done"));
        options.argv = {"sh", "-c", std::move(text)};
        options.extra_env["PATH"] = path("bin") + ":/usr/bin:/bin";
        auto output = run(std::move(options), {}, std::chrono::seconds(60));
        EXPECT_TRUE(output) << (output ? "" : output.error().text());
        return output ? *output : Output{};
    }
    fs::TempDir dir_ = *fs::TempDir::create("lima-guest");
};

TEST_F(GuestScripts, ACheckSeesTypesAndOddNames) {
    const std::string odd = path("a b\\c ü");
    ASSERT_TRUE(fs::make_dirs(odd));
    const std::string written = replace_all(replace_all(odd, "\\", "\\134"), " ", "\\040");
    write(path("mounts"),
          "lima-1 " + written + " 9p rw 0 0\nlima-2 " + path("two") + " virtiofs rw 0 0\n");
    const Output output = in_guest(check_command("9p", {odd, path("two")}));
    EXPECT_EQ(output.out, "type 9p\ntype virtiofs\n") << output.err;
    const auto wrong = read_check("9p", output.out, 2);
    EXPECT_EQ(wrong[0], std::nullopt);
    EXPECT_EQ(*wrong[1], "another file system (virtiofs) is mounted there, instead of 9p");
}

TEST_F(GuestScripts, ACheckTriesOnceMore) {
    program("mount", "echo \"tag $2 9p rw 0 0\" >>$MOUNTS");
    EXPECT_EQ(in_guest(check_command("9p", {path("late")})).out, "type 9p\n");
}

TEST_F(GuestScripts, ACheckTellsTheReason) {
    program("mount", "echo \"mount: $2: unknown filesystem type '9p'.\" >&2; exit 32");
    const Output output = in_guest(check_command("9p", {path("x")}));
    const auto wrong = read_check("9p", output.out, 1);
    ASSERT_TRUE(wrong[0]);
    EXPECT_EQ(*wrong[0], "mount: " + path("x") +
                             ": unknown filesystem type '9p'. (the kernel: [2.0] 9pnet_virtio: no "
                             "channels)");
    EXPECT_NE(mount_hint("9p", *wrong[0]).find("reverse-sshfs"), std::string::npos);
}

TEST_F(GuestScripts, ACheckWaitsForFstabOnlyWhileTheBootGoesOn) {
    program("mount", "echo \"mount: $2: can't find in /etc/fstab.\" >&2; exit 1");
    write(path("boot-done"), "iid");
    const Output output = in_guest(check_command("9p", {path("x")}));
    EXPECT_NE(output.out.find("can't find in /etc/fstab"), std::string::npos);
    EXPECT_NE(mount_hint("9p", output.out).find("cloud-init"), std::string::npos);
}

TEST(ReadCheck, AnAnswerThatIsMissingIsAnError) {
    const auto wrong = read_check("9p", "type 9p\n", 2);
    ASSERT_EQ(wrong.size(), 2U);
    EXPECT_FALSE(wrong[0]);
    EXPECT_EQ(*wrong[1], "the guest gave no answer");
}

TEST_F(GuestScripts, SshfsIsMountedOnceTheKernelHasIt) {
    program("sshfs",
            "printf '%s\\n' \"$@\" >" + path("args") +
                "\nsleep 0.3; printf 'x %s fuse.sshfs rw 0 0\\n' \"$(printf %s \"$2\" | sed "
                "'s/ /\\\\040/g')\" >>$MOUNTS\ncat; sleep 0.5");
    const std::string point = path("sub dir/mount it's");
    const SshfsMount mount{.location = "/host/ü $x",
                           .mount_point = point,
                           .tag = "lima-t1",
                           .writable = true,
                           .uid = 4711,
                           .gid = 4712};
    const Output output = in_guest("printf 'the data' | " + sshfs_command(mount));
    EXPECT_EQ(output.out, "the data");
    EXPECT_EQ(output.err, std::string(kMounted) + "\n");
    EXPECT_TRUE(output.status.ok());
    EXPECT_TRUE(std::filesystem::is_directory(point));
    const auto args = *fs::read_file(path("args"));
    EXPECT_TRUE(args.starts_with(":/host/ü $x\n" + point +
                                 "\n-o\nslave,allow_other,idmap=file,"
                                 "uidfile="))
        << args;
    EXPECT_NE(args.find(",nomap=ignore\n"), std::string::npos);
}

TEST_F(GuestScripts, WithTheSameIdsNothingIsMapped) {
    program("sshfs", "echo \"$4\"; echo \"x $2 fuse.sshfs rw 0 0\" >>$MOUNTS; sleep 0.2");
    const SshfsMount mount{.location = "/host",
                           .mount_point = path("m"),
                           .tag = "lima-t2",
                           .uid = ::getuid(),
                           .gid = ::getgid()};
    EXPECT_EQ(in_guest(sshfs_command(mount)).out, "slave,ro,allow_other\n");
}

TEST_F(GuestScripts, ARefusalOfSshfsIsToldAtOnce) {
    program("sshfs", "echo 'fuse: device not found, try modprobe' >&2; exit 1");
    const SshfsMount mount{.location = "/host", .mount_point = path("m"), .tag = "lima-t3"};
    const Output output = in_guest(sshfs_command(mount));
    EXPECT_EQ(output.status.code, 1);
    EXPECT_EQ(output.err, "fuse: device not found, try modprobe\n");
}

TEST_F(GuestScripts, WhatADeadConnectionLeftIsDetachedFirst) {
    ASSERT_TRUE(fs::make_dirs(path("m")));
    write(path("mounts"), "old " + path("m") + " fuse.sshfs rw 0 0\n");
    program("fusermount3", "echo \"$@\" >>" + path("detached") + "; : >$MOUNTS");
    program("sshfs",
            "cat " + path("detached") + "; echo \"x $2 fuse.sshfs rw 0 0\" >>$MOUNTS; sleep 0.2");
    const SshfsMount mount{.location = "/host", .mount_point = path("m"), .tag = "lima-t4"};
    const Output output = in_guest(sshfs_command(mount));
    EXPECT_EQ(output.out, "-u -z -- " + path("m") + "\n") << output.err;
}

TEST_F(GuestScripts, UnmountingLetsGoOfWhatIsBusy) {
    program("fusermount3", "echo \"$@\" >>" + path("calls") + "\n[ \"$2\" = -z ]");
    program("fusermount", "exit 1");
    const Output output = in_guest(unmount_command({"/a b", "/c"}));
    EXPECT_TRUE(output.status.ok()) << output.err;
    EXPECT_EQ(*fs::read_file(path("calls")), "-u -- /a b\n-u -z -- /a b\n-u -- /c\n-u -z -- /c\n");
}

TEST(MountHint, EveryReasonHasANextStep) {
    EXPECT_NE(mount_hint("reverse-sshfs", "sh: 1: sshfs: not found").find("install sshfs"),
              std::string::npos);
    EXPECT_NE(mount_hint("reverse-sshfs",
                         "fusermount3: option allow_other only allowed if "
                         "'user_allow_other' is set in /etc/fuse.conf")
                  .find("/etc/fuse.conf"),
              std::string::npos);
    EXPECT_NE(mount_hint("9p", "another file system (ext4) is mounted there").find("unmount"),
              std::string::npos);
    EXPECT_FALSE(mount_hint("reverse-sshfs", "?").empty());
    EXPECT_FALSE(mount_hint("virtiofs", "?").empty());
}

}  // namespace
}  // namespace lima::hostagent
