// What the guest's agent tells of the boot, as events and log lines.
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/hostagent/agent.hpp"
#include "core/hostagent/cloud_init.hpp"

namespace lima::hostagent {
namespace {

using std::chrono::seconds;

/// When a script that runs is named, and from then on after each doubling, up to a minute.
constexpr seconds kSlow(10);
constexpr seconds kSlowAgain(60);

constexpr const char* kSlowHint =
    "if it hangs, see /var/log/cloud-init-output.log in the guest, and correct the script";

hostapi::PhaseEvent script_event(const std::string& state, const std::string& detail) {
    return {.name = "script", .state = state, .detail = detail};
}

}  // namespace

void Agent::on_agent(const GuestFacts& facts) {
    agent_seen_ = true;
    agent_wakeup_.notify();
    boot_state_->take_boot_id(facts.boot_id);
    ready_wait_->stream(!facts.foreign);
}

void Agent::on_boot_step(const BootStep& step) {
    const std::size_t failures = boot_state_->failures().size();
    const bool news = boot_state_->take(step, Clock::now());
    ready_wait_->changed();
    if (!news || events_.is_ready() || ending_.is_set()) {
        return;
    }
    log::debug("guest: {} {} {} {}", step.kind, step.name, static_cast<int>(step.state),
               step.detail);
    if (boot_state_->failures().size() > failures) {
        const Error& failure = boot_state_->failures().back();
        log::warn("{} ({})", failure.text(), failure.hint());
        hostapi::PhaseEvent event = script_event("failed", step.name + ": " + step.detail);
        event.hint = failure.hint();
        event.lines = step.lines;
        events_.within(std::move(event));
    } else if (step.kind == "script" && step.state == BootStep::State::kDone) {
        events_.within(script_event("done", step.name));
    } else if (step.kind == "cloud-init" && step.state == BootStep::State::kFailed) {
        log::warn("cloud-init ({}) has failed in the guest: {}", step.name, step.detail);
        events_.within({.name = "cloud-init", .state = "failed", .detail = step.detail});
    } else if (step.kind == "cloud-init" && step.state == BootStep::State::kBegin) {
        events_.within({.name = "cloud-init", .state = "begin", .detail = step.name});
    }
    watch_script();
}

/// Sets the timer for a script that has begun; each that takes long is named.
void Agent::watch_script() {
    const auto& running = boot_state_->running();
    const std::string now = running ? running->name : "";
    if (now == script_) {
        return;
    }
    script_ = now;
    script_timer_.cancel();
    if (!running) {
        return;
    }
    events_.within(script_event("begin", now));
    const auto tell = [this](auto& self, seconds after) -> void {
        script_timer_.expires_after(after);
        script_timer_.async_wait([this, self, after](const boost::system::error_code& error) {
            const auto& slow = boot_state_->running();
            if (error || ending_.is_set() || events_.is_ready() || !slow || slow->name != script_) {
                return;
            }
            const auto took = std::chrono::duration_cast<seconds>(Clock::now() - slow->since);
            const std::string said =
                slow->lines.empty() ? "" : ", and said last: " + go_quote(slow->lines.back());
            log::info("The {} {} has been running for {} s{} ({})", script_kind(slow->name),
                      go_quote(slow->name), took.count(), said, kSlowHint);
            hostapi::PhaseEvent event = script_event("slow", slow->name);
            event.hint = kSlowHint;
            event.lines = slow->lines;
            event.seconds = static_cast<int>(took.count());
            events_.within(std::move(event));
            self(self, std::min(after * 2, kSlowAgain));
        });
    };
    tell(tell, kSlow);
}

asio::awaitable<void> Agent::follow_cloud_init() {
    std::function<void(hostapi::CloudInitProgress)> tell =
        [this](hostapi::CloudInitProgress progress) { events_.cloud_init(std::move(progress)); };
    std::vector<std::string> argv = guest_->shell_argv(cloud_init_command());
    co_await watch_cloud_init(std::move(argv), std::move(tell));
}

}  // namespace lima::hostagent
