// Mounts of the kind reverse-sshfs (spec/host-guest.md 4.1): a host directory served by OpenSSH's
// sftp-server, mounted in the guest by sshfs over ssh. Each mount is supervised: when its
// connection drops, it is made again. Mounts of the kinds 9p and virtiofs are the driver's and
// cloud-init's; here it is only checked that they are there.
#pragma once

#include "core/base/error.hpp"
#include "core/config/fields.hpp"
#include "core/hostagent/mount/timing.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lima::hostagent {

namespace asio = boost::asio;

struct MountSetup {
    config::Config config;  // filled
    std::filesystem::path instance_dir;
    /// argv of an ssh that runs a command in the guest (GuestShell::shell_argv).
    std::function<std::vector<std::string>(const std::string& command)> shell_argv;
    std::vector<std::filesystem::path> sftp_server_places = {};  // empty: the usual ones
    MountTiming timing = {};
};

class Mounts {
public:
    Mounts(asio::any_io_executor executor, asio::thread_pool& pool, MountSetup setup);
    ~Mounts();
    Mounts(const Mounts&) = delete;
    Mounts& operator=(const Mounts&) = delete;

    /// Makes those of reverse-sshfs and looks for the others; an error for each that does not work,
    /// naming location, mount point, cause and hint. Those of reverse-sshfs are supervised from
    /// then on.
    asio::awaitable<std::vector<Error>> start();
    /// There is reason to think that the guest can be reached again: mounts that wait for their
    /// next try, or were given up, are tried at once.
    void retry_now();
    /// Unmounts what was mounted here, which a guest that is gone is not asked to, and ends the
    /// helpers. To be called, and waited for, before the object dies; start() returns soon then.
    asio::awaitable<void> close(bool guest_gone);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lima::hostagent
