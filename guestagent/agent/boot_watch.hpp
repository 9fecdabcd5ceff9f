// Watches the guest boot: feeds a BootLog with what appears in files (inotify), on the network
// (rtnetlink) and among the listening ports. Nothing of it is a timer, but for two: a script that
// failed is given a moment for its last lines to reach the log, and while a host watches a running
// script its output is looked at every ten seconds. When boot and cloud-init are done, only the
// list of steps is left.
//
// Thread: the loop's.
#pragma once

#include "guestagent/agent/boot_log.hpp"
#include "guestagent/agent/network_watch.hpp"
#include "guestagent/agent/port_watch.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <list>
#include <memory>
#include <set>

namespace lima::guestagent {

struct BootWatchOptions {
    std::filesystem::path root = "/";  // what the paths of the guest are below; for tests
    std::chrono::milliseconds refresh{10000};
    std::chrono::milliseconds moment{100};  // between looks for a failed script's output
    bool network = true;
    bool sshd = true;
};

class BootWatch {
public:
    BootWatch(asio::any_io_executor executor, PortWatch& ports, BootWatchOptions options);
    BootWatch(const BootWatch&) = delete;
    BootWatch& operator=(const BootWatch&) = delete;
    ~BootWatch();

    Result<void> start();
    const BootLog& log() const { return log_; }
    /// The agent can be reached.
    void ready();

    /// A host that watches; called after each step. Not owned.
    using Watcher = std::function<void()>;
    std::list<Watcher>::iterator watch(Watcher watcher);
    void unwatch(std::list<Watcher>::iterator watcher);

private:
    struct Sshd;

    void wait_for_files();
    void add_directories();
    void read_files();
    bool read_scripts();
    void finish_when_done();
    void keep_fresh();
    void on_step();
    void on_ports(const std::vector<Port>& ports);
    void ask_sshd(const std::string& ip);
    void sshd_answered();
    void sshd_again();
    std::filesystem::path at(std::string_view path) const;

    asio::any_io_executor executor_;
    PortWatch& ports_;
    BootWatchOptions options_;
    BootLog log_;
    asio::posix::stream_descriptor inotify_;
    std::set<std::string> watched_;
    asio::steady_timer output_timer_;
    asio::steady_timer refresh_timer_;
    int output_tries_ = 0;
    bool refreshing_ = false;
    std::list<Watcher> watchers_;
    std::unique_ptr<NetworkWatch> network_;
    PortWatch::Subscription subscription_;
    std::shared_ptr<Sshd> sshd_;
    int sshd_tries_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// The identity of the kernel's boot; "" when it has none.
std::string read_boot_id();
/// True when the file system has no room left, or no inodes.
bool file_system_full(const std::filesystem::path& path);

}  // namespace lima::guestagent
