// What a host agent says on its stdout, a JSON line each (spec/host-guest.md 1.4), and what limactl
// reads from it.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json_fwd.hpp"
#include "core/base/time.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lima::hostapi {

struct CloudInitProgress {
    std::string log_line = {};
    bool completed = false;
    bool active = false;
};

struct PortForwardEvent {
    std::string type = {};  // forwarding not-forwarding stopping failed
    std::string protocol = {};
    std::string guest_addr = {};
    std::string host_addr = {};
    std::string error = {};
};

struct VsockEvent {
    std::string type = {};  // started skipped failed
    std::string host_addr = {};
    int vsock_port = 0;
    std::string reason = {};
};

/// Ours, additive: where the start is, and why it failed. Other readers ignore the keys. The phases
/// come one after the other; those named "script" and "cloud-init" lie within them: what the guest
/// does meanwhile.
struct PhaseEvent {
    std::string name = {};                // "vm", "ssh", "boot", …
    std::string state = {};               // "begin", "slow", "done", "failed", "missing"
    std::string detail = {};              // what it waits for, the script, or the cause
    std::string hint = {};                // what to do next
    std::vector<std::string> lines = {};  // what a slow or failed script said last
    int seconds = 0;                      // how long a slow script has been running
    bool operator==(const PhaseEvent&) const = default;
};

struct Status {
    bool running = false;
    bool degraded = false;
    bool exiting = false;
    std::vector<std::string> errors;
    int ssh_local_port = 0;
    std::optional<CloudInitProgress> cloud_init;
    std::optional<PortForwardEvent> port_forward;
    std::optional<VsockEvent> vsock;
    std::optional<PhaseEvent> phase;
};

struct Event {
    SystemTime time = {};
    Status status = {};
};

/// One line without its newline; <, > and & escaped as the original does.
std::string encode(const Event& event);
Result<Event> decode(const std::string& line);

}  // namespace lima::hostapi
