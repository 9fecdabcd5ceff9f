#include "core/hostagent/readiness.hpp"

#include "core/base/fd.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

#include <algorithm>

namespace lima::hostagent {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// The end of what a script said: enough for a message.
std::string tail_of(const std::string& text) {
    const auto all = lines(trim(text));
    std::vector<std::string> last;
    for (std::size_t i = all.size() > 5 ? all.size() - 5 : 0; i < all.size(); ++i) {
        last.emplace_back(all[i]);
    }
    return join(last, "\n");
}

struct Attempt {
    bool satisfied = false;
    bool final = false;  // asking again cannot help
    Error error = Error(Code::kUnknown, "it was not tried");
};

Attempt attempt(const Requirement& requirement, CommandRunner& guest, milliseconds timeout) {
    const std::string command = remote_command(requirement);
    auto result = requirement.uses_master
                      ? guest.run_over_master(command, requirement.script, timeout)
                      : guest.run(command, requirement.script, timeout);
    Attempt out;
    if (!result) {
        out.final = result.error().code() == Code::kCancelled;
        out.error = std::move(result.error());
    } else if (result->exit_code == 0) {
        out.satisfied = true;
    } else {
        out.final = requirement.fatal;
        const std::string said = tail_of(result->err.empty() ? result->out : result->err);
        out.error = Error(Code::kFailedPrecondition,
                          said.empty() ? "exit status " + std::to_string(result->exit_code) : said);
    }
    return out;
}

Error failure_of(const Requirement& requirement, Error last, bool timed_out) {
    const Code code = timed_out ? Code::kDeadlineExceeded : last.code();
    return std::move(last)
        .wrap("the " + requirement.group + " requirement " + go_quote(requirement.description) +
              (timed_out ? " was not satisfied in time" : " is not satisfied"))
        .with_code(code)
        .with_hint(requirement.hint)
        .with_phase(requirement.phase);
}

/// Refusals of the key without anything else between them.
class Refusals {
public:
    explicit Refusals(const ReadinessTiming& timing) : timing_(timing) {}

    /// True when there is no hope left.
    bool count(const Error& error) {
        if (error.code() != Code::kPermissionDenied) {
            times_ = 0;
            return false;
        }
        if (times_++ == 0) {
            since_ = Clock::now();
        }
        return (timing_.keys_are_set != nullptr && *timing_.keys_are_set) ||
               (times_ >= timing_.refused_times && Clock::now() - since_ >= timing_.refused_for);
    }

private:
    const ReadinessTiming& timing_;
    std::size_t times_ = 0;
    Clock::time_point since_;
};

Error key_failure(const Requirement& requirement, Error last) {
    return std::move(last)
        .wrap("the guest does not accept the key")
        .with_phase(requirement.phase)
        .with_hint(
            "the guest has another key than $LIMA_HOME/_config/user.pub: was that pair "
            "made anew, or does the image ignore cloud-init's ssh-authorized-keys?");
}

/// A script of ours that is not back in time lost its connection without a word (a guest that
/// rebooted); a probe of the user's may take as long as it likes.
milliseconds time_for(const Requirement& requirement, Clock::time_point deadline,
                      const ReadinessTiming& timing) {
    const auto left =
        std::max(std::chrono::ceil<milliseconds>(deadline - Clock::now()), milliseconds(1000));
    return requirement.with_params ? left : std::min(left, timing.attempt);
}

}  // namespace

Result<void> satisfy(const Requirement& requirement, CommandRunner& guest,
                     Clock::time_point deadline, const driver::Cancel& cancel,
                     const ReadinessTiming& timing) {
    milliseconds pause = timing.first_pause;
    Refusals refusals(timing);
    std::string told;
    for (;;) {
        Attempt result = attempt(requirement, guest, time_for(requirement, deadline, timing));
        if (result.satisfied) {
            return {};
        }
        if (cancel.triggered()) {
            return fail(Code::kCancelled, "stopped while waiting for " + requirement.description);
        }
        if (result.final) {
            return fail(failure_of(requirement, std::move(result.error), false));
        }
        if (refusals.count(result.error)) {
            return fail(key_failure(requirement, std::move(result.error)));
        }
        if (told != result.error.text()) {
            told = result.error.text();
            log::debug("{}: {}", requirement.description, told);
        }
        if (Clock::now() + pause >= deadline) {
            return fail(failure_of(requirement, std::move(result.error), true));
        }
        LIMA_TRY(const bool cancelled, wait_readable(cancel.fd(), pause));
        if (cancelled) {
            return fail(Code::kCancelled, "stopped while waiting for " + requirement.description);
        }
        pause = std::min(pause * 2, timing.max_pause);
    }
}

}  // namespace lima::hostagent
