#include "null/adopted.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

// glibc before 2.37 forgot to declare its functions as C.
extern "C" {
#include <sys/pidfd.h>
}

namespace null_driver {
namespace {

using lima::Code;
using lima::fail;
using lima::Result;

/// The process that holds the lock. Its number is good: a process that lives cannot have its number
/// reused.
Result<pid_t> locked_pid(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail(errno == ENOENT ? Code::kNotFound : Code::kUnknown,
                    "cannot open " + path + ": " + std::strerror(errno));
    }
    char text[32] = {};
    const bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    const ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    const long pid = size > 0 ? std::strtol(text, nullptr, 10) : 0;
    if (!held || pid <= 0) {
        return fail(Code::kNotFound, "no process holds " + path);
    }
    return static_cast<pid_t>(pid);
}

}  // namespace

Result<std::unique_ptr<Adopted>> Adopted::find(const std::string& pid_file,
                                               std::function<void()> ended) {
    const Result<pid_t> pid = locked_pid(pid_file);
    if (!pid) {
        return fail(pid.error());
    }
    const int pidfd = pidfd_open(*pid, 0);
    if (pidfd < 0) {
        return fail(errno == ESRCH ? Code::kNotFound : Code::kUnknown,
                    "cannot open process " + std::to_string(*pid) + ": " + std::strerror(errno));
    }
    const int stop_event = eventfd(0, EFD_CLOEXEC);
    if (stop_event < 0) {
        const int error = errno;
        close(pidfd);
        return fail(Code::kResourceExhausted,
                    std::string("cannot create an eventfd: ") + std::strerror(error));
    }
    return std::unique_ptr<Adopted>(new Adopted(pidfd, stop_event, pid_file, std::move(ended)));
}

Adopted::Adopted(int pidfd, int stop_event, std::string pid_file, std::function<void()> ended)
    : pidfd_(pidfd),
      stop_event_(stop_event),
      pid_file_(std::move(pid_file)),
      ended_(std::move(ended)),
      thread_([this] { watch(); }) {}

Adopted::~Adopted() {
    eventfd_write(stop_event_, 1);
    thread_.join();
    close(stop_event_);
    close(pidfd_);
}

void Adopted::watch() {
    if (wait(stop_event_, -1)) {
        unlink(pid_file_.c_str());  // its parent, whose work this would be, is gone
        ended_();
    }
}

bool Adopted::running() const { return !wait(-1, 0); }

void Adopted::signal(int number) const { pidfd_send_signal(pidfd_, number, nullptr, 0); }

bool Adopted::wait(int cancel_fd, int timeout_ms) const {
    pollfd polled[2] = {{pidfd_, POLLIN, 0}, {cancel_fd, POLLIN, 0}};
    while (poll(polled, 2, timeout_ms) < 0 && errno == EINTR) {
    }
    return (polled[0].revents & POLLIN) != 0;
}

}  // namespace null_driver
