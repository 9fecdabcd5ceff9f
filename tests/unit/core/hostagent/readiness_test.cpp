#include "core/hostagent/readiness.hpp"

#include "tests/unit/core/hostagent/fake_guest.hpp"

#include <gtest/gtest.h>

namespace lima::hostagent {
namespace {

using std::chrono::milliseconds;

class Readiness : public testing::Test {
protected:
    Result<void> satisfy_within(milliseconds time) {
        return satisfy(requirement_, guest_, std::chrono::steady_clock::now() + time, cancel_,
                       {milliseconds(2), milliseconds(5), milliseconds(1000)});
    }
    static Requirement some_requirement() {
        Requirement requirement;
        requirement.group = "essential";
        requirement.phase = "ssh";
        requirement.description = "it works";
        requirement.script = "#!/bin/sh\ntrue\n";
        requirement.hint = "look there";
        return requirement;
    }

    Requirement requirement_ = some_requirement();
    FakeGuest guest_;
    driver::Cancel cancel_;
};

TEST_F(Readiness, SatisfiedAtOnce) {
    guest_.answers = {FakeGuest::exits(0)};
    EXPECT_TRUE(satisfy_within(std::chrono::seconds(10)));
    EXPECT_EQ(guest_.commands, std::vector<std::string>{"/bin/sh"});
    EXPECT_EQ(guest_.inputs, std::vector<std::string>{requirement_.script});
    EXPECT_EQ(guest_.over_master, 0);
}

TEST_F(Readiness, UnreachableThenNotYetThenTrue) {
    guest_.answers = {FakeGuest::fails(Code::kUnavailable, "refused"),
                      FakeGuest::fails(Code::kPermissionDenied, "no key"),
                      FakeGuest::exits(1, {}, "not yet"), FakeGuest::exits(0)};
    EXPECT_TRUE(satisfy_within(std::chrono::seconds(10)));
    EXPECT_EQ(guest_.commands.size(), 4U);
}

TEST_F(Readiness, TheEndOfTimeNamesRequirementOutputAndHint) {
    guest_.answers = {FakeGuest::exits(1, "out", "first\nsecond\n")};
    const auto result = satisfy_within(milliseconds(30));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kDeadlineExceeded);
    EXPECT_EQ(result.error().text(),
              "the essential requirement \"it works\" was not satisfied in time: first\nsecond");
    EXPECT_EQ(result.error().hint(), "look there");
    EXPECT_EQ(result.error().phase(), "ssh");
    EXPECT_GT(guest_.commands.size(), 1U);
}

TEST_F(Readiness, AFatalNoIsNotAskedAgain) {
    requirement_.fatal = true;
    guest_.answers = {FakeGuest::fails(Code::kUnavailable, "not yet there"),
                      FakeGuest::exits(1, "no systemd")};
    const auto result = satisfy_within(std::chrono::seconds(10));
    ASSERT_FALSE(result);
    EXPECT_EQ(guest_.commands.size(), 2U);
    EXPECT_EQ(result.error().text(),
              "the essential requirement \"it works\" is not satisfied: no systemd");
}

TEST_F(Readiness, CancelEndsTheWait) {
    guest_.answers = {FakeGuest::exits(1)};
    guest_.on_run = [this] { cancel_.trigger(); };
    const auto result = satisfy_within(std::chrono::minutes(5));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kCancelled);
    EXPECT_EQ(guest_.commands.size(), 1U);
}

TEST_F(Readiness, TheMasterIsUsedWhenAskedFor) {
    requirement_.uses_master = true;
    guest_.answers = {FakeGuest::exits(0)};
    EXPECT_TRUE(satisfy_within(std::chrono::seconds(10)));
    EXPECT_EQ(guest_.over_master, 1);
}

}  // namespace
}  // namespace lima::hostagent
