// The agent as a process, with the null driver.
#include "core/hostagent/agent.hpp"

#include "core/base/lock.hpp"
#include "core/base/text.hpp"
#include "core/hostapi/client.hpp"
#include "core/hostapi/follow.hpp"
#include "tests/unit/core/instance/fixture.hpp"

#include <csignal>
#include <fcntl.h>

namespace lima::instance {
namespace {

using hostapi::Status;
using std::chrono::seconds;

class AgentTest : public InstanceTest {
protected:
    AgentTest() { begin_ = std::chrono::system_clock::now(); }

    ~AgentTest() override {
        if (agent_.pid() != 0) {
            EXPECT_TRUE(agent_.terminate(seconds(20)));
        }
        EXPECT_TRUE(stop(context_, "x", {.force = true}));
    }

    void launch(const std::string& knobs = "") {
        ASSERT_TRUE(make(null_yaml(knobs)));
        agent_ = spawn_agent("ha.stdout.log", "ha.stderr.log");
    }
    Child spawn_agent(const std::string& out, const std::string& err) {
        const Fd out_fd(open(file(out).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
        const Fd err_fd(open(file(err).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
        SpawnOptions options;
        options.argv = {context_.hostagent.string(), "--pidfile",
                        file("ha.pid").string(),     "--socket",
                        file("ha.sock").string(),    "x"};
        options.stdout_fd = out_fd.get();
        options.stderr_fd = err_fd.get();
        return std::move(*spawn(options));
    }
    /// Until an event satisfies it.
    Result<void> wait_for(const std::function<bool(const Status&)>& enough) {
        hostapi::FollowOptions options;
        options.instance_dir = dir();
        options.begin = begin_;
        options.timeout = seconds(60);
        options.agent_pidfd = agent_.pidfd();
        options.relay_log = false;
        options.on_event = [&](const hostapi::Event& event) { return enough(event.status); };
        return hostapi::follow(options);
    }
    ExitStatus end() {
        const auto status = agent_.wait();
        agent_ = Child();
        return *status;
    }
    std::vector<std::string> summary() {
        std::vector<std::string> out;
        const std::string text = text_of(file("ha.stdout.log"));
        for (const std::string_view line : lines(text)) {
            const auto event = hostapi::decode(std::string(line));
            EXPECT_TRUE(event) << line;
            const Status& status = event->status;
            if (status.exiting || status.running) {
                out.emplace_back(status.exiting ? "exiting" : "running");
            } else if (status.phase) {
                out.push_back(status.phase->name + " " + status.phase->state);
            }
        }
        return out;
    }
    static bool is_running(const Status& status) { return status.running; }

    SystemTime begin_;
    Child agent_;
};

using List = std::vector<std::string>;

TEST_F(AgentTest, FromStartToSigterm) {
    launch();
    ASSERT_TRUE(wait_for(is_running));
    EXPECT_TRUE(read_pid_file(file("ha.pid"))->held);
    EXPECT_EQ(read_pid_file(file("ha.pid"))->pid, agent_.pid());
    EXPECT_TRUE(hostapi::get_info(file("ha.sock")));
    ASSERT_TRUE(agent_.signal(SIGTERM));
    EXPECT_EQ(end(), (ExitStatus{0, 0}));
    EXPECT_EQ(summary(),
              (List{"setup begin", "setup done", "vm begin", "vm done", "running", "exiting"}));
    EXPECT_FALSE(fs::exists(file("ha.pid")));
    EXPECT_FALSE(fs::exists(file("ha.sock")));
    EXPECT_FALSE(fs::exists(file("null.pid")));
}

TEST_F(AgentTest, AKilledVmEndsItWithTheCause) {
    launch();
    ASSERT_TRUE(wait_for(is_running));
    ASSERT_TRUE(ForeignProcess::open(read_pid_file(file("null.pid"))->pid)->signal(SIGKILL));
    EXPECT_EQ(end(), (ExitStatus{1, 0}));
    EXPECT_EQ(summary(), (List{"setup begin", "setup done", "vm begin", "vm done", "running",
                               "vm failed", "exiting"}));
    EXPECT_NE(text_of(file("ha.stdout.log")).find("signal 9 (Killed)"), std::string::npos);
    EXPECT_FALSE(fs::exists(file("ha.pid")));
}

TEST_F(AgentTest, ASignalInTheMiddleOfTheStartEndsIt) {
    launch("vmOpts:\n  \"null\":\n    startDelay: 100000\n");
    ASSERT_TRUE(wait_for([](const Status& status) {
        return status.phase && status.phase->name == "vm" && status.phase->state == "begin";
    }));
    ASSERT_TRUE(agent_.signal(SIGINT));
    EXPECT_EQ(end(), (ExitStatus{0, 0}));
    EXPECT_EQ(summary().back(), "exiting");
}

TEST_F(AgentTest, ASecondSignalDoesNotWaitForTheGuest) {
    launch("vmOpts:\n  \"null\":\n    hangStop: true\n");
    ASSERT_TRUE(wait_for(is_running));
    ASSERT_TRUE(agent_.signal(SIGINT));
    ASSERT_FALSE(*agent_.wait_for(std::chrono::milliseconds(500)));
    ASSERT_TRUE(agent_.signal(SIGINT));
    EXPECT_EQ(end(), (ExitStatus{0, 0}));
    EXPECT_FALSE(fs::exists(file("null.pid")));
}

TEST_F(AgentTest, TwoOfOneInstanceAreRefused) {
    launch();
    ASSERT_TRUE(wait_for(is_running));
    Child second = spawn_agent("second.out", "second.err");
    EXPECT_EQ(second.wait()->code, 1);
    const std::string said = text_of(file("second.err"));
    EXPECT_NE(said.find(std::to_string(agent_.pid())), std::string::npos) << said;
    EXPECT_NE(said.find("\"level\":\"fatal\""), std::string::npos);
    EXPECT_EQ(text_of(file("second.out")), "");
    EXPECT_TRUE(hostapi::get_info(file("ha.sock")));  // the first is not disturbed
}

TEST_F(AgentTest, AFailureBeforeTheSocketIsAnEventToo) {
    ASSERT_TRUE(make(null_yaml()));
    write(file("lima.yaml"), "vmType: [\n");
    agent_ = spawn_agent("ha.stdout.log", "ha.stderr.log");
    EXPECT_EQ(end(), (ExitStatus{1, 0}));
    EXPECT_EQ(summary(), (List{"setup begin", "setup failed", "exiting"}));
}

TEST(SystemdUnit, IsFoundInTheCgroup) {
    EXPECT_EQ(hostagent::systemd_unit_of(
                  "0::/user.slice/user-1.slice/user@1.service/app.slice/lima-vm@x.service\n"),
              "lima-vm@x.service");
    EXPECT_EQ(hostagent::systemd_unit_of("0::/user.slice/session-3.scope\n"), "");
}

}  // namespace
}  // namespace lima::instance
