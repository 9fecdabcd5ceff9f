#include "core/hostagent/boot_state.hpp"

#include <gtest/gtest.h>

namespace lima::hostagent {
namespace {

using State = BootStep::State;

class BootStateTest : public testing::Test {
protected:
    static BootStep step(std::string kind, std::string name, State how, int uptime = 0) {
        BootStep out{.kind = std::move(kind), .name = std::move(name), .state = how};
        out.uptime = std::chrono::milliseconds(uptime);
        return out;
    }
    static BootStep marker(std::string kind, std::string id) {
        BootStep out = step(std::move(kind), "", State::kDone);
        out.instance_id = std::move(id);
        return out;
    }
    bool take(const BootStep& what) { return state_.take(what, now_); }

    BootState::Clock::time_point now_ = BootState::Clock::now();
    BootState state_{"iid-2"};
};

TEST_F(BootStateTest, MilestonesNeedTheirInstanceId) {
    EXPECT_TRUE(take(step("sshd", "", State::kDone)));
    EXPECT_TRUE(state_.has(Milestone::kSshd));
    take(marker("session", "iid-1"));  // of an earlier start
    EXPECT_FALSE(state_.has(Milestone::kSession));
    take(marker("session", "iid-2"));
    EXPECT_TRUE(state_.has(Milestone::kSession));
    EXPECT_TRUE(state_.keys_are_set());
    EXPECT_FALSE(state_.over());
    take(marker("fuse", "iid-2"));
    take(marker("boot", "iid-2"));
    EXPECT_TRUE(state_.has(Milestone::kFuse));
    EXPECT_TRUE(state_.has(Milestone::kBoot));
    EXPECT_TRUE(state_.over());
}

TEST_F(BootStateTest, TheScriptThatRunsIsKnown) {
    take(step("script", "boot.Linux/a.sh", State::kBegin, 1));
    ASSERT_TRUE(state_.running());
    now_ += std::chrono::seconds(10);
    BootStep slow = step("script", "boot.Linux/a.sh", State::kBegin, 1);
    slow.lines = {"downloading"};
    EXPECT_TRUE(take(slow));
    EXPECT_EQ(state_.running()->lines, slow.lines);
    EXPECT_EQ(now_ - state_.running()->since, std::chrono::seconds(10));
    take(step("script", "boot.Linux/a.sh", State::kDone, 2));
    EXPECT_FALSE(state_.running());
}

TEST_F(BootStateTest, AFailureNamesScriptStatusLinesAndHint) {
    BootStep failed = step("script", "provision.system/00000000", State::kFailed);
    failed.detail = "exit status 3";
    failed.lines = {"one", "two"};
    EXPECT_TRUE(take(failed));
    EXPECT_FALSE(take(failed));  // told again after a reconnection
    ASSERT_EQ(state_.failures().size(), 1U);
    const Error& error = state_.failures()[0];
    EXPECT_EQ(error.text(),
              "the provisioning script \"provision.system/00000000\" has failed: exit status 3; "
              "its last lines:\none\ntwo");
    EXPECT_EQ(error.phase(), "script");
    EXPECT_NE(error.hint().find("cloud-init-output.log"), std::string::npos);

    failed.name = "boot.Linux/30.sh";
    failed.disk_full = true;
    take(failed);
    EXPECT_NE(state_.failures()[1].text().find("boot script"), std::string::npos);
    EXPECT_NE(state_.failures()[1].text().find("disk is full"), std::string::npos);
    EXPECT_NE(state_.failures()[1].hint().find("`disk`"), std::string::npos);
}

TEST_F(BootStateTest, TheEndOfCloudInitEndsTheBoot) {
    take(step("cloud-init", "modules-final", State::kDone));
    EXPECT_FALSE(state_.over());
    BootStep result = step("cloud-init", "result", State::kFailed);
    result.detail = "no such user";
    take(result);
    EXPECT_TRUE(state_.over());
    EXPECT_FALSE(state_.has(Milestone::kBoot));
    EXPECT_EQ(state_.cloud_init_errors(), "no such user");
}

TEST_F(BootStateTest, AnotherBootIdBeginsAnew) {
    state_.take_boot_id("a");
    take(step("sshd", "", State::kDone));
    state_.take_boot_id("a");
    EXPECT_TRUE(state_.has(Milestone::kSshd));
    state_.take_boot_id("b");
    EXPECT_FALSE(state_.has(Milestone::kSshd));
    EXPECT_TRUE(take(step("sshd", "", State::kDone)));
}

}  // namespace
}  // namespace lima::hostagent
