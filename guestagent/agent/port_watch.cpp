#include "guestagent/agent/port_watch.hpp"

#include "core/base/log.hpp"

#include <algorithm>
#include <utility>

namespace lima::guestagent {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kShare = 20;  // looking takes at most one part in so many
constexpr std::chrono::milliseconds kSlowest{1000};
constexpr int kStormFactor = 5;  // so much longer than at first may a storm put a look off

}  // namespace

PortWatch::PortWatch(asio::any_io_executor executor, PortWatchOptions options)
    : executor_(std::move(executor)), options_(std::move(options)), timer_(executor_) {}

PortWatch::~PortWatch() = default;

PortWatch::Subscription& PortWatch::Subscription::operator=(Subscription&& other) noexcept {
    if (this != &other) {
        reset();
        watch_ = std::exchange(other.watch_, nullptr);
        at_ = other.at_;
    }
    return *this;
}

void PortWatch::Subscription::reset() {
    if (watch_ != nullptr) {
        std::exchange(watch_, nullptr)->unsubscribe(at_);
    }
}

PortWatch::Subscription PortWatch::subscribe(Listener listener) {
    const bool first = listeners_.empty();
    const auto at = listeners_.insert(listeners_.end(), std::move(listener));
    if (first && !options_.held) {
        start();
    }
    return {*this, at};
}

void PortWatch::release(std::unique_ptr<PortEvents> events) {
    options_.events = std::move(events);
    options_.held = false;
    if (!listeners_.empty()) {
        start();
    }
}

void PortWatch::unsubscribe(std::list<Listener>::iterator at) {
    listeners_.erase(at);
    if (listeners_.empty()) {
        stop();
    }
}

Result<std::vector<Port>> PortWatch::look() {
    const auto begin = Clock::now();
    auto found = options_.list();
    cost_ = Clock::now() - begin;
    ++looks_;
    return found;
}

void PortWatch::start() {
    if (options_.events) {
        options_.events->enable(true);
    }
    refresh();
    wait();
}

void PortWatch::stop() {
    timer_.cancel();
    if (options_.events) {
        options_.events->async_wait({});
        options_.events->enable(false);
    }
}

void PortWatch::wait() {
    if (listeners_.empty()) {
        return;
    }
    if (options_.events) {
        options_.events->async_wait([this] { on_event(); });
        // While it was looked: to begin to wait may take the notice of it without waking anybody.
        if (options_.events->moved()) {
            options_.events->async_wait({});
            on_event();
        }
        return;
    }
    timer_.expires_after(options_.tick);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            on_tick();
        }
    });
}

void PortWatch::on_event() {
    options_.events->moved();
    patience_ = std::max(patience_, options_.patience);
    const auto least = std::min<Clock::duration>(kShare * cost_, kSlowest);
    settle(Clock::now() + std::max<Clock::duration>(patience_, least));
}

/// Waits until a while has passed without an event, or until the time. A storm that goes on is
/// looked at less and less often.
void PortWatch::settle(Clock::time_point until) {
    const auto least = std::min<Clock::duration>(kShare * cost_, kSlowest);
    timer_.expires_after(std::max<Clock::duration>({options_.quiet, patience_ / 4, least}));
    timer_.async_wait([this, until](const boost::system::error_code& error) {
        if (error || listeners_.empty()) {
            return;
        }
        const bool storm = options_.events->moved();
        if (storm && Clock::now() < until) {
            settle(until);
            return;
        }
        patience_ = storm ? std::min(patience_ * 2, options_.patience * kStormFactor)
                          : std::chrono::milliseconds(0);
        options_.events->rearm();
        refresh();
        wait();
    });
}

void PortWatch::on_tick() {
    refresh();
    wait();
}

void PortWatch::refresh() {
    auto found = look();
    if (!found) {
        // The last list stays: ports that cannot be seen are not ports that are closed.
        if (found.error().text() != last_error_) {
            last_error_ = found.error().text();
            log::warn("cannot list the ports: {}", last_error_);
        }
        return;
    }
    last_error_.clear();
    if (std::exchange(known_, true) && *found == ports_) {
        return;
    }
    ports_ = std::move(*found);
    // A listener may leave while it is called.
    for (auto at = listeners_.begin(); at != listeners_.end();) {
        const auto current = at++;
        (*current)(ports_);
    }
}

}  // namespace lima::guestagent
