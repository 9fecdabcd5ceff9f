#include "core/hostagent/ready_wait.hpp"

#include "core/base/text.hpp"

#include <algorithm>

namespace lima::hostagent {
namespace {

using std::chrono::seconds;

Error stopped(const Requirement& requirement) {
    return Error(Code::kCancelled, "stopped while waiting for " + requirement.description);
}

/// Without the outer text, which says that it took too long.
std::string last_word(const Error& error) {
    constexpr std::string_view kOuter = " was not satisfied in time: ";
    const std::string text = error.text();
    const std::size_t at = text.find(kOuter);
    return at == std::string::npos ? text : text.substr(at + kOuter.size());
}

std::string name_of(const Requirement& requirement) {
    return "the " + requirement.group + " requirement " + go_quote(requirement.description);
}

}  // namespace

ReadyWait::ReadyWait(asio::any_io_executor executor, asio::thread_pool& pool, CommandRunner& guest,
                     const BootState& state, ReadyTiming timing)
    : executor_(std::move(executor)),
      pool_(pool),
      guest_(guest),
      state_(state),
      timing_(timing),
      change_(executor_) {
    timing_.probe.keys_are_set = &keys_are_set_;
}

/// What the time limit finds: the script that runs is the likely cause.
Error ReadyWait::late(const Requirement& requirement) const {
    std::string text = name_of(requirement) + " was not satisfied in time";
    std::string hint = requirement.hint;
    if (const auto& running = state_.running()) {
        const auto took = std::chrono::duration_cast<seconds>(Clock::now() - running->since);
        text += fmt::format(": the {} {} has been running for {} s", script_kind(running->name),
                            go_quote(running->name), took.count());
        if (!running->lines.empty()) {
            text += "; its last lines:\n" + join(running->lines, "\n");
        }
    }
    return Error(Code::kDeadlineExceeded, std::move(text))
        .with_phase(requirement.phase)
        .with_hint(std::move(hint));
}

bool ReadyWait::too_late(const Requirement& requirement, const Error& error) const {
    return error.code() == Code::kDeadlineExceeded && probe_late_ &&
           (requirement.of_the_boot || requirement.verify);
}

Error ReadyWait::never(const Requirement& requirement, const std::string& last) const {
    std::string text = name_of(requirement) + " is not satisfied: the guest's boot is over";
    std::string hint = requirement.hint;
    if (requirement.verify) {
        text += ", and no ssh server answers";
        hint =
            "sshd does not run in the guest: is its service disabled or masked in the image? See "
            "the serial logs (serial*.log) in the instance directory";
    } else if (!state_.has(Milestone::kBoot)) {
        text += ", and Lima's boot scripts did not run";
    }
    if (!last.empty()) {
        text += ": " + last;
    }
    if (!state_.cloud_init_errors().empty()) {
        text += "; cloud-init says: " + state_.cloud_init_errors();
    }
    return Error(Code::kFailedPrecondition, std::move(text))
        .with_phase(requirement.phase)
        .with_hint(std::move(hint));
}

ReadyWait::Next ReadyWait::next(const Requirement& requirement) const {
    if (!stream_ || requirement.milestone == Milestone::kNone) {
        return Next::kProbe;
    }
    if (state_.has(requirement.milestone)) {
        // With the user's session there the ControlMaster's login, which follows, is the proof.
        const bool proven_later = state_.has(Milestone::kSession);
        return requirement.verify && !proven_later ? Next::kProbe : Next::kDone;
    }
    if (state_.over()) {
        return requirement.verify ? Next::kProbe : Next::kGiveUp;
    }
    return Next::kWait;
}

/// Whether the probe that runs shall give way to what is known now.
bool ReadyWait::yields(const Requirement& requirement) const {
    if (!stream_) {
        return false;
    }
    if (requirement.milestone == Milestone::kNone) {
        return requirement.of_the_boot && state_.over() && !probe_late_;
    }
    if (!requirement.verify) {
        return true;
    }
    // A login that is under way is closer to the goal than another would be.
    if (guest_.logging_in()) {
        return false;
    }
    const bool known = state_.has(requirement.milestone);
    return known ? !probe_knew_ : !state_.over() || !probe_late_;
}

asio::awaitable<Result<void>> ReadyWait::probe(const Requirement& requirement,
                                               Clock::time_point deadline) {
    const bool known =
        requirement.milestone != Milestone::kNone && state_.has(requirement.milestone);
    const bool waits_for_boot = requirement.of_the_boot || (requirement.verify && !known);
    probe_knew_ = known;
    probe_late_ = stream_ && state_.over();
    if (probe_late_ && waits_for_boot) {
        deadline = std::min(deadline, Clock::now() + timing_.last_chance);
    }
    probe_.emplace();
    probed_ = &requirement;
    yielded_ = false;
    const driver::Cancel cancel = *probe_;
    guest_.use(cancel);
    auto job = [this, &requirement, deadline, cancel] {
        return hostagent::satisfy(requirement, guest_, deadline, cancel, timing_.probe);
    };
    auto result = co_await aio::on_pool(pool_, job);
    probe_.reset();
    probed_ = nullptr;
    co_return result;
}

asio::awaitable<Result<void>> ReadyWait::satisfy(Requirement requirement,
                                                 Clock::time_point deadline) {
    while (!stopped_) {
        const Next step = next(requirement);
        if (step == Next::kDone) {
            co_return Result<void>();
        }
        if (step == Next::kGiveUp) {
            co_return fail(never(requirement, ""));
        }
        if (step == Next::kWait) {
            if (Clock::now() >= deadline) {
                co_return fail(late(requirement));
            }
            co_await change_.wait_until(deadline);
            continue;
        }
        auto result = co_await probe(requirement, deadline);
        if (!result && !yielded_ && too_late(requirement, result.error())) {
            co_return fail(never(requirement, last_word(result.error())));
        }
        if (result || !yielded_) {
            co_return result;
        }
    }
    co_return fail(stopped(requirement));
}

void ReadyWait::stream(bool up) {
    stream_ = up;
    changed();
}

void ReadyWait::changed() {
    keys_are_set_ = stream_ && state_.keys_are_set();
    change_.notify();
    if (probe_ && !yielded_ && yields(*probed_)) {
        yielded_ = true;
        probe_->trigger();
        guest_.interrupt();
    }
}

void ReadyWait::stop() {
    stopped_ = true;
    change_.notify();
    if (probe_) {
        probe_->trigger();
        guest_.interrupt();
    }
}

}  // namespace lima::hostagent
