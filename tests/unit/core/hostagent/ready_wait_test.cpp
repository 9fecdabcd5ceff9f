// Which way a requirement is found to hold: the agent's word, or a probe.
#include "core/hostagent/ready_wait.hpp"

#include "tests/unit/core/hostagent/fake_guest.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <thread>

namespace lima::hostagent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

class ReadyWaitTest : public testing::Test {
protected:
    ReadyWaitTest() { guest_.answers = {FakeGuest::fails(Code::kUnavailable, "refused")}; }
    ~ReadyWaitTest() override {
        wait_.stop();
        run_until([this] { return !running_; });
        pool_.join();
    }
    static ReadyTiming quick() {
        ReadyTiming timing;
        timing.probe.first_pause = milliseconds(5);
        timing.probe.max_pause = milliseconds(20);
        timing.last_chance = milliseconds(60);
        return timing;
    }
    static Requirement requirement(Milestone milestone, bool verify = false) {
        Requirement out;
        out.group = "essential";
        out.phase = "phase";
        out.description = "it";
        out.script = "#!/bin/sh\ntrue\n";
        out.hint = "look there";
        out.milestone = milestone;
        out.verify = verify;
        return out;
    }
    void begin(Requirement what, seconds within = seconds(60)) {
        running_ = true;
        asio::co_spawn(loop_, wait_.satisfy(std::move(what), Clock::now() + within),
                       [this](const std::exception_ptr& escaped, Result<void> result) {
                           EXPECT_FALSE(escaped);
                           running_ = false;
                           result_ = std::move(result);
                       });
    }
    bool run_until(const std::function<bool()>& enough, milliseconds most = seconds(20)) {
        const auto deadline = Clock::now() + most;
        while (!enough() && Clock::now() < deadline) {
            loop_.restart();
            loop_.run_one_for(milliseconds(5));
        }
        return enough();
    }
    void run_for(milliseconds time) {
        run_until([] { return false; }, time);
    }
    bool ends() {
        return run_until([this] { return !running_; });
    }
    void step(std::string kind, std::string id = "iid", std::string name = "",
              BootStep::State state = BootStep::State::kDone) {
        BootStep what{.kind = std::move(kind), .name = std::move(name), .state = state};
        what.instance_id = std::move(id);
        state_.take(what, Clock::now());
        wait_.changed();
    }
    int probes() const { return probes_; }

    asio::io_context loop_{1};
    asio::thread_pool pool_{1};
    BootState state_{"iid"};
    FakeGuest guest_;
    std::atomic<int> probes_ = 0;
    ReadyWait wait_{loop_.get_executor(), pool_, guest_, state_, quick()};
    bool running_ = false;
    std::optional<Result<void>> result_;
};

TEST_F(ReadyWaitTest, WithoutAStreamItIsProbed) {
    guest_.answers = {FakeGuest::fails(Code::kUnavailable, "refused"), FakeGuest::exits(0)};
    begin(requirement(Milestone::kBoot));
    ASSERT_TRUE(ends());
    EXPECT_TRUE(*result_);
    EXPECT_EQ(guest_.commands.size(), 2U);
}

TEST_F(ReadyWaitTest, WithAStreamNothingIsAsked) {
    wait_.stream(true);
    begin(requirement(Milestone::kBoot));
    run_for(milliseconds(40));
    EXPECT_TRUE(running_);
    step("boot", "iid-of-before");
    run_for(milliseconds(20));
    EXPECT_TRUE(running_);
    step("boot");
    ASSERT_TRUE(ends());
    EXPECT_TRUE(*result_);
    EXPECT_TRUE(guest_.commands.empty());
}

TEST_F(ReadyWaitTest, AStreamThatComesUpEndsTheProbe) {
    begin(requirement(Milestone::kSession));
    run_for(milliseconds(30));
    wait_.stream(true);
    EXPECT_GE(guest_.interrupts, 1);
    run_for(milliseconds(60));
    const std::size_t asked = guest_.commands.size();
    run_for(milliseconds(60));
    EXPECT_EQ(guest_.commands.size(), asked);
    step("session");
    ASSERT_TRUE(ends());
    EXPECT_TRUE(*result_);
}

TEST_F(ReadyWaitTest, AStreamThatIsLostLetsTheProbeIn) {
    wait_.stream(true);
    begin(requirement(Milestone::kSession));
    run_for(milliseconds(20));
    guest_.answers = {FakeGuest::exits(0)};
    wait_.stream(false);
    ASSERT_TRUE(ends());
    EXPECT_TRUE(*result_);
    EXPECT_EQ(guest_.commands.size(), 1U);
}

