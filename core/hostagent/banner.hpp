// Waiting until an ssh server says its banner. A port that is forwarded by a VM's user network
// accepts at once and stays silent until the guest's TCP answers, and a connection that was made
// too early wakes up seconds late: so several are kept open, a new one every half second, and the
// first that speaks wins.
#pragma once

#include "core/base/error.hpp"

#include <chrono>
#include <string>

namespace lima::hostagent {

struct BannerTiming {
    std::chrono::milliseconds first_retry{50};  // after a refused or closed connection; doubles
    std::chrono::milliseconds max_retry{500};
    std::chrono::milliseconds another{500};  // when the one before is silent
};

/// kDeadlineExceeded says what was seen last; kCancelled once cancel_fd is readable.
Result<void> wait_for_banner(const std::string& address, int port,
                             std::chrono::milliseconds timeout, int cancel_fd,
                             const BannerTiming& timing = {});

}  // namespace lima::hostagent
