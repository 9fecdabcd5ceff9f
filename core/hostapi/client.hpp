// Asking a host agent over ha.sock (HTTP on a unix socket, spec/host-guest.md 1.5). Synchronous,
// small, without Beast: this is in limactl's start-up path.
#pragma once

#include "core/base/error.hpp"

#include <chrono>
#include <filesystem>
#include <string>

namespace lima::hostapi {

struct AgentInfo {
    std::string auto_started_identifier;
    int ssh_local_port = 0;
};

Result<AgentInfo> get_info(const std::filesystem::path& socket,
                           std::chrono::milliseconds timeout = std::chrono::seconds(3));

enum class SnapshotVerb { kCreate, kApply, kDelete };
/// What the driver of the instance answers: its errors come through with code and hint. The guest
/// may be large, so these take their time. kUnimplemented: a host agent that knows no snapshots, or
/// a driver that has none.
Result<void> change_snapshot(const std::filesystem::path& socket, SnapshotVerb verb,
                             const std::string& tag);
Result<std::string> list_snapshots(const std::filesystem::path& socket,
                                   std::chrono::milliseconds timeout = std::chrono::seconds(60));
/// The bytes of a file; format is png or bmp.
Result<std::string> get_screenshot(const std::filesystem::path& socket, const std::string& format);

/// True when the host agent of the instance shuts down: it says so itself, or, once its API is
/// gone, its last event did. One that does not live, or says nothing, does not.
bool is_stopping(const std::filesystem::path& instance_dir,
                 std::chrono::milliseconds timeout = std::chrono::seconds(3));

}  // namespace lima::hostapi
