// The null driver: a VM that is a sleeping process. See README.md beside this file.
//
// State: the knobs, and who the VM is: a child of this host (through lima.host.process/1) or an
// adopted process. The host makes one [op] call at a time, so only what the child's callbacks and
// info() touch is behind the mutex.
#include "null/adopted.hpp"
#include "null/knobs.hpp"

#include <lima/driver.hpp>
#include <lima/host.hpp>

#include <csignal>
#include <deque>
#include <mutex>
#include <poll.h>
#include <unistd.h>

namespace null_driver {
namespace {

using lima::sdk::Call;
using lima::sdk::Code;
using lima::sdk::fail;
using lima::sdk::Result;

constexpr std::size_t kTailLines = 20;
constexpr int kKillTimeoutMs = 10'000;
constexpr int kUnknownExitCode = -1;

/// Sleeps, but wakes up when the call is cancelled.
Result<> pause(const Call& call, int milliseconds) {
    pollfd polled{call.cancel_fd(), POLLIN, 0};
    poll(&polled, 1, milliseconds);
    return call.check();
}

/// What the "VM" runs. 3 is the descriptor that holds the lock of the PID file: a grandchild must
/// not keep it.
std::vector<std::string> command(const Knobs& knobs) {
    if (!knobs.exit_after_ms) {
        return {"sleep", "infinity"};
    }
    const std::string script =
        "sleep \"$1\" 3>&-; echo \"the null VM ends with exit code $2\" >&2; exit \"$2\"";
    return {"sh",
            "-c",
            script,
            "null",
            std::to_string(*knobs.exit_after_ms / 1000) + "." +
                std::to_string(1000 + *knobs.exit_after_ms % 1000).substr(1),
            std::to_string(knobs.exit_code)};
}

class NullDriver final : public lima::sdk::Driver,
                         public lima::sdk::Adopt,
                         public lima::sdk::Gui,
                         public lima::sdk::ConfigSchema {
public:
    explicit NullDriver(const lima::sdk::Host& host) : Driver(host), processes_(host) {}

    Result<std::string> configure(const Call&, std::string_view instance_json) override {
        Result<Knobs> knobs = read_knobs(instance_json);
        if (!knobs) {
            return fail(knobs.error());
        }
        const std::lock_guard lock(mutex_);
        knobs_ = std::move(*knobs);
        return std::string(instance_json);  // no defaults of its own
    }

    Result<> start(const Call& call) override {
        const Knobs knobs = current_knobs();
        if (knobs.instance_dir.empty()) {
            return fail(Code::kFailedPrecondition, "the null driver is not configured");
        }
        if (running()) {
            return fail(Code::kFailedPrecondition, "the null VM runs already");
        }
        if (const Result<> waited = pause(call, knobs.start_delay_ms); !waited) {
            return waited;
        }
        if (!knobs.fail_start.empty()) {
            return fail(lima::Error(Code::kUnavailable, knobs.fail_start)
                            .with_hint("remove `vmOpts.null.failStart` from lima.yaml"));
        }
        return spawn(call, knobs);
    }

    Result<> stop(const Call& call) override {
        if (!running()) {
            return {};
        }
        if (!current_knobs().hang_stop) {
            signal(SIGTERM);
        }
        if (wait(call)) {
            return {};
        }
        signal(SIGKILL);  // cancelled: at once
        if (adopted_) {
            return adopted_->wait(-1, kKillTimeoutMs)
                       ? Result<>()
                       : fail(Code::kDeadlineExceeded, "the null VM survives SIGKILL");
        }
        return processes_.wait(call, child_, kKillTimeoutMs);
    }

    Result<> adopt(const Call&) override {
        if (running()) {
            return {};
        }
        auto found = Adopted::find(pid_file(current_knobs()),
                                   [this] { host().exited(kUnknownExitCode, 0); });
        if (!found) {
            return fail(found.error());
        }
        adopted_ = std::move(*found);
        host().started();
        return {};
    }

    /// A real one would draw here. It is up as long as the VM.
    Result<> run_gui(const Call& call) override {
        host().info(gettid() == getpid() ? "the window is up, on the main thread"
                                         : "the window is up, on some thread");
        wait(call);
        host().info("the window is gone");
        return {};
    }

    Result<std::string> info() const override {
        const Knobs knobs = current_knobs();
        const std::string& dir = knobs.instance_dir;
        return R"({"name":"null","vsockPort":0,"virtioPort":"",)" +
               (dir.empty() ? std::string()
                            : "\"instanceDir\":" + lima::sdk::json_quote(dir) + ",") +
               R"("features":{)" + (knobs.gui ? R"("canRunGui":true,)" : "") +
               R"("dynamicSSHAddress":false,"staticSSHPort":false,)"
               R"("skipSocketForwarding":true,"noCloudInit":true,"rosettaEnabled":false,)"
               R"("rosettaBinFmt":false},"needsImage":false,"hasGuest":false})";
    }

    Result<std::string> config_schema() const override { return std::string(kKnobsSchema); }

private:
    static std::string pid_file(const Knobs& knobs) { return knobs.instance_dir + "/null.pid"; }

    Knobs current_knobs() const {
        const std::lock_guard lock(mutex_);
        return knobs_;
    }

    bool running() const {
        return (adopted_ && adopted_->running()) || (child_ != 0 && processes_.pid(child_) > 0);
    }

    Result<> spawn(const Call& call, const Knobs& knobs) {
        adopted_.reset();
        lima::sdk::ProcessSpec spec;
        spec.argv = command(knobs);
        spec.pid_file = pid_file(knobs);
        spec.line = [this](int, std::string_view text) { remember(text); };
        spec.exited = [this](int code, int signal) {
            const std::lock_guard after_started(order_);
            host().exited(code, signal, tail());
        };
        const std::lock_guard lock(order_);
        const Result<std::int64_t> child = processes_.spawn(call, std::move(spec));
        if (!child) {
            return fail(lima::Error(child.error()).wrap("cannot start the null VM"));
        }
        child_ = *child;
        host().started();
        return {};
    }

    void signal(int number) {
        if (adopted_) {
            adopted_->signal(number);
        } else if (const Result<> sent = processes_.signal(child_, number); !sent) {
            host().warn(sent.error().text());
        }
    }

    /// False when the call was cancelled before the end.
    bool wait(const Call& call) {
        if (adopted_) {
            return adopted_->wait(call.cancel_fd(), -1);
        }
        return processes_.wait(call, child_, -1).has_value();
    }

    void remember(std::string_view line) {
        const std::lock_guard lock(mutex_);
        lines_.emplace_back(line);
        if (lines_.size() > kTailLines) {
            lines_.pop_front();
        }
    }

    std::string tail() const {
        const std::lock_guard lock(mutex_);
        std::string text;
        for (const std::string& line : lines_) {
            text += line + '\n';
        }
        return text;
    }

    mutable std::mutex mutex_;
    std::mutex
        order_;    // held by start until "started" is out: a child may end before spawn returns
    Knobs knobs_;  // behind the mutex
    std::deque<std::string> lines_;  // behind the mutex
    lima::sdk::ProcessService processes_;
    std::int64_t child_ = 0;
    std::unique_ptr<Adopted> adopted_;
};

}  // namespace
}  // namespace null_driver

LIMA_EXPORT_DRIVER(null_driver::NullDriver, "io.lima-vm.null", "null", "1.0.0")
