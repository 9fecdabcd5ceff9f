#include "plugins/qemu/serial_scan.hpp"

#include <array>

namespace lima::qemu {

namespace {

struct Pattern {
    std::string_view text;  // somewhere in the line
    const char* event;
    const char* phase;
    const char* message;
    const char* hint;
};

constexpr const char* kDiskHint =
    "check that images[].location is a bootable disk for this architecture, and "
    "firmware.legacyBIOS";
constexpr const char* kRootHint =
    "the kernel finds no root file system: check the image, kernel.cmdline and initrd";
constexpr const char* kGrubHint =
    "the boot loader's configuration in the image is broken; see serial.log";
constexpr const char* kEmergencyHint =
    "the guest's system does not come up; see serial.log for the unit that failed";

// From the most telling to the least.
constexpr std::array kPatterns{
    // SeaBIOS, OVMF and AAVMF, SLOF, s390 firmware
    Pattern{"No bootable device", "boot-failed", "firmware", "no bootable disk", kDiskHint},
    Pattern{"Boot failed: not a bootable disk", "boot-failed", "firmware", "no bootable disk",
            kDiskHint},
    Pattern{"No bootable option or device was found", "boot-failed", "firmware", "no bootable disk",
            kDiskHint},
    Pattern{"UEFI Interactive Shell", "boot-failed", "firmware",
            "no bootable disk: the firmware opened its shell", kDiskHint},
    Pattern{"Shell> ", "boot-failed", "firmware", "no bootable disk: the firmware opened its shell",
            kDiskHint},
    // GRUB
    Pattern{"grub rescue>", "boot-failed", "boot loader",
            "the boot loader stands at its rescue prompt", kGrubHint},
    Pattern{"grub> ", "boot-failed", "boot loader", "the boot loader stands at its prompt",
            kGrubHint},
    // Linux
    Pattern{"VFS: Unable to mount root fs", "panic", "kernel",
            "the kernel finds no root file system", kRootHint},
    Pattern{"No working init found", "panic", "init", "the guest has no working init", kRootHint},
    Pattern{"Kernel panic - not syncing", "panic", "kernel", "kernel panic",
            "see serial.log for the trace"},
    Pattern{"Gave up waiting for root file system device", "boot-failed", "init",
            "the initrd finds no root file system", kRootHint},
    // initramfs-tools: "ALERT!  LABEL=x does not exist.  Dropping to a shell!"
    Pattern{"does not exist.  Dropping to a shell!", "boot-failed", "init",
            "the initrd finds no root file system", kRootHint},
    Pattern{"(initramfs)", "boot-failed", "init", "the initrd stands at its shell", kRootHint},
    // our own, and dracut, Alpine, Arch
    Pattern{"small initramfs: no root file system", "boot-failed", "init",
            "the initrd finds no root file system", kRootHint},
    Pattern{"Warning: dracut-initqueue timeout", "boot-failed", "init",
            "the initrd finds no root file system", kRootHint},
    Pattern{"initramfs emergency recovery shell launched", "boot-failed", "init",
            "the initrd finds no root file system", kRootHint},
    Pattern{"being dropped into an emergency shell", "boot-failed", "init",
            "the initrd stands at its shell", kRootHint},
    // systemd
    Pattern{"Give root password for maintenance", "boot-failed", "init",
            "the guest is in emergency mode", kEmergencyHint},
    Pattern{"Cannot open access to console, the root account is locked", "boot-failed", "init",
            "the guest is in emergency mode", kEmergencyHint},
    Pattern{"Press Enter for maintenance", "boot-failed", "init", "the guest is in emergency mode",
            kEmergencyHint},
    Pattern{"You are in emergency mode", "boot-failed", "init", "the guest is in emergency mode",
            kEmergencyHint},
    Pattern{"Entering emergency mode", "boot-failed", "init", "the guest is in emergency mode",
            kEmergencyHint},
    Pattern{"You are in rescue mode", "boot-failed", "init", "the guest is in rescue mode",
            kEmergencyHint},
};

constexpr std::size_t kLongestLine = 1024;

}  // namespace

std::optional<Finding> SerialScanner::judge() const {
    for (const Pattern& pattern : kPatterns) {
        if (line_.find(pattern.text) == std::string::npos) {
            continue;
        }
        Finding finding{pattern.event, pattern.phase, pattern.message, pattern.hint};
        // What a panic, or an initrd, says of itself is worth more than our word for it.
        for (const std::string_view own : {"Kernel panic - not syncing: ", "ALERT!  "}) {
            if (const auto said = line_.find(own); said != std::string::npos) {
                finding.message = line_.substr(said);
            }
        }
        return finding;
    }
    return std::nullopt;
}

std::optional<Finding> SerialScanner::feed(std::string_view text) {
    for (const char c : text) {
        if (escape_ == Escape::kStarted) {
            escape_ = c == '[' ? Escape::kInside : Escape::kNone;
            continue;
        }
        if (escape_ == Escape::kInside) {
            const bool last = c >= '@' && c <= '~';
            escape_ = last ? Escape::kNone : Escape::kInside;
            continue;
        }
        if (c == '\033') {
            escape_ = Escape::kStarted;
            continue;
        }
        if (c != '\n' && c != '\r') {
            if (line_.size() < kLongestLine) {
                line_ += c;
            }
            continue;
        }
        const auto finding = found_ ? std::nullopt : judge();
        line_.clear();
        if (finding) {
            found_ = true;
            return finding;
        }
    }
    // A prompt has no end of line.
    if (!found_ &&
        (line_.ends_with("> ") || line_.ends_with("(initramfs) ") || line_.ends_with(": "))) {
        if (auto finding = judge()) {
            found_ = true;
            return finding;
        }
    }
    return std::nullopt;
}

void SerialScanner::reset() {
    line_.clear();
    escape_ = Escape::kNone;
    found_ = false;
}

}  // namespace lima::qemu
