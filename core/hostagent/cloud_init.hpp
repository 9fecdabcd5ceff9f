// --progress: what cloud-init prints in the guest, as events (spec/host-guest.md 1.9).
#pragma once

#include "core/aio/loop.hpp"
#include "core/hostapi/event.hpp"

#include <functional>
#include <string>
#include <vector>

namespace lima::hostagent {

namespace asio = boost::asio;

/// What the guest's shell runs: it prints the log, and ends when cloud-init has finished or failed
/// to start.
std::string cloud_init_command();

/// Runs argv until it ends, a line says that cloud-init is done, or ten minutes are over. Always
/// ends with completed:true.
asio::awaitable<void> watch_cloud_init(std::vector<std::string> argv,
                                       std::function<void(hostapi::CloudInitProgress)> tell);

/// Reads lines for the one that says "done".
class CloudInitLog {
public:
    /// True when the line is the end.
    bool is_last(std::string_view line);

private:
    bool unit_started_ = false;
};

}  // namespace lima::hostagent
