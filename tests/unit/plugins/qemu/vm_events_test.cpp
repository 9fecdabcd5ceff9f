// What a VM's process and monitor say, and what of it the host hears: a QEMU played by the test.
#include "core/base/fs.hpp"
#include "plugins/qemu/argv.hpp"
#include "plugins/qemu/vm.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <sys/socket.h>
#include <thread>

namespace lima::qemu {
namespace {

using namespace std::chrono_literals;

/// A host that writes its events down as "type json".
class Recorder {
public:
    Recorder() {
        raw_.ctx = this;
        raw_.abi = LIMA_DRIVER_ABI;
        raw_.name = "test";
        raw_.version = "v0";
        raw_.log = [](const lima_host*, lima_level, const char*, const char*) {};
        raw_.event = [](const lima_host* host, const char* type, const char* json) {
            auto* self = static_cast<Recorder*>(host->ctx);
            const std::lock_guard lock(self->mutex_);
            self->events_.push_back(std::string(type) + " " + json);
        };
        raw_.get_extension = [](const lima_host*, const char*) -> const void* { return nullptr; };
    }
    sdk::Host host() const { return sdk::Host(raw_); }
    std::vector<std::string> events() {
        const std::lock_guard lock(mutex_);
        return events_;
    }

private:
    lima_host raw_{};
    std::mutex mutex_;
    std::vector<std::string> events_;
};

class VmEvents : public ::testing::Test {
protected:
    void SetUp() override {
        auto dir = fs::TempDir::create("lq");
        ASSERT_TRUE(dir);
        dir_.emplace(std::move(*dir));
        Config config;
        config.dir = dir_->path();
        vm_ = Vm::create(config, recorder_.host()).value();
        vm_->pid = 42;
    }
    void say(const std::string& line) { ASSERT_TRUE(write_all(qemu_.get(), line + "\n")); }
    void open_monitor() {
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        qemu_.reset(ends[1]);
        say(R"({"QMP": {}})");
        // An answer before its question would be dropped.
        std::thread answering([this] {
            ASSERT_TRUE(wait_readable(qemu_.get(), 60s).value_or(false));
            say(R"({"return": {}, "id": 1})");
        });
        const auto opened = vm_->open_monitor(Fd(ends[0]), 60s);
        answering.join();
        ASSERT_TRUE(opened) << opened.error().text();
    }
    /// Hangs up, and waits until all that was said is heard.
    void finish() {
        ::shutdown(qemu_.get(), SHUT_WR);
        while (vm_->monitor("query-status").error().code() != Code::kUnavailable) {
        }
        vm_->close_monitor();
    }

    std::optional<fs::TempDir> dir_;
    Recorder recorder_;
    std::shared_ptr<Vm> vm_;
    Fd qemu_;
};

TEST_F(VmEvents, TheMonitorsEventsBecomeTheHosts) {
    open_monitor();
    say(R"({"event": "POWERDOWN"})");
    say(R"({"event": "NIC_RX_FILTER_CHANGED", "data": {}})");
    say(R"({"event": "VSERPORT_CHANGE", "data": {"open": true, "id": "console0"}})");
    say(R"({"event": "VSERPORT_CHANGE", "data": {"open": true, "id": "guest-agent0"}})");
    say(R"({"event": "STOP"})");
    say(R"({"event": "RESUME"})");
    say(R"({"event": "RESET", "data": {"guest": true, "reason": "guest-reset"}})");
    say(R"({"event": "GUEST_PANICKED", "data": {"action": "pause"}})");
    say(R"({"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}})");
    finish();
    EXPECT_EQ(recorder_.events(),
              (std::vector<std::string>{
                  "powerdown {}", R"(guest-agent-port {"open":true})", "paused {}", "resumed {}",
                  R"(reset {"guest":true,"reason":"guest-reset"})",
                  R"x(panic {"message":"the guest's kernel has panicked (pause)"})x",
                  R"(shutdown {"guest":true,"reason":"guest-shutdown"})"}));
}

