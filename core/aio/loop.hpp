// How the agent's coroutines run: on_pool() takes a blocking call to a worker thread and comes back
// to the loop, TaskScope owns coroutines that run beside others, Wakeup is what they wait for. No
// coroutine is detached: each belongs to a scope that reports what escapes from it and can be
// joined.
#pragma once

#include "core/base/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

namespace lima::aio {

namespace asio = boost::asio;

/// The coroutine that runs on the worker. `job` lives in the frame that waits for it.
asio::awaitable<void> run_job(std::function<void()>* job);

/// The result of fn(), computed on a worker thread. What fn refers to must live until it returns:
/// the pool is joined before anything of the agent dies.
template <class F>
asio::awaitable<std::invoke_result_t<F>> on_pool(asio::thread_pool& pool, F fn) {
    std::optional<std::invoke_result_t<F>> out;
    std::function<void()> job = [&out, &fn] { out.emplace(fn()); };
    asio::awaitable<void> task = run_job(&job);
    co_await asio::co_spawn(pool, std::move(task), asio::use_awaitable);
    co_return std::move(*out);
}

/// What coroutines wait for, as often as it comes. notify() wakes those that wait at that moment
/// and is not remembered, so the condition is looked at before each wait. Thread: the loop's.
class Wakeup {
public:
    using Clock = std::chrono::steady_clock;

    explicit Wakeup(asio::any_io_executor executor);
    void notify();
    asio::awaitable<void> wait();
    /// False: the time came first.
    asio::awaitable<bool> wait_until(Clock::time_point deadline);
    asio::awaitable<bool> wait_for(Clock::duration time);

private:
    using Waiters = std::list<asio::steady_timer*>;
    asio::any_io_executor executor_;
    std::shared_ptr<Waiters> waiters_;  // also of the frames that wait: those may outlive this
};

class TaskScope {
public:
    explicit TaskScope(asio::any_io_executor executor);
    ~TaskScope();
    TaskScope(const TaskScope&) = delete;
    TaskScope& operator=(const TaskScope&) = delete;

    void spawn(asio::awaitable<void> task, std::string name);
    /// Asks all that run to end at their next wait.
    void cancel();
    asio::awaitable<void> join();

private:
    struct Task {
        explicit Task(std::string task_name) : name(std::move(task_name)) {}
        std::string name;
        asio::cancellation_signal signal;
    };
    void finished(std::list<Task>::iterator task, const std::exception_ptr& escaped);

    asio::any_io_executor executor_;
    Wakeup ended_;  // a task
    std::list<Task> tasks_;
};

/// Something that happens once, and whom it wakes. Thread: the loop's.
class Signal {
public:
    explicit Signal(asio::any_io_executor executor);
    void set();
    bool is_set() const { return set_; }
    asio::awaitable<void> wait();

private:
    Wakeup wakeup_;
    bool set_ = false;
};

}  // namespace lima::aio
