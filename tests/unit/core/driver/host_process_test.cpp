#include "core/driver/host_process.hpp"

#include "core/base/fs.hpp"
#include "core/base/lock.hpp"
#include "core/driver/call.hpp"
#include "tests/unit/core/driver/driver_support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <unistd.h>

namespace lima::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// What a child's callbacks heard.
class Heard {
public:
    static void line(void* ctx, std::int32_t stream, const char* text) {
        Heard& self = *static_cast<Heard*>(ctx);
        const std::lock_guard lock(self.mutex_);
        self.lines_.push_back(std::to_string(stream) + ":" + text);
        self.changed_.notify_all();
    }
    static void exited(void* ctx, std::int32_t code, std::int32_t signal) {
        Heard& self = *static_cast<Heard*>(ctx);
        const std::lock_guard lock(self.mutex_);
        self.ends_.push_back({code, signal});
        self.changed_.notify_all();
    }
    ExitStatus wait_end() {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(
            changed_.wait_for(lock, std::chrono::seconds(10), [&] { return !ends_.empty(); }));
        return ends_.empty() ? ExitStatus{-1, -1} : ends_.front();
    }
    void wait_line(const std::string& wanted) {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] {
            return std::find(lines_.begin(), lines_.end(), wanted) != lines_.end();
        })) << wanted;
    }
    std::vector<std::string> lines() {
        const std::lock_guard lock(mutex_);
        return lines_;
    }
    std::size_t ends() {
        const std::lock_guard lock(mutex_);
        return ends_.size();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> lines_;
    std::vector<ExitStatus> ends_;
};

class ProcessesTest : public testing::Test {
protected:
    ProcessesTest() : dir_(*fs::TempDir::create("process")) {}

    /// The script as a child of the service; $1 … are the arguments.
    Result<std::int64_t> spawn(const std::string& script,
                               const std::optional<std::filesystem::path>& pid_file = {},
                               const std::vector<lima_handle>& inherit = {}) {
        const std::string dir = dir_.path().string();
        const std::string pid_path = pid_file ? pid_file->string() : "";
        const char* argv[] = {"sh", "-c", script.c_str(), nullptr};
        const char* env[] = {"LIMA_TEST_WORD=a=b", nullptr};
        lima_host_process_spec spec{};
        spec.struct_size = sizeof spec;
        spec.argv = argv;
        spec.env = env;
        spec.cwd = dir.c_str();
        spec.pid_file = pid_file ? pid_path.c_str() : nullptr;
        spec.inherit = inherit.data();
        spec.inherit_count = inherit.size();
        spec.line = &Heard::line;
        spec.exited = &Heard::exited;
        spec.ctx = &heard_;
        return processes_->spawn(spec);
    }
    Result<void> wait(std::int64_t id, std::int64_t timeout_ms = -1,
                      const Cancel* cancel = nullptr) {
        const CallContext call(cancel, nullptr);
        return processes_->wait(*call.raw(), id, timeout_ms);
    }

    fs::TempDir dir_;
    Heard heard_;
    std::unique_ptr<Processes> processes_ = std::make_unique<Processes>();
};

TEST_F(ProcessesTest, DeliversWholeLinesOfBothStreams) {
    ASSERT_TRUE(
        spawn("printf 'one\\r\\ntw'; sleep 0.05; printf 'o\\n\\n'; printf 'a\\000b'; pwd; "
              "echo $LIMA_TEST_WORD; printf end"));
    EXPECT_EQ(heard_.wait_end(), (ExitStatus{0, 0}));
    EXPECT_THAT(heard_.lines(), ElementsAre("1:one", "1:two", "1:", "1:a b" + dir_.path().string(),
                                            "1:a=b", "1:end"));
    ASSERT_TRUE(spawn("echo error >&2"));
    heard_.wait_line("2:error");
}

TEST_F(ProcessesTest, CutsALineThatNeverEnds) {
    ASSERT_TRUE(spawn("head -c 70000 /dev/zero | tr '\\000' x"));
    heard_.wait_end();
    const auto lines = heard_.lines();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].size() + lines[1].size(), 70000U + 4U);
}

TEST_F(ProcessesTest, DeliversEverythingBeforeTheEnd) {
    ASSERT_TRUE(spawn("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done; exit 7"));
    EXPECT_EQ(heard_.wait_end(), (ExitStatus{7, 0}));
    ASSERT_EQ(heard_.lines().size(), 5000U);
    EXPECT_EQ(heard_.lines().back(), "1:line 4999");
}

TEST_F(ProcessesTest, AGrandchildThatHoldsThePipesDelaysNothing) {
    const auto id = spawn("sleep 30 & echo $!; exit 1");
    ASSERT_TRUE(id);
    EXPECT_EQ(heard_.wait_end(), (ExitStatus{1, 0}));
    ASSERT_EQ(heard_.lines().size(), 1U);
    kill(std::stoi(heard_.lines()[0].substr(2)), SIGKILL);
}

TEST_F(ProcessesTest, TellsTheEndOnceAndTheSignal) {
    const auto id = spawn("exec sleep 60");
    ASSERT_TRUE(id);
    EXPECT_GT(processes_->pid(*id), 0);
    ASSERT_TRUE(processes_->signal(*id, SIGKILL));
    EXPECT_TRUE(wait(*id));
    EXPECT_EQ(heard_.wait_end(), (ExitStatus{0, SIGKILL}));
    EXPECT_EQ(processes_->pid(*id), -1);
    processes_.reset();
    EXPECT_EQ(heard_.ends(), 1U);
}

