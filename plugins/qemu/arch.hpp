// What differs between the six guest architectures, as one table: names, machine, devices,
// firmware. Constant data.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lima::qemu {

struct Arch {
    std::string_view name;       // Lima's word: x86_64 aarch64 armv7l ppc64le riscv64 s390x
    std::string_view qemu;       // QEMU's word, as in qemu-system-WORD
    std::string_view env;        // the override variable
    std::string_view machine;    // without ",accel=…"
    std::string_view cpu_probe;  // the machine for "-cpu help"
    std::string_view edk2;       // E in edk2-E-code.fd; empty: there is no firmware to be found
    std::span<const std::string_view> firmware;  // where distributions put it, in order
    bool legacy_bios;                            // can boot without that firmware
    std::string_view block;
    std::string_view net;
    std::string_view balloon;
    std::string_view vhost_fs;
    bool usb;
    bool numa;                // memory can be given by -numa
    std::string_view gpu;     // when there is a display
    bool pci_serial;          // a second serial port on PCI
    std::string_view tpm;     // empty: none
    bool power_button;        // system_powerdown reaches a guest that was booted by its firmware
    std::string_view debian;  // the package of the emulator
    std::string_view debian_firmware;
};

/// nullptr when Lima does not know the word.
const Arch* find_arch(std::string_view name);
std::span<const Arch> all_arches();

}  // namespace lima::qemu
