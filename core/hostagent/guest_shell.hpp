// The agent's way to run commands in the guest: one ssh connection of its own (libssh2), made when
// first needed and made anew when it is lost, and OpenSSH's `ssh` where the ControlMaster has to
// come up. Blocking; called by one worker at a time, except interrupt().
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/driver/driver.hpp"
#include "core/ssh/options.hpp"
#include "core/ssh/session.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

namespace lima::hostagent {

/// What readiness and copyToHost need of a guest; a fake takes its place in tests.
class CommandRunner {
public:
    virtual ~CommandRunner() = default;
    /// kUnavailable: the connection is not there (yet); kCancelled: the agent stops.
    virtual Result<ssh::CommandResult> run(const std::string& command, std::string_view input,
                                           std::chrono::milliseconds timeout) = 0;
    /// The same through `ssh` and its ControlMaster.
    virtual Result<ssh::CommandResult> run_over_master(const std::string& command,
                                                       std::string_view input,
                                                       std::chrono::milliseconds timeout) = 0;
    /// What ends the calls from now on, together with interrupt(). Not while one runs.
    virtual void use(const driver::Cancel& cancel) = 0;
    /// Any thread: a call that runs returns kCancelled soon. The cancel object must be triggered
    /// first.
    virtual void interrupt() = 0;
    /// Any thread: the guest's sshd has answered, and the login is under way.
    virtual bool logging_in() const = 0;
};

class GuestShell final : public CommandRunner {
public:
    GuestShell(ssh::Client client, ssh::Target target, driver::Cancel cancel);

    Result<ssh::CommandResult> run(const std::string& command, std::string_view input,
                                   std::chrono::milliseconds timeout) override;
    Result<ssh::CommandResult> run_over_master(const std::string& command, std::string_view input,
                                               std::chrono::milliseconds timeout) override;
    /// Ends the ControlMaster when its socket is there.
    void exit_master();
    /// Lets go of the connection; the next run() makes another.
    void disconnect();
    /// What to spawn for a command whose output is followed.
    std::vector<std::string> shell_argv(const std::string& command) const;
    void use(const driver::Cancel& cancel) override;
    void interrupt() override;
    bool logging_in() const override { return logging_in_; }
    /// A connection to a unix socket of the guest, which the ControlMaster makes reachable at a
    /// path here: anew each time, by another master when that one is gone.
    Result<Fd> dial_socket(const std::filesystem::path& local, const std::string& remote);

    /// Brings up a ControlMaster where there is none.
    Result<void> make_master();
    /// The process of the ControlMaster.
    Result<pid_t> master_pid() const;

private:
    Result<void> forward_socket(const std::filesystem::path& local, const std::string& remote);
    Result<void> connect(std::chrono::milliseconds timeout);
    std::vector<std::string> ssh_argv(const std::vector<std::string>& flags) const;

    ssh::Client client_;
    ssh::Target target_;
    driver::Cancel cancel_;
    std::atomic<bool> logging_in_ = false;
    std::mutex mutex_;  // guards the existence of session_, for interrupt()
    std::optional<ssh::Session> session_;
};

}  // namespace lima::hostagent
