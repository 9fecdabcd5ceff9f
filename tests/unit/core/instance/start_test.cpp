// Starting for real: the built host agent, the null driver, a home of its own.
#include "core/base/lock.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/hostapi/client.hpp"
#include "core/hostapi/event.hpp"
#include "tests/unit/core/instance/fixture.hpp"

#include <csignal>
#include <future>
#include <thread>
#include <unistd.h>

namespace lima::instance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class StartTest : public InstanceTest {
protected:
    ~StartTest() override {
        for (const std::string& name : context_.home.instance_names().value_or(Names())) {
            EXPECT_TRUE(stop(context_, name, {.force = true}));
        }
    }
    using Names = std::vector<std::string>;

    Result<void> start_it(milliseconds timeout = seconds(60)) {
        StartOptions options;
        options.timeout = timeout;
        options.on_ready = [this](const store::Instance& ready) { ready_.push_back(ready.status); };
        return start(context_, "x", options);
    }
    store::Instance now() { return *inspect(context_, "x"); }
    pid_t held_pid(const char* file_name) { return read_pid_file(file(file_name))->pid; }
    static void kill_and_wait(pid_t pid) {
        const auto process = ForeignProcess::open(pid);
        ASSERT_TRUE(process);
        ASSERT_TRUE(process->signal(SIGKILL));
        EXPECT_TRUE(*process->wait_for(seconds(10)));
    }
    /// The agent ends by itself; the lock of its PID file goes with it.
    bool agent_ends(pid_t pid) {
        const auto process = ForeignProcess::open(pid);
        return !process || *process->wait_for(seconds(20));
    }

    Names ready_;
};

TEST_F(StartTest, RunsAndIsReady) {
    ASSERT_TRUE(make(null_yaml()));
    const auto started = start_it();
    ASSERT_TRUE(started) << started.error().text();
    EXPECT_EQ(ready_, Names{"Running"});
    EXPECT_EQ(now().status, store::status::kRunning);
    EXPECT_GT(now().host_agent_pid, 0);
    EXPECT_GT(now().driver_pid, 0);
    EXPECT_TRUE(hostapi::get_info(file("ha.sock")));
    EXPECT_FALSE(fs::exists(file("cidata.iso")));  // no guest, nothing to configure
}

TEST_F(StartTest, ASecondStartSaysSo) {
    ASSERT_TRUE(make(null_yaml()));
    ASSERT_TRUE(start_it());
    const auto again = start_it();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), Code::kAlreadyExists);
}

TEST_F(StartTest, OneThatShutsDownIsWaitedFor) {
    ASSERT_TRUE(make(null_yaml("vmOpts:\n  \"null\":\n    hangStop: true\n")));
    ASSERT_TRUE(start_it());
    EXPECT_FALSE(is_stopping(now()));
    const pid_t pid = held_pid("ha.pid");
    const auto agent = ForeignProcess::open(pid);
    ASSERT_TRUE(agent);
    ASSERT_TRUE(agent->signal(SIGINT));
    for (int tries = 0; tries < 500 && !is_stopping(now()); ++tries) {
        std::this_thread::sleep_for(milliseconds(10));
    }
    ASSERT_TRUE(is_stopping(now()));
    EXPECT_EQ(now().status, store::status::kRunning);
    auto again = std::async(std::launch::async, [this] { return start_it(); });
    EXPECT_EQ(again.wait_for(milliseconds(500)), std::future_status::timeout);
    ASSERT_TRUE(agent->signal(SIGINT));  // the second: at once
    const auto started = again.get();
    ASSERT_TRUE(started) << started.error().text();
    EXPECT_NE(held_pid("ha.pid"), pid);
    EXPECT_EQ(now().status, store::status::kRunning);
}

TEST_F(StartTest, ADriverThatRefusesIsQuotedWithItsHint) {
    ASSERT_TRUE(make(null_yaml("vmOpts:\n  \"null\":\n    failStart: no luck today\n")));
    const auto started = start_it();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().text().find("no luck today"), std::string::npos)
        << started.error().text();
    EXPECT_NE(started.error().hint().find("failStart"), std::string::npos)
        << started.error().hint();
    EXPECT_EQ(started.error().phase(), "vm");
    EXPECT_EQ(now().status, store::status::kStopped);
    EXPECT_FALSE(fs::exists(file("ha.pid")));
    EXPECT_FALSE(fs::exists(file("ha.sock")));

    write(file("lima.yaml"), null_yaml());
    EXPECT_TRUE(start_it());  // once the cause is gone
}

