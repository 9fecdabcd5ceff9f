// The host agent of one instance: sets it up, starts its VM (or takes over one that runs), makes it
// ready, and ends with it. Everything that decides happens on the loop's one thread; what blocks
// goes to the pool. The pieces: agent.cpp brings up and listens, boot.cpp makes ready, progress.cpp
// tells what the guest does meanwhile, rest_calls.cpp does what the API asks, gui.cpp shows the
// VM's window, shutdown.cpp takes down.
#pragma once

#include "core/aio/loop.hpp"
#include "core/base/json_fwd.hpp"
#include "core/base/work_queue.hpp"
#include "core/hostagent/boot_state.hpp"
#include "core/hostagent/events.hpp"
#include "core/hostagent/guest_shell.hpp"
#include "core/hostagent/machine.hpp"
#include "core/hostagent/options.hpp"
#include "core/hostagent/ready_wait.hpp"
#include "core/hostagent/requirements.hpp"
#include "core/hostagent/rest.hpp"
#include "core/hostagent/services.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lima::hostagent {

namespace asio = boost::asio;

class Agent {
public:
    /// All must outlive it; the pool is joined before it dies. `main_thread` is the main thread's,
    /// for the driver's window. Events go to the descriptor.
    Agent(asio::io_context& loop, asio::thread_pool& pool, WorkQueue& main_thread, Options options,
          int event_fd);

    /// From set-up to `exiting`; the exit code of the process.
    asio::awaitable<int> run();

private:
    struct Cleanup {
        std::string name;
        std::function<void()> run;  // blocking, on the pool
    };
    using Clock = std::chrono::steady_clock;

    // agent.cpp
    asio::awaitable<Result<void>> bring_up();
    asio::awaitable<Result<void>> start_vm();
    void make_guest_side();
    asio::awaitable<void> watch_signals();
    void on_driver_event(const std::string& type, const std::string& json);
    void on_vm_exited(const Json& event);
    /// A boot that cannot go on: a panic, or firmware without a disk.
    void on_dead_end(const Json& event, const std::string& what);
    void ready_without_guest();
    RestState rest_state() const;
    /// The first cause wins. nullopt: asked for by a signal, or the guest shut itself down.
    void end(std::optional<Error> cause);

    // boot.cpp
    asio::awaitable<void> boot();
    asio::awaitable<void> make_ready(std::vector<Error>* errors);
    asio::awaitable<void> satisfy_all(std::vector<Requirement> requirements,
                                      Clock::time_point deadline, std::vector<Error>* errors);
    /// False: nothing of its group is to be waited for any more.
    bool take_failure(const Requirement& requirement, Error error, std::vector<Error>* errors);
    asio::awaitable<void> forward_ssh_agent(std::vector<Error>* errors);
    asio::awaitable<void> mount(std::vector<Error>* errors);
    asio::awaitable<void> wait_for_agent(std::vector<Error>* errors);
    asio::awaitable<std::string> find_agent();
    asio::awaitable<std::string> look_at_agent();
    asio::awaitable<void> agent_within(Clock::duration time);
    bool fall_back(const std::string& said);
    asio::awaitable<void> find_failed_scripts(std::vector<Error>* errors);
    asio::awaitable<void> copy_files(std::vector<Error>* errors);
    void tell_notices(const Plan& plan);
    void tell_missing_agent();

    // rest_calls.cpp
    asio::awaitable<RestAnswer> rest_call(RestCall call);
    asio::awaitable<void> rest_calls_ended();
    asio::awaitable<Result<void>> set_up_vnc();

    // gui.cpp
    asio::awaitable<void> show_window();
    void on_window_closed(const Result<void>& result);
    asio::awaitable<void> close_window();

    // progress.cpp
    void on_agent(const GuestFacts& facts);
    void on_boot_step(const BootStep& step);
    void watch_script();
    asio::awaitable<void> follow_cloud_init();

    // shutdown.cpp
    void add_cleanup(std::string name, std::function<void()> run);
    asio::awaitable<void> shut_down();
    void unlock_disks() const;

    asio::io_context& loop_;
    asio::thread_pool& pool_;
    WorkQueue& main_thread_;
    Options options_;
    Events events_;
    RestServer rest_;
    asio::signal_set signals_;
    aio::TaskScope background_;  // waits for what comes from outside; cancelled at the end
    aio::TaskScope boot_;        // ends by itself once cancel_ is triggered
    driver::Cancel cancel_;      // of starting and making ready
    driver::Cancel stop_now_;    // of the graceful stop
    driver::Cancel hide_;        // of the window
    std::optional<aio::Signal> window_closed_;  // none: there is no window
    std::unique_ptr<Machine> machine_;
    std::unique_ptr<BootState> boot_state_;
    std::unique_ptr<GuestShell> guest_;
    std::unique_ptr<ReadyWait> ready_wait_;
    std::unique_ptr<Services> services_;
    asio::steady_timer script_timer_;  // for a script that takes long
    std::string script_;               // the one that it is set for
    aio::Wakeup agent_wakeup_;         // what follows may have come
    bool agent_seen_ = false;          // the guest agent has answered, once
    bool ssh_failed_ = false;          // nothing can be asked of the guest
    int rest_calls_ = 0;               // that ask the driver now
    aio::Wakeup rest_idle_;            // one of them has ended
    std::vector<Cleanup> cleanups_;
    aio::Signal ending_;
    std::optional<Error> cause_;
    std::string failed_phase_;
    bool vm_started_ = false;   // driver.start was called and did not fail
    bool vm_executes_ = false;  // its event "started" came
    bool vm_exited_ = false;
    std::string auto_started_identifier_;
};

/// "lima-vm@NAME.service" when systemd started this process, from the text of /proc/self/cgroup.
std::string systemd_unit_of(const std::string& cgroup);

}  // namespace lima::hostagent
