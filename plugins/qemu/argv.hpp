// QEMU's command line as a pure function of two values: what the user wants (Config) and what the
// host has and the driver found (Host). Nothing here looks at the machine, so every case is a
// golden test.
#pragma once

#include "core/base/error.hpp"
#include "plugins/qemu/arch.hpp"
#include "plugins/qemu/config.hpp"
#include "plugins/qemu/version.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lima::qemu {

struct DiskFile {
    std::filesystem::path path;
    std::string format;  // qcow2, raw …; always given, QEMU must not guess
};

/// How one network interface of the guest is connected.
struct NetLink {
    enum class Kind {
        kSlirp,    // QEMU's own user-mode network, with ssh forwarded
        kFd,       // a connected socket that QEMU inherits
        kStream,   // a socket that QEMU connects to itself
        kSkipped,  // this entry of the configuration is net0 already
    };
    Kind kind = Kind::kSlirp;
    int fd = -1;       // its number in QEMU
    std::string path;  // of the stream's socket
};

struct Host {
    std::string os = "linux";     // Go's GOOS
    std::string arch = "x86_64";  // Lima's word
    std::string accel = "tcg";
    bool cpu_passthrough = true;  // -cpu host can be trusted
    std::string exe;
    std::vector<std::string> extra_args;  // of QEMU_SYSTEM_X: stand first, and win over ours
    std::optional<Version> version;
    std::string accel_help;  // empty: not probed, not checked
    std::string cpu_help;
    std::string machine_id;  // MAC addresses are made of it

    std::string firmware;  // empty: none is used
    std::optional<DiskFile> disk;
    bool iso = false;  // INST/iso is there
    std::vector<DiskFile> additional_disks;
    bool kernel = false;
    bool initrd = false;
    std::optional<std::string> cmdline;
    bool windows_installed = false;
    bool cidata = true;
    NetLink net0;
    std::vector<NetLink> networks;  // parallel to Config::networks
};

struct CommandLine {
    std::vector<std::string> words;  // words[0] is the program
    std::vector<std::string> warnings;
};

Result<CommandLine> build_argv(const Config& config, const Host& host);

/// What stands after -cpu.
Result<std::string> cpu_model(const Config& config, const Host& host);
/// kInvalidArgument when this QEMU was built without the accelerator.
Result<void> check_accel(const Host& host);
/// kInvalidArgument when its machine takes no TPM.
Result<void> check_tpm(const Arch& arch);
/// A value inside a comma-separated option: QEMU reads ",," as a comma.
std::string escape_commas(std::string text);
/// 52:55:55 and three bytes that are the same for the same machine and text.
std::string mac_address(const std::string& machine_id, const std::string& text);
/// The tag by which the guest mounts: equal to what the cidata's mounts say.
std::string mount_tag(const Mount& mount);
/// The sockets and logs that QEMU makes in the instance directory; names only.
std::vector<std::string> runtime_files(const Config& config);

inline constexpr const char* kGuestAgentPort = "io.lima-vm.guest_agent.0";
/// By this name QEMU's events speak of the port.
inline constexpr const char* kGuestAgentDevice = "guest-agent0";
/// The bytes of forwarded ports, apart from the agent's calls: a flow of its own.
inline constexpr const char* kForwardPort = "io.lima-vm.forward.0";

}  // namespace lima::qemu
