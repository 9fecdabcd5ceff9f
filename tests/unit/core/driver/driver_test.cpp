#include "core/driver/driver.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/lock.hpp"
#include "core/base/process.hpp"
#include "core/driver/remote.hpp"
#include "tests/support/temp_home.hpp"
#include "tests/unit/core/driver/driver_support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>

namespace lima::driver {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

Result<std::unique_ptr<Driver>> open_as_module(OpenOptions options) {
    return Driver::open(null_module(), std::move(options));
}
Result<std::unique_ptr<Driver>> open_linked(OpenOptions options) {
    return Driver::open_static(&lima_driver_entry, std::move(options));
}
using Opener = decltype(&open_linked);

/// The null driver through its whole life, as a module and linked in.
class NullDriverTest : public testing::TestWithParam<Opener> {
protected:
    NullDriverTest() : dir_(*fs::TempDir::create("null")), driver_(open()) {}

    std::unique_ptr<Driver> open() {
        OpenOptions options;
        options.on_event = events_.handler();
        auto driver = GetParam()(std::move(options));
        EXPECT_TRUE(driver) << driver.error().text();
        return std::move(*driver);
    }
    Result<Json> configure(Driver& driver, const Json& knobs = Json::object()) const {
        return driver.configure({{"name", "x"},
                                 {"dir", dir_.path().string()},
                                 {"unknown", {1, 2}},
                                 {"config", {{"vmOpts", {{"null", knobs}}}}}});
    }
    std::filesystem::path pid_file() const { return dir_.path() / "null.pid"; }
    PidFileState vm() const { return read_pid_file(pid_file()).value_or(PidFileState()); }
    void TearDown() override {
        if (driver_) {
            EXPECT_TRUE(driver_->stop());
        }
    }

    fs::TempDir dir_;
    Events events_;
    std::unique_ptr<Driver> driver_;
};

INSTANTIATE_TEST_SUITE_P(Openers, NullDriverTest, testing::Values(&open_as_module, &open_linked),
                         [](const auto& p) { return p.index == 0 ? "Module" : "Static"; });

TEST_P(NullDriverTest, TellsAboutItself) {
    EXPECT_EQ(driver_->name(), "null");
    EXPECT_EQ(driver_->version(), "1.0.0");
    auto info = driver_->info();
    ASSERT_TRUE(info) << info.error().text();
    EXPECT_EQ(info->name, "null");
    EXPECT_FALSE(info->needs_image);
    EXPECT_FALSE(info->has_guest);
    EXPECT_TRUE(info->no_cloud_init);
    EXPECT_EQ(info->instance_dir, "");
    ASSERT_TRUE(configure(*driver_));
    EXPECT_EQ(driver_->info()->instance_dir, dir_.path().string());
}

TEST_P(NullDriverTest, ConfigureEchoesWhatItDoesNotKnow) {
    const auto configured = configure(*driver_);
    ASSERT_TRUE(configured) << configured.error().text();
    EXPECT_EQ((*configured)["unknown"].dump(), "[1,2]");
}

TEST_P(NullDriverTest, RefusesWrongKnobs) {
    EXPECT_EQ(error_text(configure(*driver_, {{"hangStop", 3}})),
              "field `vmOpts.null.hangStop` must be true or false, got 3");
    EXPECT_EQ(error_text(configure(*driver_, {{"exitCode", 256}})),
              "field `vmOpts.null.exitCode` must be a number from 0 to 255, got 256");
    EXPECT_EQ(error_text(configure(*driver_, {{"exitcode", 1}})),
              "field `vmOpts.null.exitcode` is unknown");
}

TEST_P(NullDriverTest, RunsAndStops) {
    ASSERT_TRUE(configure(*driver_));
    EXPECT_TRUE(driver_->validate());
    EXPECT_TRUE(driver_->create());
    EXPECT_TRUE(driver_->create_disk());
    ASSERT_TRUE(driver_->start());
    EXPECT_TRUE(vm().held);
    EXPECT_THAT(error_text(driver_->start()), HasSubstr("runs already"));
    ASSERT_TRUE(configure(*driver_));  // on a VM that runs: disturbs nothing
    EXPECT_TRUE(vm().held);
    ASSERT_TRUE(driver_->stop());
    EXPECT_FALSE(fs::exists(pid_file()));
    const Json exited = events_.wait("exited");
    EXPECT_EQ(exited["signal"], SIGTERM);
    EXPECT_THAT(events_.types(), ElementsAre("started", "exited"));
    EXPECT_TRUE(driver_->stop());
    ASSERT_TRUE(driver_->start());
    EXPECT_TRUE(driver_->remove());
}

TEST_P(NullDriverTest, TellsHowTheVmEnded) {
    ASSERT_TRUE(configure(*driver_, {{"exitAfter", 20}, {"exitCode", 3}}));
    ASSERT_TRUE(driver_->start());
    const Json exited = events_.wait("exited");
    EXPECT_EQ(exited["code"], 3);
    EXPECT_EQ(exited["signal"], 0);
    EXPECT_EQ(exited["stderr"], "the null VM ends with exit code 3\n");
    EXPECT_THAT(events_.types(), ElementsAre("started", "exited"));
    EXPECT_FALSE(fs::exists(pid_file()));
}

TEST_P(NullDriverTest, TellsThatTheVmWasKilled) {
    ASSERT_TRUE(configure(*driver_));
    ASSERT_TRUE(driver_->start());
    kill(vm().pid, SIGKILL);
    EXPECT_EQ(events_.wait("exited")["signal"], SIGKILL);
}

TEST_P(NullDriverTest, FailsWithTextAndHint) {
    ASSERT_TRUE(configure(*driver_, {{"failStart", "no luck today"}}));
    const auto result = driver_->start();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kUnavailable);
    EXPECT_EQ(result.error().text(), "no luck today");
    EXPECT_THAT(result.error().hint(), HasSubstr("failStart"));
    EXPECT_FALSE(vm().held);
}

