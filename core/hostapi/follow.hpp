// Following ha.stdout.log and ha.stderr.log while a host agent starts or stops: inotify, no
// polling.
#pragma once

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/hostapi/event.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>

namespace lima::hostapi {

struct FollowOptions {
    std::filesystem::path instance_dir;
    SystemTime begin;  // older events are skipped
    std::chrono::milliseconds timeout;
    int agent_pidfd = -1;  // borrowed: its end without an event is an error; -1 when unknown
    /// Return true to stop following.
    std::function<bool(const Event&)> on_event;
    /// Log lines of the agent are re-logged with "[hostagent] " in front.
    bool relay_log = true;
    /// Of these only records from this level on.
    log::Level relay_from = log::Level::kTrace;
    /// Called before a record is relayed, and every second; may be empty.
    std::function<void()> before_relay = {};
    std::function<void()> on_tick = {};
    /// So many bytes of ha.stderr.log are known already.
    std::uint64_t log_offset = 0;
};

/// kDeadlineExceeded after the timeout, kUnavailable when the agent ended first (with its last
/// error lines).
Result<void> follow(const FollowOptions& options);

}  // namespace lima::hostapi
