// One QEMU process that runs, whoever started it: its end, its monitor, its last words, and what of
// that becomes an event for the host.
//
// Owner: the driver, and the callbacks of the process (shared), which may come after the driver has
// let go. Thread: all functions from any; no host function is called after detach().
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/base/process.hpp"
#include "plugins/qemu/config.hpp"
#include "plugins/qemu/diagnose.hpp"
#include "plugins/qemu/end_watch.hpp"
#include "plugins/qemu/helper.hpp"
#include "plugins/qemu/qmp_client.hpp"
#include "plugins/qemu/serial_watch.hpp"

#include <lima/call.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lima::qemu {

class Vm : public std::enable_shared_from_this<Vm> {
public:
    struct End {
        std::optional<ExitStatus> status;  // unknown for a process that is not our child
    };
    enum class Wait { kEnded, kCancelled, kTimeout };

    static Result<std::shared_ptr<Vm>> create(Config config, const sdk::Host& host);
    ~Vm();
    Vm(const Vm&) = delete;
    Vm& operator=(const Vm&) = delete;

    /// A line of the process's output.
    void line(int stream, std::string_view text);
    /// The process has ended. The first call counts. Emits "exited" when the host knows of the VM.
    void ended(const End& end);
    /// Tells the host that the VM runs; false when it ended meanwhile, and then the host never
    /// hears of it.
    bool announce(const std::string& accel);
    /// No call into the host from now on; watchers end.
    void detach();

    /// Follows a process that is not our child, in a thread of its own.
    void watch(ForeignProcess process);
    /// Kills it, by whatever way it is known.
    std::function<void(int number)> signal;

    bool running() const { return !end_seen_; }
    std::optional<End> end() const;
    /// Readable (or hung up) once ended, for poll().
    int end_fd() const { return end_pipe_.read.get(); }
    Wait wait(int cancel_fd, std::chrono::milliseconds timeout) const;

    /// Opens the monitor on a connected socket.
    Result<void> open_monitor(Fd socket, std::chrono::milliseconds timeout);
    /// kUnavailable when there is no monitor.
    Result<Json> monitor(std::string_view command, const Json& arguments = nullptr,
                         std::chrono::milliseconds timeout = QmpClient::kDefaultTimeout);
    /// Runs a command that is a job of QEMU to its end; the job's own error is
    /// kFailedPrecondition. Cancelled, the job goes on.
    Result<void> run_job(std::string_view command, Json arguments, int cancel_fd);
    void close_monitor();

    /// A process in the guest has opened the guest agent's port, at any time since power-on.
    bool guest_spoke() const { return guest_spoke_; }
    /// Since it was announced.
    std::chrono::steady_clock::duration age() const;

    /// Why it ended before the VM ran.
    Error early_exit() const;

    const Config& config() const { return config_; }
    std::int64_t pid = 0;
    bool adopted = false;
    /// What serves the VM beside QEMU, and ends with it.
    std::vector<std::shared_ptr<Helper>> helpers;
    std::vector<std::string> locked_disks;
    std::string network;  // the user-v2 network that forwards our ssh port
    std::chrono::milliseconds power_button_limit{0};

private:
    Vm(Config config, const sdk::Host& host, Pipe end_pipe);
    void on_event(const qmp::Event& event);
    Result<void> wait_for_job(const std::string& id, int job_fd, int cancel_fd);
    void dismiss_old_jobs();
    void disk_error(const Json& data);
    void watch_serial();
    void emit(const std::string& type, const Json& data) const;
    std::string exited_json() const;

    const Config config_;
    Pipe end_pipe_;
    LineRing stderr_lines_{40};
    std::unique_ptr<QmpClient> monitor_;
    std::mutex monitor_mutex_;
    std::unique_ptr<EndWatch> watcher_;
    std::unique_ptr<SerialWatch> serial_;

    // Guards what follows, and the order of events.
    mutable std::recursive_mutex mutex_;
    const sdk::Host host_;
    bool attached_ = true;
    bool announced_ = false;
    std::optional<End> end_;
    std::string shutdown_reason_;
    std::set<std::string> disk_errors_;
    std::map<std::string, Fd> jobs_;  // those that are waited for; closed when concluded
    int last_job_ = 0;
    std::atomic<bool> end_seen_{false};
    std::atomic<bool> guest_spoke_{false};
    std::chrono::steady_clock::time_point since_;
};

}  // namespace lima::qemu
