// Making requirements true: run, wait, run again, until they hold, the time is over or the agent
// stops. Blocking, on a worker; the guest does the waiting where it can (requirements.cpp), so the
// pauses here are for a guest that cannot be reached yet and for probes of the user's.
#pragma once

#include "core/base/error.hpp"
#include "core/hostagent/guest_shell.hpp"
#include "core/hostagent/requirements.hpp"

#include <atomic>
#include <chrono>

namespace lima::hostagent {

struct ReadinessTiming {
    std::chrono::milliseconds first_pause{50};
    std::chrono::milliseconds max_pause{500};
    std::chrono::milliseconds attempt{60'000};  // of one run of a script
    /// A key that is refused again and again for so long will not be accepted any more.
    std::chrono::milliseconds refused_for{30'000};
    std::size_t refused_times = 5;
    /// Set from another thread: the guest has its keys, a refusal is final at once.
    const std::atomic<bool>* keys_are_set = nullptr;
};

/// kCancelled, or the failure with the requirement, its last output and its hint. A fatal
/// requirement that says no is not asked again, nor is a guest that refuses the key for good.
Result<void> satisfy(const Requirement& requirement, CommandRunner& guest,
                     std::chrono::steady_clock::time_point deadline, const driver::Cancel& cancel,
                     const ReadinessTiming& timing = {});

}  // namespace lima::hostagent
