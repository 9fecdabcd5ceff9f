// An ssh connection inside the process, by libssh2, for probes and provisioning: only
// lima-hostagent links it (library lima::ssh_session). Blocking with a deadline, to be used from a
// worker thread, by one thread at a time.
//
// The host key is not checked, as with StrictHostKeyChecking=no: the peer is our own guest. A call
// that failed leaves the connection in the middle of something, so the session is good for nothing
// then but to be destroyed.
#pragma once

#include "core/base/error.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace lima::ssh {

struct SessionTarget {
    std::string address = "127.0.0.1";
    int port = 22;
    std::string user;
    std::filesystem::path identity;  // private key; .pub beside it
};

struct CommandResult {
    int exit_code = 0;  // of a command that a signal ended: 128 + its number, as in a shell
    std::string out;
    std::string err;
};

class Session {
public:
    /// TCP, key exchange, authentication, all within the timeout. The code tells the phase:
    /// kUnavailable nobody listens or the peer hung up before its banner (try again),
    /// kDeadlineExceeded, kPermissionDenied the key was refused, kCancelled the descriptor
    /// cancel_fd (-1: none; borrowed) became readable.
    static Result<Session> connect(const SessionTarget& target, std::chrono::milliseconds timeout,
                                   int cancel_fd = -1);
    /// Runs a command with input on its stdin.
    Result<CommandResult> run(const std::string& command, std::string_view input,
                              std::chrono::milliseconds timeout);
    /// Any thread: makes a blocked call return kCancelled soon, and every later one at once.
    void interrupt();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

private:
    struct Impl;
    explicit Session(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace lima::ssh
