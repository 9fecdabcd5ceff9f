// The host's end of the guest agent: a connection that is kept for as long as the instance runs,
// what listens in the guest, what the boot does, the guest's clock. Woken by events: the driver
// says that the agent's port opens, the link that both ends have met, the streams that something
// happened. Nothing here asks again and again; a connection that is lost is made anew at once, then
// with pauses that grow and end.
//
// Thread: the loop's; gRPC has one of its own, which only hands over. Owner: GuestServices.
#pragma once

#include "core/aio/loop.hpp"
#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/base/time.hpp"
#include "core/hostagent/forward/forwards.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lima::hostagent {

namespace asio = boost::asio;

/// Something that the guest's boot has come to.
struct BootStep {
    enum class State { kBegin, kDone, kFailed };
    std::string kind;  // agent network sshd cloud-init session fuse script boot
    std::string name = {};
    State state = State::kDone;
    std::string detail = {};
    std::vector<std::string> lines = {};  // what a failed or slow script said last
    std::chrono::milliseconds uptime{0};  // of the guest
    std::string instance_id = {};
    bool disk_full = false;
};

/// Who answers.
struct GuestFacts {
    bool foreign = false;  // not ours: knows GuestService alone
    std::string agent_version = {};
    std::string boot_id = {};
    std::vector<std::string> features = {};
    std::string forward_port = {};

    bool has(const std::string& feature) const;
};

struct ClockReply {
    bool known = true;  // false: an agent of before SyncTime
    bool adjusted = false;
    std::chrono::milliseconds drift{0};
    std::string error = {};
};

struct GuestTiming {
    std::chrono::milliseconds first_pause{100};
    std::chrono::milliseconds max_pause{10'000};
    std::chrono::milliseconds give_up{600'000};  // of failures without a break; events begin anew
    std::chrono::milliseconds answer{60'000};    // of one call
};

struct GuestSetup {
    /// Blocking, on a worker.
    std::function<Result<Fd>()> dial;
    bool link = true;  // frames on the connection; false: gRPC as it is
    std::string host_version = {};
    GuestTiming timing = {};
};

struct GuestHandlers {
    std::function<void(const GuestFacts&)> on_up;
    std::function<void(const Error&)> on_down;
    /// The whole set, at once and after each change.
    std::function<void(std::vector<GuestPort>)> on_ports;
    /// Of an agent of ours: all steps so far, then each as it happens; again after a reconnection.
    std::function<void(const BootStep&)> on_boot;
    /// No more steps come, though the agent is there.
    std::function<void()> on_boot_ended = [] {};
};

class Guest {
public:
    /// The pool is joined before this dies.
    Guest(asio::any_io_executor executor, asio::thread_pool& pool, GuestSetup setup,
          GuestHandlers handlers);
    ~Guest();
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

    void start();
    /// What the driver says of the agent's port. Closed: nothing is tried until it opens.
    void port_changed(bool open);
    /// Another way to the agent from now on; the connection that there is ends.
    void redirect(std::function<Result<Fd>()> dial, bool link);
    /// Something has changed that may help: tries at once.
    void wake();
    bool up() const;

    /// Sets the guest's clock when it is off.
    asio::awaitable<Result<ClockReply>> sync_time(SystemTime now);
    /// Connections through gRPC calls, by the connection that is there now; nullptr: none is.
    std::shared_ptr<Plane> tunnel_plane() const;
    /// Ends all; handlers are not called any more.
    asio::awaitable<void> close();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lima::hostagent
