#include "core/base/work_queue.hpp"

#include <utility>

namespace lima {

bool WorkQueue::push(std::function<void()> work) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return false;
        }
        work_.push_back(std::move(work));
    }
    changed_.notify_one();
    return true;
}

void WorkQueue::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return closed_ || !work_.empty(); });
        if (work_.empty()) {
            return;
        }
        std::function<void()> work = std::move(work_.front());
        work_.pop_front();
        lock.unlock();
        work();
        work = nullptr;  // what it holds dies outside of the lock
        lock.lock();
    }
}

void WorkQueue::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
}

}  // namespace lima