TEST_F(VmEvents, ADiskErrorIsToldOnce) {
    open_monitor();
    const std::string full =
        R"({"event": "BLOCK_IO_ERROR", "data": {"device": "boot-disk", "nospace": true,
            "operation": "write", "reason": "No space left on device"}})";
    std::string line = full;
    line.erase(std::remove(line.begin(), line.end(), '\n'), line.end());
    say(line);
    say(line);
    say(R"({"event": "BLOCK_IO_ERROR", "data": {"device": "", "node-name": "n1",)"
        R"( "nospace": false, "operation": "read", "reason": "Input/output error"}})");
    finish();
    const auto events = recorder_.events();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_NE(events[0].find("the host's disk is full: writing boot-disk failed"),
              std::string::npos)
        << events[0];
    EXPECT_EQ(events[1], R"(warning {"message":"read of n1 failed: Input/output error"})");
}

TEST_F(VmEvents, AnEndIsAnnouncedOnceAndWithLastWords) {
    ASSERT_TRUE(fs::write_file_atomic(dir_->path() / "serial.log", "booting\r\nKernel panic\r\n"));
    vm_->line(1, "output");
    vm_->line(2, "qemu: something");
    ASSERT_TRUE(vm_->announce("tcg"));
    EXPECT_TRUE(vm_->running());
    EXPECT_EQ(vm_->wait(-1, 0ms), Vm::Wait::kTimeout);
    vm_->ended(Vm::End{ExitStatus{0, SIGSEGV}});
    vm_->ended(Vm::End{ExitStatus{1, 0}});
    EXPECT_FALSE(vm_->running());
    EXPECT_EQ(vm_->wait(-1, 5s), Vm::Wait::kEnded);
    EXPECT_EQ(recorder_.events(), (std::vector<std::string>{
                                      R"(started {"pid":42,"accel":"tcg","adopted":false})",
                                      R"(exited {"code":0,"signal":11,"stderr":"qemu: something",)"
                                      R"("serial":"booting\nKernel panic"})"}));
}

TEST_F(VmEvents, AVmThatNeverRanIsNoEvent) {
    vm_->line(2, "qemu: unable to find CPU model 'x'");
    vm_->ended(Vm::End{ExitStatus{1, 0}});
    EXPECT_FALSE(vm_->announce("tcg"));
    EXPECT_TRUE(recorder_.events().empty());
    EXPECT_EQ(vm_->early_exit().code(), Code::kInvalidArgument);
}

TEST_F(VmEvents, ADetachedVmIsSilent) {
    ASSERT_TRUE(vm_->announce("kvm"));
    vm_->detach();
    vm_->ended(Vm::End{});
    EXPECT_EQ(recorder_.events().size(), 1U);
}

TEST_F(VmEvents, TheEndOfAForeignProcessIsSeen) {
    SpawnOptions options;
    options.argv = {"sleep", "60"};
    auto child = spawn(options);
    ASSERT_TRUE(child);
    auto process = ForeignProcess::open(child->pid());
    ASSERT_TRUE(process);
    vm_->watch(std::move(*process));
    ASSERT_TRUE(vm_->announce(""));
    EXPECT_EQ(vm_->wait(-1, 20ms), Vm::Wait::kTimeout);
    ASSERT_TRUE(child->signal(SIGKILL));
    EXPECT_EQ(vm_->wait(-1, 5s), Vm::Wait::kEnded);
    EXPECT_EQ(recorder_.events().back(),
              R"(exited {"code":-1,"signal":0,"stderr":"","serial":""})");
    ASSERT_TRUE(child->wait());
}

TEST_F(VmEvents, WaitingCanBeCancelled) {
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    std::thread canceller([&] { static_cast<void>(write_all(pipe->write.get(), "x")); });
    EXPECT_EQ(vm_->wait(pipe->read.get(), 60s), Vm::Wait::kCancelled);
    canceller.join();
}

}  // namespace
}  // namespace lima::qemu
