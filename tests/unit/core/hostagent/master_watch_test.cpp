#include "core/hostagent/master_watch.hpp"

#include "core/base/process.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <atomic>

namespace lima::hostagent {
namespace {

using std::chrono::milliseconds;

/// A process that sleeps is the master.
class MasterWatchTest : public testing::Test {
protected:
    MasterWatchTest() {
        new_master();
        MasterWatchSetup setup;
        setup.find = [this]() -> Result<pid_t> { return master_.pid(); };
        setup.make = [this]() -> Result<void> {
            ++tries_;
            if (!reachable_) {
                return fail(Code::kUnavailable, "nobody answers");
            }
            new_master();
            return {};
        };
        setup.on_another = [this]() -> asio::awaitable<void> {
            ++others_;
            co_return;
        };
        setup.first_pause = milliseconds(10);
        setup.max_pause = milliseconds(60'000);
        watch_ = std::make_unique<MasterWatch>(loop_.get_executor(), pool_, std::move(setup));
        watch_->start();
    }
    ~MasterWatchTest() override {
        bool closed = false;
        asio::co_spawn(loop_, watch_->close(), [&](const std::exception_ptr&) { closed = true; });
        EXPECT_TRUE(run_until([&] { return closed; }));
        pool_.join();
        if (alive_) {
            kill_master();
        }
    }
    void new_master() {
        master_ = std::move(*spawn({.argv = {"sleep", "600"}}));
        alive_ = true;
    }
    void kill_master() {
        alive_ = false;
        ASSERT_TRUE(master_.terminate(milliseconds(0)));
    }
    bool run_until(const std::function<bool()>& enough) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!enough() && std::chrono::steady_clock::now() < deadline) {
            loop_.restart();
            loop_.run_one_for(milliseconds(20));
        }
        return enough();
    }
    void run_for(milliseconds time) {
        run_until([until = std::chrono::steady_clock::now() + time] {
            return std::chrono::steady_clock::now() > until;
        });
    }

    asio::io_context loop_{1};
    asio::thread_pool pool_{1};
    Child master_;
    std::atomic<bool> alive_ = false;
    std::atomic<bool> reachable_ = true;
    std::atomic<int> tries_ = 0;
    int others_ = 0;
    std::unique_ptr<MasterWatch> watch_;
};

TEST_F(MasterWatchTest, EachThatEndsIsReplaced) {
    run_for(milliseconds(50));
    EXPECT_EQ(tries_, 0);
    for (int i = 1; i <= 3; ++i) {
        kill_master();
        ASSERT_TRUE(run_until([&] { return others_ == i; }));
        EXPECT_EQ(tries_, i);
    }
}

TEST_F(MasterWatchTest, AGuestThatIsAwayIsTriedWithPausesAndAtOnceWhenItIsBack) {
    run_for(milliseconds(50));
    reachable_ = false;
    kill_master();
    ASSERT_TRUE(run_until([&] { return tries_ >= 6; }));
    EXPECT_EQ(others_, 0);
    const int before = tries_;
    reachable_ = true;
    watch_->wake();
    ASSERT_TRUE(run_until([&] { return others_ == 1; }));
    EXPECT_EQ(tries_, before + 1);
}

TEST_F(MasterWatchTest, ClosesWhileItWaitsForAGuest) {
    run_for(milliseconds(50));
    reachable_ = false;
    kill_master();
    ASSERT_TRUE(run_until([&] { return tries_ >= 2; }));
}

}  // namespace
}  // namespace lima::hostagent
