// A thread that waits for descriptors and times, and calls a function for each. It accepts
// connections, hears signals and hands out descriptors; nothing that blocks runs on it. Owner: one
// per process. Thread: post() from any; add(), remove() and after() only on the thread itself (in a
// function that was posted, or a handler) or before start().
#pragma once

#include "core/base/fd.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace lima::remote {

class Poller {
public:
    using Handler = std::function<void()>;

    Poller();
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    void start();
    /// Returns when the thread has ended; handlers are dropped.
    void stop();

    void post(Handler handler);
    /// Called whenever the descriptor is readable or at its end.
    void add(int fd, Handler handler);
    void remove(int fd);
    void after(std::chrono::milliseconds delay, Handler handler);

private:
    using Clock = std::chrono::steady_clock;

    void run();
    bool run_posted();
    void run_due();
    void wait();

    Fd wake_;
    std::mutex mutex_;
    std::vector<Handler> posted_;
    bool stopping_ = false;
    std::map<int, std::shared_ptr<Handler>> readable_;
    std::multimap<Clock::time_point, Handler> timers_;
    std::thread thread_;
};

}  // namespace lima::remote
