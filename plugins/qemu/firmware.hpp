// The UEFI firmware that a guest boots from: which file, or why none. Looks at the file system,
// nothing else.
#pragma once

#include "core/base/error.hpp"
#include "plugins/qemu/arch.hpp"
#include "plugins/qemu/config.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lima::qemu {

struct FirmwareSearch {
    std::filesystem::path home;  // empty: no home
    std::filesystem::path exe;   // QEMU's
    std::string host_os = "linux";
    std::function<bool(const std::filesystem::path&)> exists;
};

struct FirmwareChoice {
    std::string path;  // empty: QEMU's own BIOS, or the machine has none
    std::vector<std::string> warnings;
};

/// Every place that is looked into, in order.
std::vector<std::filesystem::path> firmware_candidates(const Arch& arch,
                                                       const FirmwareSearch& search);
/// kNotFound names what was tried, and has the next step as its hint.
Result<FirmwareChoice> find_firmware(const Config& config, const Arch& arch,
                                     const FirmwareSearch& search);

inline constexpr const char* kFirmwareFile = "qemu-efi-code.fd";

}  // namespace lima::qemu
