// Fd owns one file descriptor. Every descriptor of ours is close-on-exec; what a child shall have
// is passed by name (SpawnOptions::inherit).
#pragma once

#include "core/base/error.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace lima {

class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset(std::exchange(other.fd_, -1));
        }
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1);

private:
    int fd_ = -1;
};

struct Pipe {
    Fd read;
    Fd write;
};

Result<Pipe> make_pipe();
/// Two ends of a unix stream.
Result<std::pair<Fd, Fd>> make_socket_pair();
/// Reads until end of file.
Result<std::string> read_all(int fd);
Result<void> write_all(int fd, std::string_view data);
/// True when readable (or at its end) within the time; negative waits for ever.
Result<bool> wait_readable(int fd, std::chrono::milliseconds timeout);
/// Connects to a unix stream socket; kUnavailable when nobody listens, kNotFound when the file is
/// not there.
Result<Fd> connect_unix(const std::string& path);

}  // namespace lima
