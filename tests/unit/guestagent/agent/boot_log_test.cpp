#include "guestagent/agent/boot_log.hpp"

#include <gtest/gtest.h>

namespace lima::guestagent {
namespace {

class BootLogTest : public ::testing::Test {
protected:
    BootLogTest()
        : log_({.uptime_ms = [this] { return ++now_; },
                .disk_full = [this] { return full_; },
                .output = [this](const std::string&, std::size_t) { return output_; }},
               [this] { ++told_; }) {}

    std::vector<std::string> steps() {
        std::vector<std::string> out;
        std::uint64_t number = 0;
        while (const BootLog::Entry* entry = log_.after(number)) {
            EXPECT_GT(entry->number, number);
            number = entry->number;
            const BootStep& step = entry->step;
            std::string text = step.kind() + (step.name().empty() ? "" : ":" + step.name());
            text += std::array{" ?", " begin", " done", " failed"}[step.state()];
            text += step.detail().empty() ? "" : " (" + step.detail() + ")";
            text += step.instance_id().empty() ? "" : " =" + step.instance_id();
            text += step.disk_full() ? " full" : "";
            out.push_back(text);
        }
        return out;
    }
    using Steps = std::vector<std::string>;

    std::uint64_t now_ = 0;
    bool full_ = false;
    ScriptOutput output_{};
    int told_ = 0;
    BootLog log_;
};

TEST_F(BootLogTest, TellsEachThingOnce) {
    for (int i = 0; i < 3; ++i) {
        log_.network("10.0.2.15");
        log_.sshd();
        log_.marker("session", "iid-1\n");
        log_.marker("fuse", "");
        log_.cloud_init_status(R"({"v1":{"init":{"start":1,"finished":2,"errors":[]}}})");
        log_.cloud_init_status("{half");
        log_.cloud_init_result(R"({"v1":{"errors":[]}})");
        log_.scripts("1.00 begin a.sh\n1.50 end a.sh 0\n", false);
    }
    EXPECT_EQ(steps(), (Steps{"network done (10.0.2.15)", "sshd done", "session done =iid-1",
                              "cloud-init:init begin", "cloud-init:init done",
                              "cloud-init:result done", "script:a.sh begin", "script:a.sh done"}));
    EXPECT_EQ(told_, 8);
    EXPECT_FALSE(log_.boot_done());
    log_.marker("boot", "iid-1");
    EXPECT_TRUE(log_.boot_done());
}

TEST_F(BootLogTest, WaitsForTheLastWordsOfAFailedScript) {
    output_.lines = {"half"};
    EXPECT_FALSE(log_.scripts("1.00 begin a.sh\n2.00 end a.sh 3\n3.00 begin b.sh\n", false));
    EXPECT_EQ(steps(), Steps{"script:a.sh begin"});
    output_ = {.lines = {"half", "whole"}, .complete = true};
    EXPECT_TRUE(log_.scripts("1.00 begin a.sh\n2.00 end a.sh 3\n3.00 begin b.sh\n", false));
    EXPECT_EQ(steps(), (Steps{"script:a.sh begin", "script:a.sh failed (exit status 3)",
                              "script:b.sh begin"}));
    EXPECT_EQ(log_.after(1)->step.lines_size(), 2);
    EXPECT_EQ(log_.after(1)->step.uptime_ms(), 2000U);
}

TEST_F(BootLogTest, DoesNotWaitForEver) {
    EXPECT_TRUE(log_.scripts("1.00 begin a.sh\n2.00 end a.sh 3\n", true));
    EXPECT_EQ(steps().size(), 2U);
}

TEST_F(BootLogTest, SaysThatTheDiskIsFull) {
    full_ = true;
    log_.scripts("1.00 begin a.sh\n2.00 end a.sh 1\n3.00 begin b.sh\n4.00 end b.sh 0\n", true);
    log_.cloud_init_status(R"({"v1":{"init":{"start":1,"finished":2,"errors":["x"]}}})");
    EXPECT_EQ(steps(), (Steps{"script:a.sh begin", "script:a.sh failed (exit status 1) full",
                              "script:b.sh begin", "script:b.sh done", "cloud-init:init begin",
                              "cloud-init:init failed (x) full"}));
}

TEST_F(BootLogTest, ShowsTheRunningScriptAnewWhenItSaysMore) {
    EXPECT_FALSE(log_.refresh_running());
    log_.scripts("1.00 begin a.sh\n", false);
    output_.lines = {"one"};
    EXPECT_TRUE(log_.refresh_running());
    EXPECT_TRUE(log_.refresh_running());  // nothing new
    EXPECT_EQ(steps(), Steps{"script:a.sh begin"});
    EXPECT_EQ(told_, 2);
    EXPECT_EQ(log_.after(0)->number, 2U);
    EXPECT_EQ(log_.after(0)->step.lines(0), "one");
    EXPECT_EQ(log_.after(0)->step.uptime_ms(), 1000U);
    log_.scripts("1.00 begin a.sh\n2.00 end a.sh 0\n", false);
    EXPECT_FALSE(log_.refresh_running());
}

TEST_F(BootLogTest, BeginsAnewWithTheScripts) {
    log_.scripts("1.00 begin a.sh\n2.00 end a.sh 0\n", false);
    log_.scripts("", false);
    log_.scripts("9.00 begin a.sh\n", false);
    EXPECT_EQ(steps(), (Steps{"script:a.sh begin", "script:a.sh done", "script:a.sh begin"}));
}

TEST_F(BootLogTest, KeepsTheLastThousand) {
    for (int i = 0; i < 3000; ++i) {
        log_.marker("session", fmt::format("iid-{}", i));
    }
    EXPECT_EQ(steps().size(), 1000U);
    EXPECT_EQ(steps().back(), "session done =iid-2999");
}

}  // namespace
}  // namespace lima::guestagent