TEST_P(NullDriverTest, StartCanBeCancelled) {
    ASSERT_TRUE(configure(*driver_, {{"startDelay", 60'000}}));
    Cancel cancel;
    std::thread canceller([&] {
        std::this_thread::sleep_for(milliseconds(20));
        cancel.trigger();
    });
    const auto result = driver_->start(&cancel);
    canceller.join();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kCancelled);
    EXPECT_FALSE(vm().held);
}

TEST_P(NullDriverTest, AStopThatHangsIsEndedByCancelling) {
    ASSERT_TRUE(configure(*driver_, {{"hangStop", true}}));
    ASSERT_TRUE(driver_->start());
    Cancel cancel;
    std::thread canceller([&] {
        std::this_thread::sleep_for(milliseconds(20));
        cancel.trigger();
    });
    const auto result = driver_->stop(&cancel);
    canceller.join();
    EXPECT_TRUE(result) << result.error().text();
    EXPECT_EQ(events_.wait("exited")["signal"], SIGKILL);
    EXPECT_FALSE(vm().held);
}

TEST_P(NullDriverTest, ASecondHostCannotStartTheSameVm) {
    ASSERT_TRUE(configure(*driver_));
    ASSERT_TRUE(driver_->start());
    const auto other = open();
    ASSERT_TRUE(configure(*other));
    const auto result = other->start();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kAlreadyExists);
    EXPECT_THAT(result.error().text(), HasSubstr(std::to_string(vm().pid)));
}

TEST_P(NullDriverTest, TheVmOutlivesItsHostAndIsAdopted) {
    ASSERT_TRUE(configure(*driver_));
    ASSERT_TRUE(driver_->start());
    const PidFileState before = vm();
    driver_.reset();
    EXPECT_TRUE(vm().held);
    EXPECT_EQ(vm().pid, before.pid);

    driver_ = open();
    ASSERT_TRUE(configure(*driver_));
    EXPECT_TRUE(driver_->has_extension(LIMA_EXT_ADOPT));
    const auto adopted = driver_->adopt();
    ASSERT_TRUE(adopted) << adopted.error().text();
    EXPECT_THAT(error_text(driver_->start()), HasSubstr("runs already"));
    ASSERT_TRUE(driver_->stop());
    EXPECT_EQ(events_.wait("exited")["code"], -1);
    EXPECT_FALSE(fs::exists(pid_file()));
    EXPECT_EQ(driver_->adopt().error().code(), Code::kNotFound);
    ASSERT_TRUE(driver_->start());
}

TEST_P(NullDriverTest, NothingIsAdoptedThatIsNotLocked) {
    ASSERT_TRUE(configure(*driver_));
    EXPECT_EQ(driver_->adopt().error().code(), Code::kNotFound);
    ASSERT_TRUE(fs::write_file_atomic(pid_file(), "1\n"));
    EXPECT_EQ(driver_->adopt().error().code(), Code::kNotFound);
}

TEST_P(NullDriverTest, LacksWhatItDoesNotOffer) {
    EXPECT_FALSE(driver_->has_extension(LIMA_EXT_GUEST_AGENT));
    EXPECT_FALSE(driver_->has_extension("lima.adopt/10"));
    EXPECT_EQ(*driver_->status(), "");
    EXPECT_TRUE(driver_->boot_scripts()->empty());
    EXPECT_FALSE(driver_->forward_guest_agent_over_ssh());
    EXPECT_EQ(driver_->connect_guest_agent().error().code(), Code::kUnimplemented);
}

/// What comes of a driver that breaks the rules.
class BadDriverTest : public testing::Test {
protected:
    std::unique_ptr<Driver> open() {
        OpenOptions options;
        options.on_event = events_.handler();
        options.on_progress = [this](std::uint64_t done, std::uint64_t total,
                                     const std::string& what) {
            progress_ = fmt::format("{} {}/{}", what, done, total);
            if (what == "waiting") {
                waiting_ = true;
                waiting_.notify_all();
            }
        };
        auto driver = Driver::open(bad_module("throwing"), std::move(options));
        EXPECT_TRUE(driver) << driver.error().text();
        return std::move(*driver);
    }

    Events events_;
    std::string progress_;
    std::atomic<bool> waiting_{false};
};

TEST_F(BadDriverTest, ExceptionsEndAtTheBoundary) {
    const auto driver = open();
    const auto known = driver->validate();
    EXPECT_EQ(error_text(known), "the driver threw an exception: out of luck");
    EXPECT_EQ(known.error().code(), Code::kInternal);
    EXPECT_EQ(error_text(driver->create()), "the driver threw an exception: of an unknown type");
    EXPECT_EQ(error_text(driver->info()),
              "the driver throwing cannot tell about itself (status 13)");
}

TEST_F(BadDriverTest, TextsHintsProgressAndEventsArrive) {
    const auto driver = open();
    const auto result = driver->create_disk();
    EXPECT_EQ(error_text(result), "no room");
    EXPECT_EQ(result.error().hint(), "buy a disk");
    EXPECT_EQ(result.error().code(), Code::kResourceExhausted);
    const auto mute = driver->start();
    EXPECT_EQ(error_text(mute),
              "the driver throwing failed to start and did not say why (status 77)");
    EXPECT_EQ(mute.error().code(), Code::kUnknown);
    EXPECT_EQ(progress_, "pretending 1/3");
    EXPECT_EQ(events_.wait("panic")["message"], "said \"no\"\n");
}

TEST_F(BadDriverTest, BytesOfOutputsAreKept) {
    const auto scripts = open()->boot_scripts();
    ASSERT_TRUE(scripts);
    EXPECT_EQ(scripts->at("boot.Linux/05-x.sh"), std::string("a\0b", 3));
}

TEST_F(BadDriverTest, ABrokenAnswerIsNamed) {
    EXPECT_THAT(error_text(open()->configure(Json::object())),
                HasSubstr("the driver throwing returned a broken instance"));
}

TEST_F(BadDriverTest, OpsWaitForEachOther) {
    const auto driver = open();
    Cancel cancel;
    std::thread stopper([&] { EXPECT_FALSE(driver->stop(&cancel)); });
    waiting_.wait(false);  // the first call is inside the driver
    std::atomic<bool> second_done = false;
    std::thread second([&] {
        EXPECT_FALSE(driver->create_disk());
        second_done = true;
    });
    std::this_thread::sleep_for(milliseconds(20));
    EXPECT_FALSE(second_done);
    cancel.trigger();
    stopper.join();
    second.join();
}

TEST_F(BadDriverTest, AnObjectThatIsNoneIsRefused) {
    EXPECT_THAT(error_text(Driver::open(bad_module("no-object"), {})),
                HasSubstr("created nothing"));
}

TEST(OpenDriverTest, ProgramsNeedTheModuleThatSpeaksForThem) {
    const auto dir = *fs::TempDir::create("programs");
    ASSERT_TRUE(fs::write_file_atomic(dir.path() / "lima-driver-foo", "#!/bin/sh\n", 0755));
    const test::ScopedEnv env("LIMA_DRIVERS_PATH", dir.path().string());
    OpenOptions options;
    options.prefixes = {"/nowhere"};
    const auto result = open_driver("foo", std::move(options));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kNotFound);
    EXPECT_THAT(result.error().text(), HasSubstr("/nowhere/lib/lima/lima-remote.so"));
}

TEST(OpenDriverTest, IsolationIsWhatTheEnvironmentSays) {
    const Found module = null_module();
    {
        const test::ScopedEnv env("LIMA_DRIVER_ISOLATION", "process");
        EXPECT_TRUE(is_remote(*as_isolated(module)));
        EXPECT_FALSE(as_isolated({"x", "/x", Origin::kExecutable})->isolated);
    }
    const test::ScopedEnv none("LIMA_DRIVER_ISOLATION", "none");
    EXPECT_FALSE(is_remote(*as_isolated(module)));
    const test::ScopedEnv odd("LIMA_DRIVER_ISOLATION", "yes");
    EXPECT_THAT(error_text(as_isolated(module)), HasSubstr("must be `process` or `none`"));
}

TEST(OpenDriverTest, OpensByName) {
    const std::filesystem::path null = LIMA_NULL_DRIVER;
    const test::ScopedEnv env("LIMA_DRIVERS_PATH", null.parent_path().string());
    const auto driver = open_driver("null", {});
    ASSERT_TRUE(driver) << driver.error().text();
    EXPECT_EQ((*driver)->name(), "null");
    EXPECT_EQ(open_driver("nothing", {}).error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace lima::driver
