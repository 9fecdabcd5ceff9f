#include "core/aio/loop.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace lima::aio {
namespace {

class Loop : public testing::Test {
protected:
    ~Loop() override { pool_.join(); }

    asio::io_context loop_{1};
    asio::thread_pool pool_{2};
};

asio::awaitable<void> compute(asio::thread_pool& pool, std::thread::id* where, bool* same_after,
                              std::string* out) {
    const std::thread::id here = std::this_thread::get_id();
    const std::string word(100, 'x');
    auto job = [&] {
        *where = std::this_thread::get_id();
        return Result<std::string>(word + "!");
    };
    const auto result = co_await on_pool(pool, job);
    *out = *result;
    *same_after = std::this_thread::get_id() == here;
}

TEST_F(Loop, PoolJobsRunElsewhereAndComeBack) {
    std::thread::id where;
    bool same_after = false;
    std::string out;
    TaskScope scope(loop_.get_executor());
    scope.spawn(compute(pool_, &where, &same_after, &out), "compute");
    loop_.run();
    EXPECT_NE(where, std::this_thread::get_id());
    EXPECT_TRUE(same_after);
    EXPECT_EQ(out, std::string(100, 'x') + "!");
}

asio::awaitable<void> wait_twice(Wakeup& wakeup, std::vector<bool>* woken) {
    woken->push_back(co_await wakeup.wait_for(std::chrono::minutes(1)));
    woken->push_back(co_await wakeup.wait_for(std::chrono::milliseconds(1)));
}

TEST_F(Loop, WakeupWakesAllThatWaitAndTellsTimeFromNotice) {
    Wakeup wakeup(loop_.get_executor());
    wakeup.notify();  // nobody waits: not remembered
    std::vector<bool> woken;
    TaskScope scope(loop_.get_executor());
    scope.spawn(wait_twice(wakeup, &woken), "first");
    scope.spawn(wait_twice(wakeup, &woken), "second");
    loop_.poll();
    EXPECT_TRUE(woken.empty());
    wakeup.notify();
    loop_.run();
    EXPECT_EQ(woken, (std::vector<bool>{true, true, false, false}));
}

asio::awaitable<void> wait_for_ever(Wakeup& wakeup) {
    for (;;) {
        co_await wakeup.wait();
    }
}

TEST_F(Loop, WakeupForgetsAWaiterThatWasCancelled) {
    Wakeup wakeup(loop_.get_executor());
    TaskScope scope(loop_.get_executor());
    scope.spawn(wait_for_ever(wakeup), "waiter");
    loop_.poll();
    scope.cancel();
    loop_.run();
    wakeup.notify();
}

TEST(Wakeup, MayDieBeforeTheFramesThatWait) {
    asio::io_context loop{1};
    TaskScope scope(loop.get_executor());
    Wakeup wakeup(loop.get_executor());
    scope.spawn(wait_for_ever(wakeup), "waiter");
    loop.poll();
    scope.cancel();
}

asio::awaitable<void> sleep_for_ever(int* cancelled) {
    asio::steady_timer timer(co_await asio::this_coro::executor,
                             asio::steady_timer::time_point::max());
    try {
        co_await timer.async_wait(asio::use_awaitable);
    } catch (const std::exception&) {
        ++*cancelled;
        throw;
    }
}

asio::awaitable<void> throw_now() {
    throw std::runtime_error("boo");
    co_return;
}

asio::awaitable<void> cancel_and_join(TaskScope& scope, bool* joined) {
    scope.cancel();
    co_await scope.join();
    *joined = true;
}

TEST_F(Loop, AScopeIsCancelledAndJoined) {
    int cancelled = 0;
    bool joined = false;
    TaskScope scope(loop_.get_executor());
    TaskScope outer(loop_.get_executor());
    scope.spawn(sleep_for_ever(&cancelled), "one");
    scope.spawn(sleep_for_ever(&cancelled), "two");
    scope.spawn(throw_now(), "three");
    outer.spawn(cancel_and_join(scope, &joined), "outer");
    loop_.run();
    EXPECT_EQ(cancelled, 2);
    EXPECT_TRUE(joined);
}

asio::awaitable<void> wait_and_count(Signal& signal, int* woken) {
    co_await signal.wait();
    ++*woken;
}

TEST_F(Loop, ASignalWakesAllAndStays) {
    Signal signal(loop_.get_executor());
    int woken = 0;
    TaskScope scope(loop_.get_executor());
    scope.spawn(wait_and_count(signal, &woken), "a");
    scope.spawn(wait_and_count(signal, &woken), "b");
    loop_.poll();
    EXPECT_EQ(woken, 0);
    signal.set();
    scope.spawn(wait_and_count(signal, &woken), "c");
    loop_.run();
    EXPECT_EQ(woken, 3);
    EXPECT_TRUE(signal.is_set());
}

}  // namespace
}  // namespace lima::aio
