#include "guestagent/agent/clock.hpp"

#include <cerrno>
#include <ctime>
#include <unistd.h>

namespace lima::guestagent {
namespace {

constexpr std::chrono::milliseconds kTolerance{100};
constexpr std::int64_t kBillion = 1'000'000'000;

}  // namespace

ClockSync sync_clock(Nanoseconds host, Nanoseconds guest, const ClockSetter& set) {
    const Nanoseconds drift = guest - host;
    ClockSync out;
    out.drift_ms = std::chrono::duration_cast<std::chrono::milliseconds>(drift).count();
    if (drift <= kTolerance && drift >= -kTolerance) {
        return out;
    }
    const auto done = set(host);
    out.adjusted = done.has_value();
    if (!done) {
        out.error = done.error().text();
    }
    return out;
}

Nanoseconds system_clock_now() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return Nanoseconds(now.tv_sec * kBillion + now.tv_nsec);
}

Result<void> set_system_clock(Nanoseconds time) {
    if (::geteuid() != 0) {
        return fail(Code::kPermissionDenied, "cannot set the clock: not root");
    }
    if (time.count() < 0) {
        return fail(Code::kInvalidArgument, "cannot set the clock: a time before 1970");
    }
    const timespec wanted{.tv_sec = time.count() / kBillion, .tv_nsec = time.count() % kBillion};
    if (::clock_settime(CLOCK_REALTIME, &wanted) != 0) {
        return fail_errno(errno, "cannot set the clock");
    }
    return {};
}

std::uint64_t uptime_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec * 1000 + now.tv_nsec / 1'000'000);
}

}  // namespace lima::guestagent
