// The driver that this process serves, and what is known about its VM. No wire in here: both
// services call this.
//
// A host of the original ties its VM to a stream (Tie): when that host is gone the VM is stopped at
// once, as its own drivers do. A host of ours watches instead, and its VM goes on. Thread: any,
// unless said otherwise.
#pragma once

#include "core/base/work_queue.hpp"
#include "core/driver/driver.hpp"
#include "sdk/remote/server/calls.hpp"
#include "sdk/remote/server/feed.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace lima::remote {

/// Who hears how the VM ends.
class Tie {
public:
    virtual ~Tie() = default;
    /// Once, unless the tie was cut. A reason where the VM ended by itself and badly.
    virtual void vm_ended(const std::optional<std::string>& reason) = 0;
};

class Served {
public:
    using Open =
        std::function<Result<std::unique_ptr<driver::Driver>>(driver::OpenOptions options)>;
    /// `on_idle`: called once, when everybody who watched is gone and nothing is left to do.
    static Result<std::unique_ptr<Served>> create(const Open& open, driver::OpenOptions options,
                                                  std::function<void()> on_idle);
    ~Served();
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;

    driver::Driver& driver() { return *driver_; }
    Feed& feed() { return feed_; }
    const Feed& feed() const { return feed_; }
    Calls& calls() { return calls_; }
    /// What must run on the main thread, which runs it.
    WorkQueue& main() { return main_; }
    /// A call of a client came in, or is done with.
    void note_call() { called_ = true; }
    void note_end() { consider_leaving(); }
    bool called() const { return called_; }

    /// Runs the body in its turn among the [op] calls, on the thread for them. False: the process
    /// is leaving.
    bool op(std::shared_ptr<Call> call, std::function<void(Call&)> body);
    /// Makes what is called on this thread meanwhile part of that call: its progress.
    void within(const Call& call, const std::function<void()>& body);

    // In an op:
    Result<Json> configure(Json instance);
    /// The tie hears of the end; nullptr: nobody is tied to the VM.
    Result<void> start(const Call& call, std::shared_ptr<Tie> tie);
    Result<void> adopt(const Call& call);
    Result<void> stop(const Call& call);

    /// The tie's host is gone: the VM goes too, at once. Without effect for another tie.
    void cut(const Tie& tie);
    /// Of the instance, as far as it is known.
    std::string instance_dir() const;
    void set_instance_dir(std::string dir);

    /// A watcher has gone: perhaps nothing is left to do.
    void unwatched(Watcher& watcher);
    void watched(Watcher& watcher);
    /// No host can come any more: it leaves when those that are here have nothing left to do.
    void out_of_reach();

    /// Stops a VM that is tied, cancels all calls, ends all streams; takes no more calls.
    void leave();

private:
    explicit Served(std::function<void()> on_idle) : on_idle_(std::move(on_idle)) {}

    void on_event(const std::string& type, const std::string& json);
    void on_progress(std::uint64_t done, std::uint64_t total, const std::string& what);
    void end_vm(const std::optional<std::string>& reason);
    void consider_leaving();

    struct Vm {
        bool running = false;
        bool stopping = false;
        int ssh_local_port = 0;    // the last that a host has given
        std::shared_ptr<Tie> tie;  // from before start until the end
        std::string instance_dir;
    };

    Feed feed_;
    Calls calls_;
    WorkQueue ops_;
    WorkQueue main_;
    std::atomic<bool> called_ = false;
    std::atomic<bool> may_leave_ = false;  // it was watched, or nobody can come
    std::atomic<bool> leaving_ = false;
    std::atomic<bool> idle_told_ = false;
    std::function<void()> on_idle_;
    mutable std::mutex mutex_;
    Vm vm_;  // behind the mutex
    std::unique_ptr<driver::Driver> driver_;
    std::thread op_thread_;
};

/// Why the VM ended, out of the event "exited": nullopt when it ended well.
std::optional<std::string> reason_of_exit(const std::string& json);

}  // namespace lima::remote
