#include "core/aio/loop.hpp"

#include "core/base/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>

namespace lima::aio {
namespace {

bool is_cancellation(const std::exception_ptr& escaped) {
    try {
        std::rethrow_exception(escaped);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

std::string text_of(const std::exception_ptr& escaped) {
    try {
        std::rethrow_exception(escaped);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "unknown exception";
    }
}

/// Among those that wait, however the wait ends: a cancelled one is left by an exception.
class Place {
public:
    using Waiters = std::list<asio::steady_timer*>;

    Place(std::shared_ptr<Waiters> waiters, asio::steady_timer* timer)
        : waiters_(std::move(waiters)), at_(waiters_->insert(waiters_->end(), timer)) {}
    ~Place() { waiters_->erase(at_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

private:
    std::shared_ptr<Waiters> waiters_;
    Waiters::iterator at_;
};

}  // namespace

asio::awaitable<void> run_job(std::function<void()>* job) {
    (*job)();
    co_return;
}

Wakeup::Wakeup(asio::any_io_executor executor)
    : executor_(std::move(executor)), waiters_(std::make_shared<Waiters>()) {}

void Wakeup::notify() {
    for (asio::steady_timer* waiter : *waiters_) {
        waiter->cancel();
    }
}

asio::awaitable<void> Wakeup::wait() { co_await wait_until(Clock::time_point::max()); }

asio::awaitable<bool> Wakeup::wait_until(Clock::time_point deadline) {
    asio::steady_timer timer(executor_, deadline);
    const Place place(waiters_, &timer);
    boost::system::error_code woken;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    co_return woken.failed();
}

asio::awaitable<bool> Wakeup::wait_for(Clock::duration time) {
    co_return co_await wait_until(Clock::now() + time);
}

TaskScope::TaskScope(asio::any_io_executor executor)
    : executor_(executor), ended_(std::move(executor)) {}

TaskScope::~TaskScope() = default;

void TaskScope::spawn(asio::awaitable<void> task, std::string name) {
    const auto entry = tasks_.emplace(tasks_.end(), std::move(name));
    asio::co_spawn(executor_, std::move(task),
                   asio::bind_cancellation_slot(entry->signal.slot(),
                                                [this, entry](const std::exception_ptr& escaped) {
                                                    finished(entry, escaped);
                                                }));
}

void TaskScope::finished(std::list<Task>::iterator task, const std::exception_ptr& escaped) {
    if (escaped && !is_cancellation(escaped)) {
        log::error("{} failed unexpectedly: {}", task->name, text_of(escaped));
    }
    // Not now: the signal's slot may still be in use by the operation that is completing.
    asio::post(executor_, [this, task] {
        tasks_.erase(task);
        ended_.notify();
    });
}

void TaskScope::cancel() {
    for (Task& task : tasks_) {
        task.signal.emit(asio::cancellation_type::terminal);
    }
}

asio::awaitable<void> TaskScope::join() {
    while (!tasks_.empty()) {
        co_await ended_.wait();
    }
}

Signal::Signal(asio::any_io_executor executor) : wakeup_(std::move(executor)) {}

void Signal::set() {
    set_ = true;
    wakeup_.notify();
}

asio::awaitable<void> Signal::wait() {
    while (!set_) {
        co_await wakeup_.wait();
    }
}

}  // namespace lima::aio
