#include "core/hostagent/boot_state.hpp"

#include "core/base/text.hpp"

#include <algorithm>

namespace lima::hostagent {
namespace {

constexpr std::size_t kTold = 10;  // lines of a script in an error's text

constexpr const char* kDiskHint =
    "the guest's disk is full: set a larger `disk` in lima.yaml, or remove files in the guest";
constexpr const char* kScriptHint =
    "correct the script and start the instance again; all of its output is in "
    "/var/log/cloud-init-output.log in the guest";

Milestone milestone_of(const std::string& kind) {
    if (kind == "sshd") {
        return Milestone::kSshd;
    }
    if (kind == "session") {
        return Milestone::kSession;
    }
    if (kind == "fuse") {
        return Milestone::kFuse;
    }
    return kind == "boot" ? Milestone::kBoot : Milestone::kNone;
}

std::string identity_of(const BootStep& step) {
    return step.kind + "|" + step.name + "|" + std::to_string(static_cast<int>(step.state)) + "|" +
           std::to_string(step.uptime.count()) + "|" + step.instance_id + "|" +
           join(step.lines, "\n");
}

}  // namespace

std::string script_kind(const std::string& name) {
    return name.starts_with("provision") ? "provisioning script" : "boot script";
}

Error script_failure(const std::string& name, const std::string& how,
                     const std::vector<std::string>& lines, bool disk_full) {
    std::string text = "the " + script_kind(name) + " " + go_quote(name) + " has failed: " + how;
    if (disk_full) {
        text += ", the guest's disk is full";
    }
    if (!lines.empty()) {
        const std::size_t left_out = lines.size() - std::min(lines.size(), kTold);
        text += "; its last lines:\n" +
                join({lines.begin() + static_cast<std::ptrdiff_t>(left_out), lines.end()}, "\n");
    }
    return Error(Code::kFailedPrecondition, std::move(text))
        .with_phase("script")
        .with_hint(disk_full ? kDiskHint : kScriptHint);
}

void BootState::take_boot_id(const std::string& boot_id) {
    if (!boot_id_.empty() && boot_id != boot_id_) {
        *this = BootState(instance_id_);
    }
    boot_id_ = boot_id;
}

bool BootState::has(Milestone milestone) const { return reached_.contains(milestone); }

bool BootState::take(const BootStep& step, Clock::time_point now) {
    if (!seen_.insert(identity_of(step)).second) {
        return false;
    }
    if (step.kind == "script") {
        take_script(step, now);
    } else if (step.kind == "cloud-init") {
        if (step.state == BootStep::State::kFailed) {
            cloud_init_errors_ = step.detail;
        }
        cloud_init_over_ =
            cloud_init_over_ || (step.name == "result" && step.state != BootStep::State::kBegin);
    } else if (step.state == BootStep::State::kDone) {
        const Milestone milestone = milestone_of(step.kind);
        const bool marker = milestone != Milestone::kNone && milestone != Milestone::kSshd;
        // A marker of an earlier start's seed says nothing of this one.
        if (milestone == Milestone::kNone || (marker && step.instance_id != instance_id_)) {
            return true;
        }
        reached_.insert(milestone);
        if (milestone == Milestone::kBoot) {
            running_.reset();
        }
    }
    return true;
}

void BootState::take_script(const BootStep& step, Clock::time_point now) {
    if (step.state == BootStep::State::kBegin) {
        if (!running_ || running_->name != step.name) {
            running_ = RunningScript{.name = step.name, .since = now, .lines = {}};
        }
        running_->lines = step.lines;
        return;
    }
    if (running_ && running_->name == step.name) {
        running_.reset();
    }
    if (step.state == BootStep::State::kFailed) {
        failures_.push_back(script_failure(step.name, step.detail, step.lines, step.disk_full));
    }
}

}  // namespace lima::hostagent
