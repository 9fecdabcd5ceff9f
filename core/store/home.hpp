// $LIMA_HOME and where everything lies in it (spec/store-net.md section 1). Only names and paths:
// no content.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lima::store {

using Path = std::filesystem::path;

/// Files of an instance directory.
namespace file {
inline constexpr const char* kYaml = "lima.yaml";
inline constexpr const char* kVersion = "lima-version";
inline constexpr const char* kProtected = "protected";
inline constexpr const char* kCloudConfig = "cloud-config.yaml";
inline constexpr const char* kCidata = "cidata.iso";
inline constexpr const char* kImage = "image";
inline constexpr const char* kDisk = "disk";
inline constexpr const char* kDiskFormat =
    "disk.format";  // ours: what the disk was when it was made
inline constexpr const char* kIso = "iso";
inline constexpr const char* kBaseDisk = "basedisk";
inline constexpr const char* kDiffDisk = "diffdisk";
inline constexpr const char* kKernel = "kernel";
inline constexpr const char* kKernelCmdline = "kernel.cmdline";
inline constexpr const char* kInitrd = "initrd";
inline constexpr const char* kSshConfig = "ssh.config";
inline constexpr const char* kSshSock = "ssh.sock";
inline constexpr const char* kHaPid = "ha.pid";
inline constexpr const char* kHaSock = "ha.sock";
inline constexpr const char* kHaStdout = "ha.stdout.log";
inline constexpr const char* kHaStderr = "ha.stderr.log";
inline constexpr const char* kGaSock = "ga.sock";
inline constexpr const char* kGaSshSock =
    "ga-ssh.sock";  // ours: the agent over ssh where ga.sock is the driver's
inline constexpr const char* kLock = ".lock";  // ours: held while a command changes the instance
}  // namespace file

class Home {
public:
    /// From $LIMA_HOME, else ~/.lima; links resolved when it exists.
    static Result<Home> from_environment();
    explicit Home(Path root) : root_(std::move(root)) {}

    const Path& root() const { return root_; }
    Path config_dir() const { return root_ / "_config"; }
    Path disks_dir() const { return root_ / "_disks"; }
    Path networks_dir() const { return root_ / "_networks"; }
    Path templates_dir() const { return root_ / "_templates"; }
    Path instance_dir(const std::string& name) const { return root_ / name; }
    Path identity_file() const { return config_dir() / "user"; }

    /// Sub-directories that can be instances, bytewise sorted.
    Result<std::vector<std::string>> instance_names() const;

private:
    Path root_;
};

/// kInvalidArgument with the reason when the text is no instance name.
Result<void> check_instance_name(const std::string& name);
/// ssh appends random characters to its control socket: the longest path must fit into sun_path.
Result<void> check_socket_length(const Path& instance_dir);
/// True when something was started or downloaded there before (spec/config.md 1.2).
bool is_existing_instance(const Path& instance_dir);
/// Trimmed text of lima-version; our version for a new instance, "" for an old one without the
/// file.
std::string created_by_version(const Path& instance_dir);

}  // namespace lima::store
