// The guest's clock, set by what the host says. Pure but for system_clock_setter().
#pragma once

#include "core/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace lima::guestagent {

using Nanoseconds = std::chrono::nanoseconds;  // since 1970

struct ClockSync {
    bool adjusted = false;
    std::int64_t drift_ms = 0;  // positive: the guest was ahead
    std::string error{};
};

using ClockSetter = std::function<Result<void>(Nanoseconds)>;

/// Sets the clock when it differs by more than 100 ms.
ClockSync sync_clock(Nanoseconds host, Nanoseconds guest, const ClockSetter& set);

Nanoseconds system_clock_now();
/// Sets CLOCK_REALTIME; an error for anyone but root.
Result<void> set_system_clock(Nanoseconds time);
/// Milliseconds since the kernel started, sleep included.
std::uint64_t uptime_ms();

}  // namespace lima::guestagent
