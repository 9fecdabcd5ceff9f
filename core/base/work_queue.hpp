// Work in order: functions that other threads put in, run one after the other by the thread that
// calls run(): a driver's [op] calls, or what must be done on the main thread. Thread: push() and
// close() from any.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace lima {

class WorkQueue {
public:
    /// False once it is closed: the function is not taken.
    bool push(std::function<void()> work);
    /// Returns when it is closed and what was taken is done.
    void run();
    void close();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> work_;
    bool closed_ = false;
};

}  // namespace lima
