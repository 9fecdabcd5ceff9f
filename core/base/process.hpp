// Children: one way to start, watch and signal them. posix_spawn, never bare fork; signals reset,
// own process group, nothing inherited but what is named. A child is waited for by pidfd, so that
// waiting is an event and a signal can never hit a recycled pid.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace lima {

struct ExitStatus {
    int code = 0;    // valid when signal is 0
    int signal = 0;  // the signal that ended it, or 0
    bool ok() const { return code == 0 && signal == 0; }
    /// As a shell tells it: the code, or 128 + signal.
    int shell_code() const { return signal != 0 ? 128 + signal : code; }
    std::string text() const;  // "exit status 3", "signal 9 (Killed)"
    bool operator==(const ExitStatus&) const = default;
};

struct SpawnOptions {
    std::vector<std::string> argv{};  // argv[0] is looked up in PATH unless it has a slash
    std::optional<std::vector<std::string>> env{};  // whole environment "K=V"; unset inherits
    std::map<std::string, std::string> extra_env{};
    std::optional<std::filesystem::path> cwd{};
    int stdin_fd = -1;  // borrowed for the call; -1 is /dev/null
    int stdout_fd = -1;
    int stderr_fd = -1;
    bool inherit_stdio = false;                  // keep 0, 1 and 2 where the three above are -1
    std::vector<std::pair<int, int>> inherit{};  // {ours, its number in the child}
    bool new_session = false;                    // setsid: for daemons
    bool new_group = true;  // own process group: ^C at the terminal does not reach it
};

/// Who a process is: a pid alone is reused.
struct ProcessId {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;  // field 22 of /proc/PID/stat: clock ticks since boot
    bool operator==(const ProcessId&) const = default;
};

class Child {
public:
    Child() = default;
    Child(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

    pid_t pid() const { return pid_; }
    /// Readable once the child has ended. For event loops.
    int pidfd() const { return pidfd_.get(); }
    /// Blocks; reaps. Call once.
    Result<ExitStatus> wait();
    /// nullopt when it still runs after the time.
    Result<std::optional<ExitStatus>> wait_for(std::chrono::milliseconds timeout);
    Result<void> signal(int number) const;
    /// SIGTERM, the grace time, SIGKILL; reaps.
    Result<ExitStatus> terminate(std::chrono::milliseconds grace);

private:
    pid_t pid_ = 0;
    Fd pidfd_;
};

Result<Child> spawn(const SpawnOptions& options);

struct Output {
    ExitStatus status;
    std::string out;
    std::string err;
};
/// Runs to the end with captured output. kDeadlineExceeded kills it after the timeout (zero: none).
Result<Output> run(SpawnOptions options, std::string_view input = {},
                   std::chrono::milliseconds timeout = std::chrono::milliseconds(0));

/// The program's path, or kNotFound; a name with a slash is only checked.
Result<std::filesystem::path> find_program(std::string_view name);
/// Splits as a POSIX shell does words: quotes and backslashes, no expansion.
Result<std::vector<std::string>> split_shell_words(std::string_view text);

Result<ProcessId> process_id(pid_t pid);  // kNotFound when there is none
/// A process that is not our child, pinned: signal and wait without a race.
class ForeignProcess {
public:
    /// kNotFound when the pid is not alive.
    static Result<ForeignProcess> open(pid_t pid);
    pid_t pid() const { return id_.pid; }
    const ProcessId& id() const { return id_; }
    int pidfd() const { return pidfd_.get(); }
    Result<void> signal(int number) const;
    /// True when it ended within the time.
    Result<bool> wait_for(std::chrono::milliseconds timeout) const;

private:
    ProcessId id_;
    Fd pidfd_;
};

/// The running program with links resolved.
std::filesystem::path self_executable();
/// The running program as it was called: argv[0], looked up in PATH and made absolute, with links
/// kept.
std::filesystem::path self_invocation();

}  // namespace lima
