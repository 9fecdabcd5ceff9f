#include "core/instance/ready_watch.hpp"

#include <gtest/gtest.h>

namespace lima::instance {
namespace {

class ReadyWatchTest : public testing::Test {
protected:
    bool take(hostapi::Status status) { return watch_.take({.time = {}, .status = status}); }
    static hostapi::Status phase(std::string name, std::string state, std::string detail,
                                 std::string hint = "") {
        hostapi::Status status;
        status.phase = hostapi::PhaseEvent{.name = std::move(name),
                                           .state = std::move(state),
                                           .detail = std::move(detail),
                                           .hint = std::move(hint)};
        return status;
    }
    static hostapi::Status running() {
        hostapi::Status status;
        status.running = true;
        return status;
    }

    ReadyWatch watch_{"x", "/h/x", false};
};

TEST_F(ReadyWatchTest, RunningIsEnough) {
    EXPECT_FALSE(take(phase("ssh", "begin", "ssh")));
    EXPECT_TRUE(take(running()));
    EXPECT_TRUE(watch_.verdict({}));
}

TEST_F(ReadyWatchTest, DegradedIsAnErrorWithItsCause) {
    EXPECT_FALSE(take(phase("boot", "failed", "slow", "see the log")));
    hostapi::Status status = running();
    status.degraded = true;
    status.errors = {"boot scripts hang"};
    EXPECT_TRUE(take(status));
    const auto verdict = watch_.verdict({});
    ASSERT_FALSE(verdict);
    EXPECT_NE(verdict.error().text().find("degraded: boot scripts hang"), std::string::npos);
    EXPECT_EQ(verdict.error().phase(), "boot");
    EXPECT_EQ(verdict.error().hint(), "see the log; the host agent's log is `/h/x/ha.stderr.log`");
}

TEST_F(ReadyWatchTest, ExitingAfterAnErrorTellsTheError) {
    hostapi::Status failed = phase("vm", "failed", "no KVM", "use TCG");
    failed.errors = {"no KVM"};
    EXPECT_FALSE(take(failed));
    hostapi::Status exiting;
    exiting.exiting = true;
    EXPECT_TRUE(take(exiting));
    const auto verdict = watch_.verdict({});
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().text(), "no KVM");
    EXPECT_EQ(verdict.error().phase(), "vm");
}

TEST_F(ReadyWatchTest, ExitingWithoutCauseWasAskedFor) {
    hostapi::Status exiting;
    exiting.exiting = true;
    EXPECT_TRUE(take(exiting));
    EXPECT_NE(watch_.verdict({}).error().text().find("was stopped"), std::string::npos);
}

TEST_F(ReadyWatchTest, AnAgentThatDiedIsQuoted) {
    const auto verdict = watch_.verdict(fail(Code::kUnavailable, "the host agent has ended: boom"));
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().text(), "the host agent has ended: boom");
}

TEST_F(ReadyWatchTest, TheTimeLimitNamesThePhase) {
    EXPECT_FALSE(take(phase("ssh", "begin", "waiting for ssh")));
    const auto verdict = watch_.verdict(fail(Code::kDeadlineExceeded, "late"));
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().code(), Code::kDeadlineExceeded);
    EXPECT_NE(verdict.error().text().find("\"running\" status"), std::string::npos);
    EXPECT_NE(verdict.error().text().find("\"ssh\": waiting for ssh"), std::string::npos);
}

TEST_F(ReadyWatchTest, TheTimeLimitNamesTheScriptThatRuns) {
    EXPECT_FALSE(take(phase("boot", "begin", "boot scripts must have finished")));
    EXPECT_FALSE(take(phase("script", "begin", "boot.Linux/a.sh")));
    EXPECT_FALSE(take(phase("script", "done", "boot.Linux/a.sh")));
    hostapi::Status slow = phase("script", "slow", "provision.system/00000000");
    slow.phase->seconds = 30;
    slow.phase->lines = {"waiting"};
    EXPECT_FALSE(take(slow));
    const auto verdict = watch_.verdict(fail(Code::kDeadlineExceeded, "late"));
    ASSERT_FALSE(verdict);
    EXPECT_NE(verdict.error().text().find("still in the phase \"boot\""), std::string::npos);
    EXPECT_NE(verdict.error().text().find("the guest runs \"provision.system/00000000\" for more "
                                          "than 30 s, which said last:\nwaiting"),
              std::string::npos)
        << verdict.error().text();
    EXPECT_EQ(verdict.error().phase(), "boot");
}

TEST_F(ReadyWatchTest, ProgressWaitsForCloudInitToo) {
    ReadyWatch watch("x", "/h/x", true);
    EXPECT_FALSE(watch.take({.time = {}, .status = running()}));
    hostapi::Status done = running();
    done.cloud_init = hostapi::CloudInitProgress{.log_line = "finished", .completed = true};
    EXPECT_TRUE(watch.take({.time = {}, .status = done}));
}

}  // namespace
}  // namespace lima::instance
