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

}  // namespace

asio::awaitable<void> run_job(std::function<void()>* job) {
    (*job)();
    co_return;
}

TaskScope::TaskScope(asio::any_io_executor executor)
    : executor_(std::move(executor)), idle_(executor_, asio::steady_timer::time_point::max()) {}

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
        idle_.cancel();
    });
}

void TaskScope::cancel() {
    for (Task& task : tasks_) {
        task.signal.emit(asio::cancellation_type::terminal);
    }
}

asio::awaitable<void> TaskScope::join() {
    while (!tasks_.empty()) {
        boost::system::error_code ignored;
        co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

Signal::Signal(const asio::any_io_executor& executor)
    : timer_(executor, asio::steady_timer::time_point::max()) {}

void Signal::set() {
    set_ = true;
    timer_.cancel();
}

asio::awaitable<void> Signal::wait() {
    while (!set_) {
        boost::system::error_code error;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
}

}  // namespace lima::aio
