// The list of listening ports, kept current while somebody wants it: looked up when an event says
// that it may have changed, bursts together, and never so often that looking takes more than a
// twentieth of a processor. Without events it is looked up every `tick`. With no listener it does
// nothing at all. Thread: the loop's.
#pragma once

#include "guestagent/agent/port_events.hpp"
#include "guestagent/agent/ports.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace lima::guestagent {

struct PortWatchOptions {
    std::function<Result<std::vector<Port>>()> list;
    std::unique_ptr<PortEvents> events;  // null: by tick
    bool held = false;                   // nothing is looked up for listeners before release()
    std::chrono::milliseconds tick{3000};
    std::chrono::milliseconds quiet{20};      // after an event, for those that come with it
    std::chrono::milliseconds patience{100};  // at the begin of a storm
};

class PortWatch {
public:
    /// Called after the first look-up, and each that found something else than the last one.
    using Listener = std::function<void(const std::vector<Port>& ports)>;

    PortWatch(asio::any_io_executor executor, PortWatchOptions options);
    PortWatch(const PortWatch&) = delete;
    PortWatch& operator=(const PortWatch&) = delete;
    ~PortWatch();

    /// Ends with the object; must not outlive the watch.
    class Subscription {
    public:
        Subscription() = default;
        Subscription(PortWatch& watch, std::list<Listener>::iterator at)
            : watch_(&watch), at_(at) {}
        Subscription(Subscription&& other) noexcept
            : watch_(std::exchange(other.watch_, nullptr)), at_(other.at_) {}
        Subscription& operator=(Subscription&& other) noexcept;
        ~Subscription() { reset(); }
        void reset();
        bool active() const { return watch_ != nullptr; }

    private:
        PortWatch* watch_ = nullptr;
        std::list<Listener>::iterator at_;
    };
    /// The first call of the listener may come at once, within a look-up.
    [[nodiscard]] Subscription subscribe(Listener listener);
    /// Ends the hold, with the events to use (null: by tick).
    void release(std::unique_ptr<PortEvents> events);
    /// As of now.
    Result<std::vector<Port>> look();
    /// What the last look-up found; nothing is known before the first.
    const std::vector<Port>& ports() const { return ports_; }
    bool known() const { return known_; }
    /// How many look-ups there were. For tests.
    std::uint64_t looks() const { return looks_; }

private:
    void unsubscribe(std::list<Listener>::iterator at);
    void start();
    void stop();
    void wait();
    void on_event();
    void settle(std::chrono::steady_clock::time_point until);
    void on_tick();
    void refresh();

    asio::any_io_executor executor_;
    PortWatchOptions options_;
    asio::steady_timer timer_;
    std::list<Listener> listeners_;
    std::vector<Port> ports_;
    bool known_ = false;
    std::string last_error_;
    std::chrono::steady_clock::duration cost_{};
    std::chrono::milliseconds patience_{0};  // grows in a storm
    std::uint64_t looks_ = 0;
};

}  // namespace lima::guestagent
