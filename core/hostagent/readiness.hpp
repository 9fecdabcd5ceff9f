// Making requirements true: run, wait, run again, until they hold, the time is over or the agent
// stops. Blocking, on a worker; the guest does the waiting where it can (requirements.cpp), so the
// pauses here are for a guest that cannot be reached yet and for probes of the user's.
#pragma once

#include "core/base/error.hpp"
#include "core/hostagent/guest_shell.hpp"
#include "core/hostagent/requirements.hpp"

#include <chrono>

namespace lima::hostagent {

struct ReadinessTiming {
    std::chrono::milliseconds first_pause{50};
    std::chrono::milliseconds max_pause{500};
    std::chrono::milliseconds attempt{60'000};  // of one run of a script
};

/// kCancelled, or the failure with the requirement, its last output and its hint. A fatal
/// requirement that says no is not asked again.
Result<void> satisfy(const Requirement& requirement, CommandRunner& guest,
                     std::chrono::steady_clock::time_point deadline, const driver::Cancel& cancel,
                     const ReadinessTiming& timing = {});

}  // namespace lima::hostagent
