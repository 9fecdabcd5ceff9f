#include "core/base/process.hpp"

#include "core/base/fs.hpp"
#include "core/base/posix/platform.hpp"
#include "core/base/posix/wait.hpp"
#include "core/base/text.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <ctime>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace lima {
namespace {

// By number: glibc 2.36 declares the two functions without C linkage, older ones and musl not at
// all.
int pidfd_open(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0U)); }

int pidfd_send_signal(int pidfd, int number) {
    return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0U));
}

Result<void> send_signal(const Fd& pidfd, pid_t pid, int number) {
    if (pidfd_send_signal(pidfd.get(), number) != 0) {
        return fail_errno(errno, fmt::format("cannot signal process {}", pid));
    }
    return {};
}

Result<ExitStatus> reap(const Fd& pidfd, pid_t pid) {
    siginfo_t info{};
    while (waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED) != 0) {
        if (errno != EINTR) {
            return fail_errno(errno, fmt::format("cannot wait for process {}", pid));
        }
    }
    if (info.si_code == CLD_EXITED) {
        return ExitStatus{info.si_status, 0};
    }
    return ExitStatus{0, info.si_status};
}

}  // namespace

Result<ExitStatus> Child::wait() { return reap(pidfd_, pid_); }

Result<std::optional<ExitStatus>> Child::wait_for(std::chrono::milliseconds timeout) {
    LIMA_TRY(const bool ended, poll_until(pidfd_.get(), POLLIN, Deadline(timeout)));
    if (!ended) {
        return std::nullopt;
    }
    LIMA_TRY(const ExitStatus status, reap(pidfd_, pid_));
    return status;
}

Result<void> Child::signal(int number) const { return send_signal(pidfd_, pid_, number); }

Result<ExitStatus> Child::terminate(std::chrono::milliseconds grace) {
    LIMA_DO(signal(SIGTERM));
    LIMA_TRY(const std::optional<ExitStatus> status, wait_for(grace));
    if (status) {
        return *status;
    }
    LIMA_DO(signal(SIGKILL));
    return wait();
}

Result<ProcessId> process_id(pid_t pid) {
    LIMA_TRY(const std::optional<std::string> stat,
             fs::read_file_if_exists(fmt::format("/proc/{}/stat", pid)));
    // The second field is the name in brackets and may hold anything, brackets included.
    const auto name_end = stat ? stat->rfind(") ") : std::string::npos;
    if (name_end == std::string::npos) {
        return failf(Code::kNotFound, "no process {}", pid);
    }
    constexpr std::size_t kStartTime = 22 - 3;
    const std::vector<std::string> fields =
        split(std::string_view(*stat).substr(name_end + 2), ' ');
    ProcessId id{pid, 0};
    if (fields.size() <= kStartTime || fields[0] == "Z" || fields[0] == "X") {
        return failf(Code::kNotFound, "process {} has ended", pid);
    }
    const std::string& ticks = fields[kStartTime];
    std::from_chars(ticks.data(), ticks.data() + ticks.size(), id.start_ticks);
    return id;
}

Result<ForeignProcess> ForeignProcess::open(pid_t pid) {
    ForeignProcess process;
    LIMA_TRY(process.pidfd_, platform::open_process(pid));
    // Pinned first, identified second: if it ends in between, this says so.
    LIMA_TRY(process.id_, process_id(pid));
    LIMA_TRY(const bool ended,
             poll_until(process.pidfd_.get(), POLLIN, Deadline(std::chrono::milliseconds(0))));
    if (ended) {
        return failf(Code::kNotFound, "process {} has ended", pid);
    }
    return process;
}

Result<void> ForeignProcess::signal(int number) const {
    return send_signal(pidfd_, id_.pid, number);
}

Result<bool> ForeignProcess::wait_for(std::chrono::milliseconds timeout) const {
    return poll_until(pidfd_.get(), POLLIN, Deadline(timeout));
}

std::filesystem::path self_executable() {
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored);
}

std::filesystem::path self_invocation() {
    const auto command_line = fs::read_file("/proc/self/cmdline");
    const std::string name = command_line ? command_line->substr(0, command_line->find('\0')) : "";
    const auto found = find_program(name);
    if (!found) {
        return self_executable();
    }
    std::error_code error;
    const std::filesystem::path path = std::filesystem::absolute(*found, error);
    return error ? self_executable() : path.lexically_normal();
}

namespace {

/// Whether one of the process's descriptors has that file open with an exclusive flock.
bool holds_lock(const std::filesystem::path& process, const struct stat& wanted) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(process / "fd", ignored)) {
        struct stat status{};
        if (stat(entry.path().c_str(), &status) != 0 || status.st_dev != wanted.st_dev ||
            status.st_ino != wanted.st_ino) {
            continue;
        }
        const auto info = fs::read_file(process / "fdinfo" / entry.path().filename());
        if (info && info->find("FLOCK  ADVISORY  WRITE") != std::string::npos) {
            return true;
        }
    }
    return false;
}

}  // namespace

namespace platform {

Result<Fd> open_process(pid_t pid) {
    if (pid <= 0) {
        return failf(Code::kNotFound, "no process {}", pid);
    }
    Fd fd(pidfd_open(pid));
    if (!fd) {
        return fail_errno(errno, fmt::format("cannot open process {}", pid));
    }
    return fd;
}

std::string process_name(pid_t pid) {
    std::error_code error;
    const std::filesystem::path exe =
        std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), error);
    if (!error) {
        std::string name = exe.filename().string();
        constexpr std::string_view kDeleted = " (deleted)";
        if (name.ends_with(kDeleted)) {
            name.erase(name.size() - kDeleted.size());
        }
        return name;
    }
    // Another user's: only the name that the kernel keeps, cut to 15 bytes.
    const auto comm = fs::read_file(fmt::format("/proc/{}/comm", pid));
    return comm ? std::string(trim(*comm)) : std::string();
}

pid_t lock_holder(int fd) {
    struct stat wanted{};
    if (fstat(fd, &wanted) != 0) {
        return 0;
    }
    std::error_code ignored;
    for (const auto& process : std::filesystem::directory_iterator("/proc", ignored)) {
        const std::string name = process.path().filename().string();
        pid_t pid = 0;
        std::from_chars(name.data(), name.data() + name.size(), pid);
        if (pid > 0 && pid != getpid() && holds_lock(process.path(), wanted)) {
            return pid;
        }
    }
    return 0;
}

std::chrono::system_clock::time_point start_time(const ProcessId& id) {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    const auto uptime = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    const auto per_second = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
    const auto started = std::chrono::milliseconds(id.start_ticks * 1000 / per_second);
    return std::chrono::system_clock::now() -
           std::chrono::duration_cast<std::chrono::system_clock::duration>(uptime - started);
}

}  // namespace platform
}  // namespace lima
