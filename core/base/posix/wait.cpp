#include "core/base/posix/wait.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <poll.h>

namespace lima {

int Deadline::poll_timeout() const {
    if (!at_) {
        return -1;
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*at_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(
        left.count(), 0, std::numeric_limits<int>::max()));
}

Result<bool> poll_until(int fd, short events, const Deadline& deadline) {
    for (;;) {
        pollfd entry{fd, events, 0};
        const int ready = poll(&entry, 1, deadline.poll_timeout());
        if (ready > 0) {
            if ((entry.revents & POLLNVAL) != 0) {
                return fail_errno(EBADF, "poll");
            }
            return true;
        }
        if (ready == 0) {
            return false;
        }
        if (errno != EINTR) {
            return fail_errno(errno, "poll");
        }
    }
}

}  // namespace lima
