#include "sdk/remote/server/poller.hpp"

#include <algorithm>
#include <poll.h>
#include <sys/eventfd.h>

namespace lima::remote {

Poller::Poller() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { LIMA_CHECK(wake_); }

Poller::~Poller() { stop(); }

void Poller::start() {
    thread_ = std::thread([this] { run(); });
}

void Poller::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    eventfd_write(wake_.get(), 1);
    if (thread_.joinable()) {
        thread_.join();
    }
    readable_.clear();
    timers_.clear();
    posted_.clear();
}

void Poller::post(Handler handler) {
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(handler));
    }
    eventfd_write(wake_.get(), 1);
}

void Poller::add(int fd, Handler handler) {
    readable_[fd] = std::make_shared<Handler>(std::move(handler));
}

void Poller::remove(int fd) { readable_.erase(fd); }

void Poller::after(std::chrono::milliseconds delay, Handler handler) {
    timers_.emplace(Clock::now() + delay, std::move(handler));
}

/// False: the end.
bool Poller::run_posted() {
    std::vector<Handler> posted;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) {
            return false;
        }
        posted.swap(posted_);
    }
    for (const Handler& handler : posted) {
        handler();
    }
    return true;
}

void Poller::run_due() {
    while (!timers_.empty() && timers_.begin()->first <= Clock::now()) {
        const Handler handler = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        handler();
    }
}

void Poller::wait() {
    std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
    for (const auto& [fd, handler] : readable_) {
        polled.push_back({fd, POLLIN, 0});
    }
    int timeout = -1;
    if (!timers_.empty()) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - Clock::now());
        timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
    }
    if (poll(polled.data(), polled.size(), timeout) <= 0) {
        return;
    }
    eventfd_t count = 0;
    eventfd_read(wake_.get(), &count);
    for (const pollfd& entry : polled) {
        // An earlier handler of this round may have removed it.
        const auto found = readable_.find(entry.fd);
        if (entry.revents != 0 && found != readable_.end()) {
            const std::shared_ptr<Handler> handler = found->second;
            (*handler)();
        }
    }
}

void Poller::run() {
    while (run_posted()) {
        run_due();
        wait();
    }
}

}  // namespace lima::remote
