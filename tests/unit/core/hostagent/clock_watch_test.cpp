#include "core/hostagent/clock_watch.hpp"

#include "core/base/process.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>

namespace lima::hostagent {
namespace {

TEST(ClockWatch, AProcessThatGoesOnIsToldOfAndOthersAreNot) {
    asio::io_context loop(1);
    auto vm = spawn({.argv = {"sleep", "60"}});
    auto other = spawn({.argv = {"sleep", "60"}});
    ASSERT_TRUE(vm && other);
    int told = 0;
    ClockWatch watch(loop.get_executor(), [&] { return vm->pid(); }, [&](const char*) { ++told; });
    ASSERT_TRUE(watch.start());
    const auto run_for = [&](std::chrono::milliseconds time) {
        loop.restart();
        loop.run_for(time);
    };
    run_for(std::chrono::milliseconds(20));
    ASSERT_TRUE(other->signal(SIGSTOP));
    ASSERT_TRUE(other->signal(SIGCONT));
    run_for(std::chrono::milliseconds(100));
    EXPECT_EQ(told, 0);
    ASSERT_TRUE(vm->signal(SIGSTOP));
    run_for(std::chrono::milliseconds(100));
    EXPECT_EQ(told, 0);
    ASSERT_TRUE(vm->signal(SIGCONT));
    run_for(std::chrono::milliseconds(200));
    EXPECT_EQ(told, 1);
    ASSERT_TRUE(other->terminate(std::chrono::milliseconds(100)));
    run_for(std::chrono::milliseconds(50));
    EXPECT_EQ(told, 1);
    // Its exit is still there for who waits.
    const auto ended = vm->terminate(std::chrono::seconds(2));
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->signal, SIGTERM);
    bool closed = false;
    asio::co_spawn(loop, watch.close(), [&](const std::exception_ptr&) { closed = true; });
    run_for(std::chrono::milliseconds(200));
    EXPECT_TRUE(closed);
}

/// In the turn of the loop in which a signal comes, before and after it is seen.
TEST(ClockWatch, ClosesWhileAChildEnds) {
    for (int turns = 0; turns < 6; ++turns) {
        asio::io_context loop(1);
        ClockWatch watch(loop.get_executor(), [] { return 0; }, [](const char*) {});
        ASSERT_TRUE(watch.start());
        loop.poll();
        bool closed = false;
        const auto close = [&] {
            asio::co_spawn(loop, watch.close(), [&](const std::exception_ptr&) { closed = true; });
        };
        std::function<void(int)> later = [&](int left) {
            if (left == 0) {
                close();
            } else {
                asio::post(loop, [&later, left] { later(left - 1); });
            }
        };
        asio::post(loop, [&] {
            std::raise(SIGCHLD);
            later(turns);
        });
        loop.restart();
        loop.run_for(std::chrono::seconds(2));
        EXPECT_TRUE(closed) << turns;
    }
}

}  // namespace
}  // namespace lima::hostagent