TEST_F(ReadyWaitTest, SshIsVerifiedByALogin) {
    wait_.stream(true);
    begin(requirement(Milestone::kSshd, true));
    run_for(milliseconds(30));
    EXPECT_TRUE(guest_.commands.empty());
    guest_.answers = {FakeGuest::exits(0)};
    step("sshd");
    ASSERT_TRUE(ends());
    EXPECT_TRUE(*result_);
    EXPECT_EQ(guest_.commands.size(), 1U);
}

TEST_F(ReadyWaitTest, WithTheSessionThereTheMasterProvesIt) {
    wait_.stream(true);
    step("session");
    step("sshd");
    begin(requirement(Milestone::kSshd, true));
    ASSERT_TRUE(ends());
    EXPECT_TRUE(*result_);
    EXPECT_TRUE(guest_.commands.empty());
}

TEST_F(ReadyWaitTest, ALoginThatIsUnderWayIsNotDisturbed) {
    guest_.in_login = true;
    begin(requirement(Milestone::kSshd, true));
    run_for(milliseconds(20));
    wait_.stream(true);
    step("sshd");
    EXPECT_EQ(guest_.interrupts, 0);
    wait_.stop();
    ASSERT_TRUE(ends());
    EXPECT_EQ(result_->error().code(), Code::kCancelled);
}

TEST_F(ReadyWaitTest, NoSshdAfterTheBootIsSaidSoon) {
    wait_.stream(true);
    begin(requirement(Milestone::kSshd, true));
    run_for(milliseconds(20));
    step("boot");
    ASSERT_TRUE(ends());
    ASSERT_FALSE(*result_);
    EXPECT_NE(result_->error().text().find("no ssh server answers"), std::string::npos)
        << result_->error().text();
    EXPECT_NE(result_->error().hint().find("masked"), std::string::npos);
    EXPECT_EQ(result_->error().phase(), "phase");
}

TEST_F(ReadyWaitTest, ARefusedKeyIsFinalOnceTheGuestHasItsKeys) {
    guest_.answers = {FakeGuest::fails(Code::kPermissionDenied, "refused the key")};
    wait_.stream(true);
    step("sshd");
    guest_.in_login = true;
    begin(requirement(Milestone::kSshd, true));
    run_for(milliseconds(60));
    EXPECT_TRUE(running_);
    step("session");
    ASSERT_TRUE(ends());
    ASSERT_FALSE(*result_);
    EXPECT_EQ(result_->error().text(), "the guest does not accept the key: refused the key");
    EXPECT_EQ(result_->error().code(), Code::kPermissionDenied);
}

TEST_F(ReadyWaitTest, BootScriptsThatDidNotRunAreSaidAtOnce) {
    wait_.stream(true);
    begin(requirement(Milestone::kBoot));
    run_for(milliseconds(10));
    step("cloud-init", "", "result", BootStep::State::kFailed);
    ASSERT_TRUE(ends());
    ASSERT_FALSE(*result_);
    EXPECT_NE(result_->error().text().find("boot scripts did not run"), std::string::npos)
        << result_->error().text();
}

TEST_F(ReadyWaitTest, WhatTheBootDidNotBringIsNotWaitedFor) {
    guest_.answers = {FakeGuest::exits(1, "", "nerdctl is not installed yet")};
    Requirement binaries = requirement(Milestone::kNone);
    binaries.of_the_boot = true;
    wait_.stream(true);
    begin(binaries);
    run_for(milliseconds(30));
    EXPECT_TRUE(running_);
    step("boot");
    ASSERT_TRUE(ends());
    ASSERT_FALSE(*result_);
    EXPECT_NE(result_->error().text().find("nerdctl is not installed"), std::string::npos)
        << result_->error().text();
}

TEST_F(ReadyWaitTest, TheTimeLimitNamesTheScriptThatRuns) {
    wait_.stream(true);
    BootStep slow{
        .kind = "script", .name = "provision.system/00000000", .state = BootStep::State::kBegin};
    slow.lines = {"still waiting"};
    state_.take(slow, Clock::now());
    begin(requirement(Milestone::kBoot), seconds(0));
    ASSERT_TRUE(ends());
    ASSERT_FALSE(*result_);
    EXPECT_EQ(result_->error().code(), Code::kDeadlineExceeded);
    EXPECT_EQ(result_->error().text(),
              "the essential requirement \"it\" was not satisfied in time: the provisioning script "
              "\"provision.system/00000000\" has been running for 0 s; its last lines:\n"
              "still waiting");
}

}  // namespace
}  // namespace lima::hostagent
