// poll(2) with a deadline that survives interruptions. For the implementation of core/base only.
#pragma once

#include "core/base/error.hpp"

#include <chrono>
#include <optional>

namespace lima {

/// A point in time, or never.
class Deadline {
public:
    Deadline() = default;
    /// Negative is never.
    explicit Deadline(std::chrono::milliseconds timeout) {
        if (timeout.count() >= 0) {
            at_ = std::chrono::steady_clock::now() + timeout;
        }
    }
    /// For poll(2): the time left, rounded up, or -1.
    int poll_timeout() const;
    bool passed() const { return at_ && std::chrono::steady_clock::now() >= *at_; }

private:
    std::optional<std::chrono::steady_clock::time_point> at_;
};

/// True when one of the events (or an error or hang-up, which poll always tells) came before the
/// deadline.
Result<bool> poll_until(int fd, short events, const Deadline& deadline);

}  // namespace lima
