#include "core/hostapi/follow.hpp"

#include "core/base/fs.hpp"
#include "core/base/process.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace lima::hostapi {
namespace {

using std::chrono::milliseconds;

class Follow : public testing::Test {
protected:
    FollowOptions options() {
        FollowOptions out;
        out.instance_dir = dir_.path();
        out.begin = std::chrono::system_clock::now();
        out.timeout = std::chrono::seconds(20);
        out.on_event = [this](const Event& event) {
            seen_.push_back(event.status);
            return event.status.running || event.status.exiting;
        };
        return out;
    }
    static std::string line(Status status, milliseconds age = milliseconds(0)) {
        return encode(Event{.time = std::chrono::system_clock::now() + milliseconds(5) - age,
                            .status = std::move(status)}) +
               "\n";
    }
    static Status running() {
        Status status;
        status.running = true;
        return status;
    }
    static Status booting(int port) {
        Status status;
        status.ssh_local_port = port;
        return status;
    }
    void append(const std::string& text, const char* file = "ha.stdout.log") {
        ASSERT_TRUE(fs::append_file(dir_.path() / file, text));
    }

    fs::TempDir dir_ = *fs::TempDir::create("follow");
    std::vector<Status> seen_;
};

TEST_F(Follow, SeesEventsOfAFileThatComesLaterInPieces) {
    const FollowOptions follow_options = options();
    std::jthread writer([this] {
        std::this_thread::sleep_for(milliseconds(30));
        const std::string first = line(booting(7));
        append(first.substr(0, 10));
        std::this_thread::sleep_for(milliseconds(30));
        append(first.substr(10) + line(running()));
    });
    const auto result = follow(follow_options);
    ASSERT_TRUE(result) << result.error().text();
    ASSERT_EQ(seen_.size(), 2U);
    EXPECT_EQ(seen_[0].ssh_local_port, 7);
    EXPECT_TRUE(seen_[1].running);
}

TEST_F(Follow, SkipsAnEarlierRunAndFollowsTheNewFile) {
    append(line(running(), std::chrono::minutes(1)));
    const FollowOptions follow_options = options();
    std::jthread writer([this] {
        std::this_thread::sleep_for(milliseconds(30));
        ASSERT_TRUE(fs::write_file_atomic(dir_.path() / "ha.stdout.log", line(booting(9))));
        std::this_thread::sleep_for(milliseconds(30));
        append(line(running()));
    });
    ASSERT_TRUE(follow(follow_options));
    ASSERT_EQ(seen_.size(), 2U);
    EXPECT_EQ(seen_[0].ssh_local_port, 9);
}

TEST_F(Follow, TimesOut) {
    FollowOptions follow_options = options();
    follow_options.timeout = milliseconds(40);
    append(line(booting(1)));
    const auto result = follow(follow_options);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kDeadlineExceeded);
}

TEST_F(Follow, TheEndOfTheAgentIsNoticedWithItsLastError) {
    SpawnOptions spawn_options;
    spawn_options.argv = {"sleep", "0.1"};
    auto child = spawn(spawn_options);
    ASSERT_TRUE(child);
    FollowOptions follow_options = options();
    follow_options.agent_pidfd = child->pidfd();
    append(R"({"level":"fatal","msg":"no such driver","time":")" +
               format_rfc3339(std::chrono::system_clock::now()) + "\"}\n",
           "ha.stderr.log");
    const auto result = follow(follow_options);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kUnavailable);
    EXPECT_NE(result.error().text().find("no such driver"), std::string::npos);
    EXPECT_NE(result.error().hint().find("ha.stderr.log"), std::string::npos);
    EXPECT_TRUE(child->wait());
}

TEST_F(Follow, TheLastEventOfAnAgentThatEndedStillCounts) {
    SpawnOptions spawn_options;
    spawn_options.argv = {"true"};
    auto child = spawn(spawn_options);
    ASSERT_TRUE(child);
    FollowOptions follow_options = options();
    follow_options.agent_pidfd = child->pidfd();
    Status exiting;
    exiting.exiting = true;
    append(line(exiting));
    EXPECT_TRUE(follow(follow_options));
    EXPECT_TRUE(child->wait());
}

TEST_F(Follow, AnEventThatAFullDiskCutIsSkipped) {
    Status running;
    running.running = true;
    append(line(running).substr(0, 20) + "\n\n" + line(running));
    EXPECT_TRUE(follow(options()));
}

TEST_F(Follow, TextThatIsNoEventStopsIt) {
    append("Segmentation fault\n");
    const auto result = follow(options());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace lima::hostapi
