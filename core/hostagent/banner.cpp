#include "core/hostagent/banner.hpp"

#include "core/base/fd.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <vector>

namespace lima::hostagent {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// sshd refuses newcomers when ten connections have not logged in.
constexpr std::size_t kMaxOpen = 4;

Result<Fd> begin_connect(const sockaddr_in& address) {
    Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        return fail_errno(errno, "cannot make a socket");
    }
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS) {
        return fail_errno(errno, "cannot connect");
    }
    return fd;
}

enum class Said { kBanner, kNothing, kGone };

class Waiter {
public:
    Waiter(const sockaddr_in& address, Clock::time_point deadline, int cancel_fd,
           const BannerTiming& timing)
        : address_(address),
          deadline_(deadline),
          cancel_fd_(cancel_fd),
          timing_(timing),
          backoff_(timing.first_retry) {}

    Result<void> run() {
        Clock::time_point next = Clock::now();
        for (;;) {
            const Clock::time_point now = Clock::now();
            if (now >= deadline_) {
                return failf(Code::kDeadlineExceeded, "no ssh server answers: {}", last_);
            }
            if (now >= next) {
                next = now + open_another();
            }
            LIMA_TRY(const bool spoke, wait_until(std::min(next, deadline_)));
            if (spoke) {
                return {};
            }
            if (lost_) {
                lost_ = false;
                next = std::min(next, Clock::now() + grow());
            }
        }
    }

private:
    milliseconds grow() {
        const milliseconds now = backoff_;
        backoff_ = std::min(backoff_ * 2, timing_.max_retry);
        return now;
    }

    /// How long to wait before the next.
    milliseconds open_another() {
        if (open_.size() == kMaxOpen) {
            open_.erase(open_.begin());
        }
        auto fd = begin_connect(address_);
        if (!fd) {
            last_ = fd.error().text();
            return grow();
        }
        open_.push_back(std::move(*fd));
        return timing_.another;
    }

    Said listen_to(int fd) {
        char text[4];
        const ssize_t got = recv(fd, text, sizeof text, MSG_PEEK);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return Said::kNothing;
        }
        if (got < 0) {
            last_ = fail_errno(errno, "connection failed").value().text();
            return Said::kGone;
        }
        if (got == 0) {
            last_ = "the connection is closed before the banner";
            return Said::kGone;
        }
        if (std::string_view(text, static_cast<std::size_t>(got)).starts_with("SSH-")) {
            return Said::kBanner;
        }
        last_ = "what answers is no ssh server";
        return got < 4 ? Said::kNothing : Said::kGone;
    }

    /// True when a banner came.
    Result<bool> wait_until(Clock::time_point end) {
        std::vector<pollfd> wait = {pollfd{cancel_fd_, POLLIN, 0}};
        for (const Fd& fd : open_) {
            wait.push_back(pollfd{fd.get(), POLLIN, 0});
        }
        const auto left = std::chrono::ceil<milliseconds>(end - Clock::now()).count();
        if (poll(wait.data(), wait.size(), static_cast<int>(std::max<long>(left, 0))) < 0 &&
            errno != EINTR) {
            return fail_errno(errno, "cannot wait for ssh");
        }
        if (wait[0].revents != 0) {
            return fail(Code::kCancelled, "stopped while waiting for ssh");
        }
        for (std::size_t i = wait.size() - 1; i > 0; --i) {
            if (wait[i].revents == 0) {
                continue;
            }
            const Said said = listen_to(wait[i].fd);
            if (said == Said::kBanner) {
                return true;
            }
            if (said == Said::kGone) {
                open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i - 1));
                lost_ = true;
            }
        }
        return false;
    }

    const sockaddr_in& address_;
    Clock::time_point deadline_;
    int cancel_fd_;
    const BannerTiming& timing_;
    milliseconds backoff_;
    std::vector<Fd> open_;
    bool lost_ = false;
    std::string last_ = "it accepts connections and stays silent";
};

}  // namespace

Result<void> wait_for_banner(const std::string& address, int port, milliseconds timeout,
                             int cancel_fd, const BannerTiming& timing) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(port));
    if (inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1) {
        return failf(Code::kInvalidArgument, "{} is no IPv4 address", address);
    }
    return Waiter(where, Clock::now() + timeout, cancel_fd, timing).run();
}

}  // namespace lima::hostagent
