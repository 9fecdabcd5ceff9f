#include "core/base/lock.hpp"
#include "core/base/process.hpp"
#include "tests/unit/core/instance/fixture.hpp"

#include <csignal>

namespace lima::instance {
namespace {

class StopTest : public InstanceTest {
protected:
    ~StopTest() override { EXPECT_TRUE(stop(context_, "x", {.force = true})); }

    void run(const std::string& knobs = "") {
        ASSERT_TRUE(make(null_yaml(knobs)));
        const auto started = start(context_, "x", {});
        ASSERT_TRUE(started) << started.error().text();
    }
    std::string status() { return inspect(context_, "x")->status; }
    bool anything_left() {
        const std::vector<std::string> names = *fs::list_names(dir());
        for (const std::string& name : names) {
            if (name.ends_with(".pid") || name.ends_with(".sock") || name.ends_with(".tmp")) {
                return true;
            }
        }
        return false;
    }
    static constexpr const char* kHangStop = "vmOpts:\n  \"null\":\n    hangStop: true\n";
};

TEST_F(StopTest, LeavesNothingBehind) {
    run();
    const auto stopped = stop(context_, "x", {});
    ASSERT_TRUE(stopped) << stopped.error().text();
    EXPECT_EQ(status(), store::status::kStopped);
    EXPECT_FALSE(anything_left());
}

TEST_F(StopTest, OfAStoppedInstancePointsToForce) {
    ASSERT_TRUE(make(null_yaml()));
    const auto stopped = stop(context_, "x", {});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().text(), "expected status \"Running\", got \"Stopped\"");
    EXPECT_NE(stopped.error().hint().find("limactl stop -f x"), std::string::npos);
}

TEST_F(StopTest, ForceKillsWhatDoesNotListen) {
    run(kHangStop);
    const pid_t vm = read_pid_file(file("null.pid"))->pid;
    const pid_t agent = read_pid_file(file("ha.pid"))->pid;
    write(file("left.tmp"), "x");
    ASSERT_TRUE(stop(context_, "x", {.force = true}));
    EXPECT_FALSE(ForeignProcess::open(vm));
    EXPECT_FALSE(ForeignProcess::open(agent));
    EXPECT_EQ(status(), store::status::kStopped);
    EXPECT_FALSE(anything_left());
}

TEST_F(StopTest, ForceOnNothingIsFine) {
    ASSERT_TRUE(make(null_yaml()));
    EXPECT_TRUE(stop(context_, "x", {.force = true}));
}

TEST_F(StopTest, ForceWorksWithoutAReadableYaml) {
    run();
    const pid_t vm = read_pid_file(file("null.pid"))->pid;
    write(file("lima.yaml"), "vmType: [\n");
    ASSERT_TRUE(stop(context_, "x", {.force = true}));
    EXPECT_FALSE(ForeignProcess::open(vm));
    EXPECT_FALSE(anything_left());
}

TEST_F(StopTest, AForeignPidInAFileIsNotKilled) {
    ASSERT_TRUE(make(null_yaml()));
    SpawnOptions sleeper;
    sleeper.argv = {"sleep", "100"};
    auto child = spawn(sleeper);
    ASSERT_TRUE(child);
    write(file("ha.pid"), std::to_string(child->pid()) + "\n");
    write(file("null.pid"), std::to_string(child->pid()) + "\n");
    ASSERT_TRUE(stop(context_, "x", {.force = true}));
    EXPECT_FALSE(*child->wait_for(std::chrono::milliseconds(100)));
    EXPECT_FALSE(anything_left());
    EXPECT_TRUE(child->terminate(std::chrono::seconds(5)));
}

}  // namespace
}  // namespace lima::instance