TEST_F(ProcessesTest, ASignalAfterTheEndIsHarmless) {
    const auto id = spawn("exit 0");
    ASSERT_TRUE(id);
    ASSERT_TRUE(wait(*id));
    EXPECT_TRUE(processes_->signal(*id, SIGKILL));
    EXPECT_TRUE(wait(*id, 0));
    EXPECT_EQ(processes_->signal(*id + 1, SIGKILL).error().code(), Code::kNotFound);
    EXPECT_EQ(wait(*id + 1, 0).error().code(), Code::kNotFound);
    EXPECT_EQ(processes_->pid(*id + 1), -1);
    EXPECT_NE(*spawn("exit 0"), *id);
}

TEST_F(ProcessesTest, WaitingHasATimeAndCanBeCancelled) {
    const auto id = spawn("exec sleep 60");
    ASSERT_TRUE(id);
    EXPECT_EQ(wait(*id, 5).error().code(), Code::kDeadlineExceeded);
    Cancel cancel;
    cancel.trigger();
    EXPECT_EQ(wait(*id, -1, &cancel).error().code(), Code::kCancelled);
    // Who kills because of the cancelling still gets the time to see the end.
    ASSERT_TRUE(processes_->signal(*id, SIGKILL));
    EXPECT_TRUE(wait(*id, 10'000, &cancel));
}

TEST_F(ProcessesTest, ThePidFileIsHeldByTheChild) {
    const auto file = dir_.path() / "x.pid";
    const auto id = spawn("exec sleep 60", file);
    ASSERT_TRUE(id) << id.error().text();
    const auto state = read_pid_file(file);
    EXPECT_TRUE(state->held);
    EXPECT_EQ(state->pid, processes_->pid(*id));
    EXPECT_EQ(spawn("exit 0", file).error().code(), Code::kAlreadyExists);
    ASSERT_TRUE(processes_->signal(*id, SIGTERM));
    ASSERT_TRUE(wait(*id));
    EXPECT_FALSE(fs::exists(file));
}

TEST_F(ProcessesTest, ThePidFileStaysLockedWhenTheHostGoes) {
    const auto file = dir_.path() / "x.pid";
    const auto id = spawn("exec sleep 60", file);
    ASSERT_TRUE(id);
    const pid_t pid = static_cast<pid_t>(processes_->pid(*id));
    processes_.reset();
    EXPECT_EQ(heard_.ends(), 0U);
    EXPECT_TRUE(read_pid_file(file)->held);
    const auto child = ForeignProcess::open(pid);
    ASSERT_TRUE(child);
    ASSERT_TRUE(child->signal(SIGKILL));
    ASSERT_TRUE(*child->wait_for(std::chrono::seconds(10)));
    EXPECT_FALSE(read_pid_file(file)->held);
}

TEST_F(ProcessesTest, WithoutCallbacksOneCanStillKillAndWait) {
    const auto file = dir_.path() / "x.pid";
    const auto id = spawn("exec sleep 60", file);
    ASSERT_TRUE(id);
    processes_->stop_callbacks();
    EXPECT_EQ(wait(*id, 5).error().code(), Code::kDeadlineExceeded);
    ASSERT_TRUE(processes_->signal(*id, SIGKILL));
    EXPECT_TRUE(wait(*id));
    EXPECT_FALSE(fs::exists(file));
    EXPECT_EQ(heard_.ends(), 0U);
    EXPECT_EQ(spawn("exit 0").error().code(), Code::kFailedPrecondition);
}

TEST_F(ProcessesTest, InheritsWhatIsNamedAndNothingElse) {
    Pipe pipe = *make_pipe();
    ASSERT_TRUE(
        spawn("echo through >&3; ls /proc/self/fd", dir_.path() / "x.pid", {pipe.write.get()}));
    pipe.write.reset();
    EXPECT_EQ(*read_all(pipe.read.get()), "through\n");
    heard_.wait_end();
    // 5 is the directory that ls reads.
    EXPECT_THAT(heard_.lines(), ElementsAre("1:0", "1:1", "1:2", "1:3", "1:4", "1:5"));
}

TEST_F(ProcessesTest, RefusesWhatItCannotStart) {
    lima_host_process_spec spec{};
    EXPECT_EQ(processes_->spawn(spec).error().code(), Code::kInvalidArgument);
    spec.struct_size = sizeof spec;
    EXPECT_THAT(error_text(processes_->spawn(spec)), HasSubstr("needs an argv"));
    const char* argv[] = {"lima-no-such-program", nullptr};
    const auto file = (dir_.path() / "x.pid").string();
    spec.argv = argv;
    spec.pid_file = file.c_str();
    EXPECT_THAT(error_text(processes_->spawn(spec)), HasSubstr("lima-no-such-program"));
    EXPECT_FALSE(fs::exists(file));
    const char* env[] = {"NOVALUE", nullptr};
    spec.env = env;
    EXPECT_THAT(error_text(processes_->spawn(spec)), HasSubstr("\"NOVALUE\" is not K=V"));
}

}  // namespace
}  // namespace lima::driver
