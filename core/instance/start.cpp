// limactl start: prepare, launch the host agent, follow its events until the instance is ready.
#include "core/base/exec.hpp"
#include "core/base/fs.hpp"
#include "core/base/lock.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/hostapi/client.hpp"
#include "core/hostapi/follow.hpp"
#include "core/instance/driver_processes.hpp"
#include "core/instance/full_disk.hpp"
#include "core/instance/instance.hpp"
#include "core/instance/launch.hpp"
#include "core/instance/ready_watch.hpp"
#include "core/store/lock.hpp"
#include "core/store/status.hpp"

#include <cerrno>
#include <optional>
#include <unistd.h>

namespace lima::instance {
namespace {

/// The driver gives the guest three minutes for its shutdown.
constexpr std::chrono::seconds kStoppedWithin(200);

/// An instance that is shutting down can be started as soon as it has. True: it was waited for.
Result<bool> let_it_stop(const store::Instance& instance) {
    if (!is_stopping(instance)) {
        return false;
    }
    const auto agent = ForeignProcess::open(instance.host_agent_pid);
    if (!agent) {
        return true;  // over already
    }
    log::info("The instance {} is shutting down: waiting for its host agent (process {}) to end",
              name_quote(instance.name), agent->pid());
    LIMA_TRY(const bool gone, agent->wait_for(kStoppedWithin));
    if (!gone) {
        return fail(
            Error(Code::kDeadlineExceeded,
                  fmt::format("the instance {} has been shutting down for more than {} s "
                              "(host agent: process {})",
                              name_quote(instance.name), kStoppedWithin.count(), agent->pid()))
                .with_hint("run `limactl stop -f " + instance.name + "`"));
    }
    return true;
}

Result<store::Instance> inspect_startable(const Context& context, const std::string& name) {
    LIMA_TRY(store::Instance instance, inspect(context, name));
    LIMA_TRY(const bool waited, let_it_stop(instance));
    if (waited) {
        LIMA_TRY(instance, inspect(context, name));
    }
    if (!instance.config) {
        return fail(
            Error(Code::kInvalidArgument, fmt::format("instance {} has configuration errors: {}",
                                                      go_quote(name), join(instance.errors, "; ")))
                .with_hint("correct `" +
                           (std::filesystem::path(instance.dir) / store::file::kYaml).string() +
                           "`, for example with `limactl edit " + name + "`"));
    }
    if (instance.status == store::status::kRunning) {
        return failf(Code::kAlreadyExists, "the instance {} is already running", name_quote(name));
    }
    if (instance.host_agent_pid != 0) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("the host agent of {} runs already (process {}) and its VM "
                                      "does not: it is starting or stopping",
                                      name_quote(name), instance.host_agent_pid))
                        .with_hint("wait a little, or run `limactl stop -f " + name + "`"));
    }
    return instance;
}

/// A VM that lost its host agent is taken over as it is.
Result<void> get_ready_to_launch(const Context& context, const store::Instance& instance) {
    // Nobody uses them: the host agent is dead, and we have the instance's lock.
    end_driver_processes(instance.dir, instance.driver_pid);
    LIMA_TRY(const auto removed, store::clean_stale(instance.dir));
    if (!removed.empty()) {
        log::info("Removed what an earlier run left behind: {}", join(removed, ", "));
    }
    if (instance.driver_pid != 0) {
        log::info("The VM of {} still runs (process {}) without a host agent: taking it over",
                  name_quote(instance.name), instance.driver_pid);
        return {};
    }
    return prepare(context, instance);
}

Result<Child> launch(const Context& context, const store::Instance& instance, bool progress) {
    LIMA_TRY(const LaunchLogs logs, fresh_logs(instance.dir));
    SpawnOptions spawn_options;
    spawn_options.argv =
        hostagent_argv(context, instance, find_launch_files(context, instance), progress);
    spawn_options.stdout_fd = logs.out.get();
    spawn_options.stderr_fd = logs.err.get();
    spawn_options.new_session = true;
    log::debug("starting {}", join(spawn_options.argv, " "));
    LIMA_TRY(Child child, spawn(spawn_options), "cannot start the host agent");
    return child;
}

