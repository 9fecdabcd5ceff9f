// What this driver reads from an instance's JSON (spec of the keys: docs/driver-abi.md), as a
// value, and the defaults that configure() puts into that JSON. Pure but for created_before_1_0,
// which looks into the instance directory. Sizes are bytes.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json_fwd.hpp"
#include "plugins/qemu/version.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lima::qemu {

struct Mount {
    std::string location;
    std::string mount_point;
    bool writable = false;
    std::string security_model = "none";
    int queue_size = 1024;
};

struct Network {
    std::string lima;    // the name of a network of networks.yaml, or
    std::string socket;  // a socket that speaks QEMU's stream protocol
    bool vz_nat = false;
    std::string mac;
};

struct FirmwareImage {
    std::string location;
    std::string arch;
    std::string vm_type;
};

struct Config {
    std::string name;
    std::filesystem::path dir;  // INST, absolute
    std::string arch;
    std::string os = "Linux";
    int cpus = 1;
    std::int64_t memory = 0;
    std::int64_t disk = 0;
    std::vector<std::string> additional_disks;
    std::string mount_type;
    std::vector<std::string> mount_types_unsupported;
    std::vector<Mount> mounts;
    std::vector<Network> networks;
    std::vector<std::string> warnings;  // oddities that do not stop us
    bool legacy_bios = false;
    std::vector<FirmwareImage> firmware_images;
    std::string audio_device;
    std::string audio_interface;
    std::string video_display;
    std::string vnc_display;
    bool tpm = false;
    bool virtio_win = false;  // osOpts.Windows.virtioWin names something
    bool ssh_over_vsock = false;
    std::string ssh_address = "127.0.0.1";
    int ssh_port = 0;
    std::map<std::string, std::string> cpu_type;  // arch -> model; replaces ours
    std::optional<Version> minimum_version;
};

/// JSON schema of vmOpts.qemu.
extern const std::string_view kVmOptsSchema;

/// What configure() needs to know beside the JSON.
struct ConfigureFacts {
    std::string host_os = "linux";    // Go's GOOS
    bool created_before_1_0 = false;  // by a Lima whose default was reverse-sshfs
};

/// Applies the driver's defaults in place, in the order that the specification gives; unknown keys
/// stay. Returns warnings for the user.
Result<std::vector<std::string>> fill_defaults(Json& instance, const ConfigureFacts& facts);
/// Reads and checks a filled instance. Everything that can be told without touching the host is an
/// error here.
Result<Config> read_config(const Json& instance, const ConfigureFacts& facts);
/// True for an instance directory in use that Lima < 1.0.0 made.
bool created_before_1_0(const std::filesystem::path& instance_dir);
/// The mount types of a host, in the order of preference.
std::vector<std::string> supported_mount_types(const std::string& host_os);

}  // namespace lima::qemu