TEST_F(StartTest, TheTimeLimitNamesWhereItHangs) {
    ASSERT_TRUE(make(null_yaml("vmOpts:\n  \"null\":\n    startDelay: 100000\n")));
    const auto started = start_it(milliseconds(800));
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code(), Code::kDeadlineExceeded);
    EXPECT_NE(started.error().text().find("starting the VM"), std::string::npos)
        << started.error().text();
    EXPECT_NE(started.error().hint().find("ha.stderr.log"), std::string::npos);
    // It goes on in the background, and can be ended in the ordinary way.
    EXPECT_TRUE(stop(context_, "x", {}));
    EXPECT_EQ(now().status, store::status::kStopped);
}

TEST_F(StartTest, AVmThatEndsTakesItsAgentAlong) {
    ASSERT_TRUE(make(null_yaml("vmOpts:\n  \"null\":\n    exitAfter: 700\n    exitCode: 3\n")));
    ASSERT_TRUE(start_it());
    ASSERT_TRUE(agent_ends(held_pid("ha.pid")));
    EXPECT_EQ(now().status, store::status::kStopped);
    const std::string said = text_of(file("ha.stdout.log"));
    EXPECT_NE(said.find("the VM has ended unexpectedly (exit status 3): the null VM ends"),
              std::string::npos)
        << said;
    EXPECT_TRUE(said.ends_with("\"status\":{\"exiting\":true}}\n")) << said;
}

TEST_F(StartTest, LeftoversOfOthersAreNoHindrance) {
    ASSERT_TRUE(make(null_yaml()));
    write(file("ha.pid"), std::to_string(getpid()) + "\n");  // alive, and not an agent
    write(file("null.pid"), "1\n");
    write(file("x.tmp"), "half");
    ASSERT_TRUE(start_it());
    EXPECT_FALSE(fs::exists(file("x.tmp")));
    EXPECT_TRUE(stop(context_, "x", {}));
}

TEST_F(StartTest, AVmWithoutItsAgentIsTakenOver) {
    ASSERT_TRUE(make(null_yaml()));
    ASSERT_TRUE(start_it());
    const pid_t vm = held_pid("null.pid");
    kill_and_wait(held_pid("ha.pid"));
    EXPECT_EQ(now().status, store::status::kBroken);
    ASSERT_TRUE(start_it());
    EXPECT_EQ(held_pid("null.pid"), vm);
    EXPECT_EQ(now().status, store::status::kRunning);
    ASSERT_TRUE(stop(context_, "x", {}));
    EXPECT_EQ(now().status, store::status::kStopped);
    EXPECT_FALSE(ForeignProcess::open(vm));
}

TEST_F(StartTest, AKilledVmIsNoticed) {
    ASSERT_TRUE(make(null_yaml()));
    ASSERT_TRUE(start_it());
    const pid_t agent = held_pid("ha.pid");
    kill_and_wait(held_pid("null.pid"));
    ASSERT_TRUE(agent_ends(agent));
    EXPECT_EQ(now().status, store::status::kStopped);
    EXPECT_NE(text_of(file("ha.stdout.log")).find("signal 9"), std::string::npos);
    EXPECT_TRUE(start_it());
}

TEST_F(StartTest, WithoutAHostAgentItSaysWhatIsMissing) {
    ASSERT_TRUE(make(null_yaml()));
    context_.hostagent = "/nonexistent/lima-hostagent";
    const auto started = start_it();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().text().find("/nonexistent/lima-hostagent"), std::string::npos)
        << started.error().text();
}

TEST_F(StartTest, BrokenYamlIsNotStarted) {
    ASSERT_TRUE(make(null_yaml()));
    write(file("lima.yaml"), "vmType: [\n");
    const auto started = start_it();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().text().find("configuration errors"), std::string::npos);
    write(file("lima.yaml"), null_yaml());
}

}  // namespace
}  // namespace lima::instance