Result<void> follow_until_ready(const Context& context, const store::Instance& instance,
                                const StartOptions& options, SystemTime begin, int agent_pidfd) {
    ReadyWatch watch(instance.name, instance.dir, options.progress);
    hostapi::FollowOptions follow;
    follow.instance_dir = instance.dir;
    follow.begin = begin;
    follow.timeout = options.timeout;
    follow.agent_pidfd = agent_pidfd;
    follow.on_event = [&](const hostapi::Event& event) {
        if (options.before_log) {
            options.before_log();
        }
        const bool enough = watch.take(event);
        if (options.on_event) {
            options.on_event(event);
        }
        return enough;
    };
    follow.on_tick = options.on_tick;
    follow.before_relay = options.before_log;
    follow.relay_from = options.quiet ? log::Level::kWarning : log::Level::kTrace;
    LIMA_DO(watch.verdict(hostapi::follow(follow)), "cannot start instance {}",
            name_quote(instance.name));
    if (options.on_ready) {
        // Anew: the port and the rendered message are known only now.
        LIMA_TRY(const store::Instance ready, inspect(context, instance.name));
        options.on_ready(ready);
    }
    return {};
}

/// An agent that has failed is on its way out: the next command must not find its rest.
void wait_for_end(Child& agent, const std::filesystem::path& dir) {
    constexpr std::chrono::seconds kGrace(10);
    const auto state = read_pid_file(dir / store::file::kHaPid);
    if (state && state->held && state->pid == agent.pid()) {
        const auto ended = agent.wait_for(kGrace);
        log::debug("the host agent has {}", ended && *ended ? "ended" : "not ended yet");
    }
}

/// Becomes the host agent. Without a terminal its output goes where it would go in the background.
Result<void> exec_in_place(const Context& context, const store::Instance& instance, bool progress) {
    LIMA_TRY(const LaunchLogs logs, fresh_logs(instance.dir));
    if (isatty(STDIN_FILENO) != 0) {
        constexpr const char* kNote = "the host agent runs in the foreground: see its terminal\n";
        LIMA_DO(write_all(logs.out.get(), kNote));
        LIMA_DO(write_all(logs.err.get(), kNote));
    } else if (dup2(logs.out.get(), STDOUT_FILENO) < 0 || dup2(logs.err.get(), STDERR_FILENO) < 0) {
        return fail_errno(errno, "cannot redirect the output");
    }
    std::vector<std::string> words =
        hostagent_argv(context, instance, find_launch_files(context, instance), progress);
    const std::string program = words[0];
    return exec_program(program, std::move(words));
}

Result<void> launch_and_follow(const Context& context, const store::Instance& instance,
                               const StartOptions& options) {
    const SystemTime begin = std::chrono::system_clock::now();
    LIMA_TRY(Child agent, launch(context, instance, options.progress));
    auto ready = follow_until_ready(context, instance, options, begin, agent.pidfd());
    if (!ready && ready.error().code() == Code::kAborted) {
        wait_for_end(agent, instance.dir);
    }
    return ready;
}

Result<void> start_locked(const Context& context, const std::string& name,
                          const StartOptions& options) {
    LIMA_TRY(const store::Instance instance, inspect_startable(context, name));
    LIMA_DO(get_ready_to_launch(context, instance));
    log::info("Starting the instance {} with the driver {}", go_quote(name),
              go_quote(instance.vm_type));
    if (options.foreground) {
        return exec_in_place(context, instance, options.progress);
    }
    auto ready = launch_and_follow(context, instance, options);
    if (ready || instance.driver_pid == 0) {
        return ready;
    }
    LIMA_TRY(const store::Instance after, inspect(context, name));
    if (after.driver_pid != 0 || after.host_agent_pid != 0) {
        return ready;
    }
    // Its host agent had died while it stopped the VM.
    log::info("The VM of {} that was taken over has ended: starting it anew", name_quote(name));
    LIMA_DO(get_ready_to_launch(context, after));
    return launch_and_follow(context, after, options);
}

}  // namespace

bool is_stopping(const store::Instance& instance) {
    return instance.host_agent_pid != 0 && hostapi::is_stopping(instance.dir);
}

Result<void> start(const Context& context, const std::string& name, const StartOptions& options) {
    LIMA_TRY(const store::Instance before, inspect(context, name));
    LIMA_TRY(const store::InstanceLock lock,
             store::InstanceLock::acquire(before.dir, "limactl start"));
    auto started = start_locked(context, name, options);
    if (!started) {
        return fail(with_disk_hint(std::move(started.error()), before.dir));
    }
    return {};
}

}  // namespace lima::instance
