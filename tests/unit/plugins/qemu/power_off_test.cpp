// How a VM is ended: a QEMU played by the test, which writes down what it is told.
#include "plugins/qemu/power_off.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace lima::qemu {
namespace {

using namespace std::chrono_literals;
using List = std::vector<std::string>;

/// Answers each command, and ends after the one that it is told to obey.
class PlayedQemu {
public:
    explicit PlayedQemu(Fd socket) : socket_(std::move(socket)) {}
    ~PlayedQemu() { join(); }
    void run(std::shared_ptr<Vm> vm) {
        thread_ = std::thread([this, vm = std::move(vm)] { play(*vm); });
    }
    void join() {
        if (thread_.joinable()) {
            ::shutdown(socket_.get(), SHUT_RDWR);
            thread_.join();
        }
    }
    void say(const std::string& line) { ASSERT_TRUE(write_all(socket_.get(), line + "\n")); }

    std::map<std::string, std::string> answers;  // {} where there is none
    std::string ends_by = "quit";
    int ends_at = 1;  // the how manieth of these it obeys
    List told;        // to be read after join()

private:
    void play(Vm& vm) {
        say(R"({"QMP": {}})");
        std::array<char, 4096> buffer{};
        qmp::LineReader reader;
        for (;;) {
            const ssize_t count = ::read(socket_.get(), buffer.data(), buffer.size());
            if (count <= 0) {
                return;
            }
            const auto lines =
                reader.feed({buffer.data(), static_cast<std::size_t>(count)}).value();
            for (const std::string& line : lines) {
                const Json command = parse_json(line).value();
                const std::string name = json_string(command, "execute");
                told.push_back(name);
                const auto answer = answers.find(name);
                say(R"({"return": )" + (answer == answers.end() ? "{}" : answer->second) +
                    R"(, "id": )" + std::to_string(json_int(command, "id")) + "}");
                if (name == ends_by && --ends_at == 0) {
                    vm.ended(Vm::End{ExitStatus{0, 0}});
                }
            }
        }
    }

    Fd socket_;
    std::thread thread_;
};

constexpr const char* kRuns = R"({"running": true, "status": "running"})";
constexpr const char* kUntouched =
    R"([{"device": "boot-disk", "stats": {"rd_operations": 90, "wr_operations": 0}},
        {"device": "cdrom0", "stats": {"rd_operations": 9, "wr_operations": 0}}])";
constexpr const char* kWritten =
    R"([{"device": "boot-disk", "stats": {"rd_operations": 90, "wr_operations": 1}}])";

std::string one_line(std::string text) { return replace_all(std::move(text), "\n", " "); }

class PowerOff : public ::testing::Test {
protected:
    PowerOff() {
        host_.log = [](const lima_host*, lima_level, const char*, const char*) {};
        host_.event = [](const lima_host*, const char*, const char*) {};
        call_.cancel_fd = -1;
        call_.cancelled = [](const lima_call* call) -> std::int32_t {
            return call->ctx == nullptr ? 0 : 1;
        };
    }
    void SetUp() override {
        auto dir = fs::TempDir::create("lq");
        ASSERT_TRUE(dir);
        dir_.emplace(std::move(*dir));
        Config config;
        config.dir = dir_->path();
        vm_ = Vm::create(config, sdk::Host(host_)).value();
        vm_->power_button_limit = 60s;
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        qemu_.emplace(Fd(ends[1]));
        qemu_->answers = {{"query-status", kRuns}, {"query-blockstats", one_line(kUntouched)}};
        monitor_.reset(ends[0]);
    }
    void TearDown() override {
        vm_->detach();
        qemu_->join();
    }
    void play() {
        qemu_->run(vm_);
        ASSERT_TRUE(vm_->open_monitor(std::move(monitor_), 60s));
        ASSERT_TRUE(vm_->announce("tcg"));
    }
    /// What QEMU was told, without questions.
    List end() {
        const auto ended = power_off(sdk::Host(host_), sdk::Call(call_), *vm_);
        EXPECT_TRUE(ended) << ended.error().text();
        vm_->close_monitor();
        qemu_->join();
        List out;
        for (const std::string& command : qemu_->told) {
            if (!command.starts_with("query-") && command != "qmp_capabilities") {
                out.push_back(command);
            }
        }
        return out;
    }

    lima_host host_{};
    lima_call call_{};
    std::optional<fs::TempDir> dir_;
    std::shared_ptr<Vm> vm_;
    std::optional<PlayedQemu> qemu_;
    Fd monitor_;
};

TEST_F(PowerOff, AGuestThatHasWrittenNothingNeedsNoButton) {
    play();
    EXPECT_EQ(end(), (List{"stop", "quit"}));
}

TEST_F(PowerOff, AGuestThatHasWrittenGoesOnAndHearsTheButton) {
    qemu_->answers["query-blockstats"] = kWritten;
    qemu_->ends_by = "system_powerdown";
    play();
    EXPECT_EQ(end(), (List{"stop", "cont", "system_powerdown"}));
}

TEST_F(PowerOff, WhatCannotBeKnownIsTakenForWritten) {
    qemu_->answers["query-blockstats"] = R"([{"device": "boot-disk"}])";
    qemu_->ends_by = "system_powerdown";
    play();
    EXPECT_EQ(end(), (List{"stop", "cont", "system_powerdown"}));
}

TEST_F(PowerOff, AGuestWhoseAgentWasHeardIsUp) {
    qemu_->ends_by = "system_powerdown";
    play();
    qemu_->say(R"({"event": "VSERPORT_CHANGE", "data": {"open": true, "id": "guest-agent0"}})");
    ASSERT_TRUE(vm_->monitor("query-status"));  // what was said before it is heard
    EXPECT_EQ(end(), (List{"system_powerdown"}));
}

TEST_F(PowerOff, OfAnAdoptedVmNobodyKnowsHowFarItIs) {
    qemu_->ends_by = "system_powerdown";
    vm_->adopted = true;
    ASSERT_TRUE(fs::write_file_atomic(dir_->path() / "serial.log", ""));
    play();
    EXPECT_EQ(end(), (List{"system_powerdown"}));
}

TEST_F(PowerOff, TheButtonIsPressedUntilItIsHeard) {
    qemu_->answers["query-blockstats"] = kWritten;
    qemu_->ends_by = "system_powerdown";
    qemu_->ends_at = 3;
    play();
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(end(),
              (List{"stop", "cont", "system_powerdown", "system_powerdown", "system_powerdown"}));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 2s);
}

TEST_F(PowerOff, ACancelledCallWaitsForNoGuest) {
    call_.ctx = this;
    play();
    EXPECT_EQ(end(), (List{"quit"}));
}

TEST(PressAgain, IsQuickAtFirst) {
    EXPECT_EQ(until_next_press(0ms), 1s);
    EXPECT_EQ(until_next_press(3s), 1s);
    EXPECT_EQ(until_next_press(12s), 3s);
    EXPECT_EQ(until_next_press(2min), 10s);
}

TEST(DiskChanges, AreWritesAndDiscards) {
    const auto count = [](std::string_view text) { return disk_changes(parse_json(text).value()); };
    EXPECT_EQ(count("[]"), 0);
    EXPECT_EQ(count(R"([{"stats": {"wr_operations": 2, "unmap_operations": 3}},
                        {"stats": {"wr_operations": 0, "failed_wr_operations": 4}}])"),
              9);
    EXPECT_EQ(count("{}"), std::nullopt);
    EXPECT_EQ(count(R"([{"device": "x"}])"), std::nullopt);
}

}  // namespace
}  // namespace lima::qemu
