// What the guest is told to do for mounts, as pure functions of values (spec/host-guest.md 4.1):
// commands for ssh, each one text that any shell of the guest's user reads alike, and how to read
// their answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lima::hostagent {

struct SshfsMount {
    std::string location;     // on the host
    std::string mount_point;  // in the guest
    std::string tag;          // names files in the guest; config::mount_tag
    bool writable = false;
    bool cache = true;
    bool follow_symlinks = false;
    bool nonempty = false;  // an sshfs of old (fuse 2) wants to be told
    std::uint32_t uid = 0;  // of the sftp-server on the host: shown as the guest's user
    std::uint32_t gid = 0;
};

/// One word for the shells of this world, fish included: '…', with what cannot stand in it outside.
std::string remote_quote(std::string_view text);

/// The value of sshfs's -o.
std::string sshfs_options(const SshfsMount& mount);
/// Clears away what a dead connection left, runs sshfs on stdin and stdout, and says kMounted on
/// stderr once the kernel has the mount. Ends with sshfs.
std::string sshfs_command(const SshfsMount& mount);
inline constexpr std::string_view kMounted = "lima: mounted";

/// Unmounts them in that order, with what their programs still hold open.
std::string unmount_command(const std::vector<std::string>& mount_points);

/// Looks whether mounts of cloud-init's (9p, virtiofs) are there and tries those that are not once
/// more; an answer per mount point on stdout, for read_check.
std::string check_command(const std::string& type, const std::vector<std::string>& mount_points);
/// What is wrong with each, nullopt where nothing is.
std::vector<std::optional<std::string>> read_check(const std::string& type, std::string_view out,
                                                   std::size_t count);

/// A next step for what sshfs, fusermount or the kernel said.
std::string mount_hint(const std::string& type, std::string_view said);

}  // namespace lima::hostagent
