// limactl stop: gracefully by asking the host agent, or by force, after which nothing of the
// instance runs and nothing is left that hinders the next start.
#include "core/base/fs.hpp"
#include "core/base/lock.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/hostapi/follow.hpp"
#include "core/image/data_disk.hpp"
#include "core/instance/driver_processes.hpp"
#include "core/instance/instance.hpp"
#include "core/store/lock.hpp"
#include "core/store/status.hpp"

#include <csignal>

namespace lima::instance {
namespace {

using std::chrono::seconds;

/// The driver gives the guest three minutes for its shutdown.
constexpr seconds kExitingWithin(190);
constexpr seconds kGoneWithin(180);
constexpr seconds kKilledWithin(10);

/// The process that a PID file names, pinned: after the open the file must still name it.
Result<std::optional<ForeignProcess>> pin(const std::filesystem::path& pid_file, pid_t expected) {
    auto process = ForeignProcess::open(expected);
    if (!process) {
        if (process.error().code() == Code::kNotFound) {
            return std::optional<ForeignProcess>();
        }
        return fail(std::move(process.error()));
    }
    const auto state = read_pid_file(pid_file, {"limactl"});
    if (state && state->pid != 0 && state->pid != expected) {
        return std::optional<ForeignProcess>();
    }
    return std::optional<ForeignProcess>(std::move(*process));
}

/// What the agent has said so far is not to be shown again.
std::uint64_t log_size(const std::filesystem::path& dir) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(dir / store::file::kHaStderr, error);
    return error ? 0 : size;
}

Result<void> follow_until_exiting(const std::filesystem::path& dir, SystemTime begin,
                                  std::uint64_t log_offset, const ForeignProcess& agent) {
    hostapi::FollowOptions follow;
    follow.instance_dir = dir;
    follow.begin = begin;
    follow.log_offset = log_offset;
    follow.timeout = kExitingWithin;
    follow.agent_pidfd = agent.pidfd();
    follow.on_event = [](const hostapi::Event& event) { return event.status.exiting; };
    const auto followed = hostapi::follow(follow);
    if (!followed && followed.error().code() != Code::kUnavailable) {
        return fail(Error(followed.error())
                        .wrap("the host agent did not stop")
                        .with_hint("run `limactl stop -f " + dir.filename().string() + "`"));
    }
    if (!followed) {
        log::warn("{}", followed.error().text());
    }
    LIMA_TRY(const bool gone, agent.wait_for(kGoneWithin));
    if (!gone) {
        return fail(
            Error(Code::kDeadlineExceeded,
                  fmt::format("the host agent (process {}) has said that it exits, and does not",
                              agent.pid()))
                .with_hint("run `limactl stop -f " + dir.filename().string() + "`"));
    }
    return {};
}

Result<void> stop_gracefully(const Context& context, const store::Instance& instance) {
    const std::filesystem::path dir = instance.dir;
    const std::string hint = "maybe use `limactl stop -f " + instance.name + "`?";
    if (instance.host_agent_pid == 0) {
        return fail(
            Error(Code::kFailedPrecondition,
                  fmt::format("expected status \"Running\", got {}", go_quote(instance.status)))
                .with_hint(hint));
    }
    LIMA_TRY(const std::optional<ForeignProcess> agent,
             pin(dir / store::file::kHaPid, instance.host_agent_pid));
    if (agent) {
        log::info("Sending SIGINT to the host agent process {}", agent->pid());
        const SystemTime begin = std::chrono::system_clock::now();
        const std::uint64_t log_offset = log_size(dir);
        LIMA_DO(agent->signal(SIGINT));
        log::info("Waiting for the host agent and the driver processes to shut down");
        LIMA_DO(follow_until_exiting(dir, begin, log_offset, *agent));
    }
    LIMA_TRY(const store::Instance after, inspect(context, instance.name));
    if (after.driver_pid != 0) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("the host agent has ended, but the VM (process {}) runs on",
                                      after.driver_pid))
                        .with_hint(hint));
    }
    log::info("The instance {} has shut down", name_quote(instance.name));
    return {};
}

void kill_process(const std::filesystem::path& pid_file, pid_t pid, std::string_view what) {
    const auto process = pin(pid_file, pid);
    if (!process) {
        log::warn("cannot look at the {} (process {}): {}", what, pid, process.error().text());
        return;
    }
    if (!*process) {
        return;
    }
    log::info("Sending SIGKILL to the {} (process {})", what, pid);
    if (const auto sent = (*process)->signal(SIGKILL);
        !sent && sent.error().code() != Code::kNotFound) {
        log::warn("cannot kill the {}: {}", what, sent.error().text());
        return;
    }
    const auto gone = (*process)->wait_for(kKilledWithin);
    if (!gone || !*gone) {
        log::warn("the {} (process {}) does not end", what, pid);
    }
}

/// Helpers of the driver that hold a PID file of theirs, also when lima.yaml cannot be read.
void kill_other_holders(const std::filesystem::path& dir) {
    for (const std::string& name : fs::list_names(dir).value_or(std::vector<std::string>())) {
        const auto path = dir / name;
        if (!name.ends_with(".pid")) {
            continue;
        }
        const auto state = read_pid_file(path);
        if (state && state->held && state->pid > 0) {
            kill_process(path, state->pid, "process of " + name);
        }
    }
}

void unlock_disks(const Context& context, const store::Instance& instance) {
    for (const config::AdditionalDisk& entry : instance.additional_disks) {
        const auto disk = image::inspect_disk(context.home, entry.name);
        const auto unlocked = disk ? image::unlock_disk(*disk, instance.dir) : Result<void>();
        if (!unlocked) {
            log::warn("cannot unlock the disk {}: {}", name_quote(entry.name),
                      unlocked.error().text());
        }
    }
}

/// What follows nobody's lock may go; a command that changes the instance now has files of its own
/// in there.
void remove_leftovers(const std::filesystem::path& dir) {
    const auto lock = store::InstanceLock::acquire(dir, "limactl stop");
    if (!lock) {
        log::warn("left the files alone: {}", lock.error().text());
        return;
    }
    const auto removed = store::clean_stale(dir);
    if (!removed) {
        log::warn("{}", removed.error().text());
    } else if (!removed->empty()) {
        log::info("Removed {}", join(*removed, ", "));
    }
}

void stop_by_force(const Context& context, const store::Instance& instance) {
    const std::filesystem::path dir = instance.dir;
    // The agent first: it would start its own shutdown when its VM dies.
    if (instance.host_agent_pid != 0) {
        kill_process(dir / store::file::kHaPid, instance.host_agent_pid, "host agent");
    }
    if (instance.driver_pid != 0) {
        kill_process(dir / store::driver_pid_file(instance.vm_type), instance.driver_pid,
                     "VM's driver");
    }
    end_driver_processes(dir);
    if (instance.host_agent_pid == 0 && instance.driver_pid == 0) {
        log::info("The host agent and the VM of {} do not run", name_quote(instance.name));
    }
    kill_other_holders(dir);
    unlock_disks(context, instance);
    remove_leftovers(dir);
}

}  // namespace

Result<void> stop(const Context& context, const std::string& name, const StopOptions& options) {
    LIMA_TRY(const store::Instance instance, inspect(context, name));
    if (options.force) {
        stop_by_force(context, instance);
        return {};
    }
    return stop_gracefully(context, instance);
}

}  // namespace lima::instance
