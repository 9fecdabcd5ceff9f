// The process of an external driver that we have started: its own process group, its PID file
// INST/lima-driver-NAME-OWNER.pid whose lock it inherits, its log driver.stderr.log. Who started it
// ends it. Thread: every function from any.
#pragma once

#include "core/base/error.hpp"
#include "core/base/lock.hpp"
#include "core/base/process.hpp"
#include "sdk/remote/client/output_drain.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace lima::remote::client {

using Path = std::filesystem::path;

/// What is to be run, as the host says it (lima/ext/remote.h).
struct Program {
    std::string name;    // of the driver
    Path executable;     // absolute
    Path module;         // what lima-run-driver shall serve; empty: the executable knows itself
    std::string owner;   // "cli" or "ha"
    Path instance_dir;   // empty where there is none
    std::string client;  // who we are: "limactl v2.2.0"
};

/// The words before those of a call: the program, and the module that it shall serve.
std::vector<std::string> command_of(const Program& program);
/// "NAME.drv.sock", where the second generation and ours listen.
Path socket_of(const Program& program, const Path& dir);

/// What a process that was killed has left, if nobody serves it.
void remove_stale_socket(const Path& socket);

class DriverProcess {
public:
    struct Start {
        Path dir;               // of its log
        bool has_pid_file;      // in that directory
        bool first_generation;  // no flags, and its stdout is wanted
        int stdout_fd = -1;
    };
    static Result<std::unique_ptr<DriverProcess>> start(const Program& program, const Start& how);
    /// Ends it as end() does.
    ~DriverProcess();
    DriverProcess(const DriverProcess&) = delete;
    DriverProcess& operator=(const DriverProcess&) = delete;

    pid_t pid() const { return child_.pid(); }
    int pidfd() const { return child_.pidfd(); }
    /// How it ended; nullopt when it runs on after the time.
    std::optional<ExitStatus> wait(std::chrono::milliseconds time);
    /// Gives it the time to leave by itself; then SIGTERM, 10 s, SIGKILL. Removes the PID file.
    void end(std::chrono::milliseconds patience);
    /// "lima-driver-x (process 12) has ended (exit status 1): its last lines", or that it runs.
    std::string obituary();
    /// Reads from now on what it prints, and throws it away.
    void drain(Fd output) { drain_.emplace(std::move(output)); }
    /// The last lines that it wrote to its log.
    std::string last_lines() const;

private:
    DriverProcess(Child child, std::optional<PidFile> pid_file, Path log, std::uintmax_t log_begin,
                  std::string title);

    std::mutex mutex_;
    Child child_;
    std::optional<ExitStatus> status_;  // behind the mutex
    std::optional<PidFile> pid_file_;   // behind the mutex
    std::optional<OutputDrain> drain_;
    const Path log_;
    const std::uintmax_t log_begin_;  // what was in there before it started
    const std::string title_;
};

}  // namespace lima::remote::client
