#include "core/base/fd.hpp"

#include "core/base/posix/sigpipe.hpp"
#include "core/base/posix/wait.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace lima {

void Fd::reset(int fd) {
    if (fd_ >= 0 && fd_ != fd) {
        close(fd_);
    }
    fd_ = fd;
}

Result<Pipe> make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fail_errno(errno, "cannot create a pipe");
    }
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<std::pair<Fd, Fd>> make_socket_pair() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return fail_errno(errno, "cannot make a pair of sockets");
    }
    return std::pair(Fd(ends[0]), Fd(ends[1]));
}

Result<std::string> read_all(int fd) {
    std::string out;
    char buffer[16384];
    for (;;) {
        const ssize_t count = read(fd, buffer, sizeof buffer);
        if (count > 0) {
            out.append(buffer, static_cast<std::size_t>(count));
        } else if (count == 0) {
            return out;
        } else if (errno == EAGAIN) {
            LIMA_DO(wait_readable(fd, std::chrono::milliseconds(-1)));
        } else if (errno != EINTR) {
            return fail_errno(errno, "read");
        }
    }
}

Result<void> write_all(int fd, std::string_view data) {
    const SigpipeGuard guard;
    while (!data.empty()) {
        const ssize_t count = write(fd, data.data(), data.size());
        if (count >= 0) {
            data.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            LIMA_DO(poll_until(fd, POLLOUT, Deadline()));
        } else if (errno != EINTR) {
            return fail_errno(errno, "write");
        }
    }
    return {};
}

Result<bool> wait_readable(int fd, std::chrono::milliseconds timeout) {
    return poll_until(fd, POLLIN, Deadline(timeout));
}

Result<Fd> connect_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return failf(Code::kInvalidArgument,
                     "cannot connect to {}: the path of a socket has at most {} bytes, not {}",
                     path, sizeof address.sun_path - 1, path.size());
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) {
        return fail_errno(errno, "cannot create a socket");
    }
    while (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno != EINTR) {
            return fail_errno(errno, "cannot connect to " + path);
        }
    }
    return fd;
}

}  // namespace lima
