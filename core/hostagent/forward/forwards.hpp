// Ports of the guest on the host (spec/host-guest.md 3): what listens in the guest and the rules
// say what should listen here; this keeps the one equal to the other. Listeners stay while the
// agent or the plane is away and take what comes as soon as it is back. Thread: the loop's.
#pragma once

#include "core/base/error.hpp"
#include "core/config/fields.hpp"
#include "core/hostagent/forward/plane.hpp"
#include "core/hostapi/event.hpp"
#include "core/ssh/options.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <compare>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lima::hostagent {

/// A socket that listens in the guest, as an agent reports it.
struct GuestPort {
    std::string protocol;  // "tcp", "udp"
    std::string ip;        // "0.0.0.0", "::", "127.0.0.1"
    int port = 0;
    auto operator<=>(const GuestPort&) const = default;
};

struct ForwardSetup {
    config::Config config;  // filled
    std::filesystem::path instance_dir;
    std::string instance_name;
    std::filesystem::path lima_home;
    int ssh_local_port = 0;
    ssh::Client client;  // for what goes through ssh: LIMA_SSH_PORT_FORWARDER, plain mode
    ssh::Target target;
    std::function<void(hostapi::PortForwardEvent)> on_event;
};

class Forwards {
public:
    Forwards(asio::any_io_executor executor, asio::thread_pool& pool, ForwardSetup setup);
    ~Forwards();
    Forwards(const Forwards&) = delete;
    Forwards& operator=(const Forwards&) = delete;

    /// What goes over ssh, and the static rules: once ssh works, and again over each other master.
    asio::awaitable<void> start_static();
    /// Whether there is, or may come, what goes over ssh.
    bool uses_ssh() const;
    /// All that listens in the guest now; the whole set each time, in any order.
    void set_guest_ports(std::vector<GuestPort> ports);
    /// Which way new connections take; nullptr: none now, they wait for the next one (a little).
    void set_plane(std::shared_ptr<Plane> plane);
    /// Closes every listener and connection; cancels what ssh forwards.
    asio::awaitable<void> close();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lima::hostagent
