// What an instance has beyond its VM while it runs: the guest's agent, forwards by the plane that
// the agent offers, mounts, the guest's clock. Made again from the running guest when the agent,
// the plane or this whole process was lost.
//
// Thread: the loop's. Owner: Agent, which awaits close() before it lets go of it.
#pragma once

#include "core/aio/loop.hpp"
#include "core/hostagent/boot_state.hpp"
#include "core/hostagent/clock_watch.hpp"
#include "core/hostagent/forward/forwards.hpp"
#include "core/hostagent/forward/link_plane.hpp"
#include "core/hostagent/guest/guest.hpp"
#include "core/hostagent/guest_shell.hpp"
#include "core/hostagent/machine.hpp"
#include "core/hostagent/master_watch.hpp"
#include "core/hostagent/mount/mounts.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace lima::hostagent {

/// Where an agent listens in the guest that has no port to serve.
inline constexpr const char* kAgentSocket = "/run/lima-guestagent.sock";

struct ServiceHandlers {
    std::function<void(const GuestFacts&)> on_agent;  // it answers
    std::function<void(const BootStep&)> on_step;
    std::function<void()> on_steps_ended;  // of the boot: none come now
    std::function<void(hostapi::PortForwardEvent)> on_forward;
};

class Services {
public:
    /// The machine must outlive it; the pool is joined before it dies.
    Services(asio::any_io_executor executor, asio::thread_pool& pool, Machine& machine,
             ServiceHandlers handlers);
    ~Services();
    Services(const Services&) = delete;
    Services& operator=(const Services&) = delete;

    /// The VM runs.
    void start();
    /// From the driver.
    void port_changed(bool open);
    /// The agent listens on its socket in the guest instead of the driver's port: it is reached
    /// there over ssh, until it opens the port. False when it is looked for there already.
    bool fall_back_to_ssh();
    /// The ControlMaster is there: what goes over ssh.
    asio::awaitable<void> ssh_is_up();
    asio::awaitable<std::vector<Error>> mount();
    /// The VM runs on with another state, as after a snapshot was applied: whatever talks to the
    /// guest begins anew, because the guest's ends of it are from another time.
    asio::awaitable<void> guest_replaced();
    bool agent_up() const { return guest_ && guest_->up(); }
    /// In the order of spec/host-guest.md 1.8. A guest that is gone is not asked to unmount.
    asio::awaitable<void> close(bool guest_gone);

private:
    GuestSetup guest_setup();
    void reach_over_ssh(bool over_ssh);
    std::filesystem::path ssh_socket() const;
    GuestHandlers guest_handlers();
    void make_forwards();
    void choose_plane(const GuestFacts& facts);
    void watch_master();
    void use_plane(std::shared_ptr<Plane> plane);
    asio::awaitable<void> run_link_plane(LinkPlane* plane);
    asio::awaitable<void> set_clock(const char* why);

    asio::any_io_executor executor_;
    asio::thread_pool& pool_;
    Machine& machine_;
    ServiceHandlers handlers_;
    aio::TaskScope tasks_;
    driver::Cancel cancel_;  // of shell_
    GuestShell shell_;       // of the connection to the agent over ssh
    std::unique_ptr<Guest> guest_;
    std::unique_ptr<Forwards> forwards_;
    std::shared_ptr<LinkPlane> link_plane_;
    std::unique_ptr<Mounts> mounts_;
    std::unique_ptr<MasterWatch> master_;
    std::unique_ptr<ClockWatch> clock_;
    const bool port_is_ssh_;  // the driver has no port: over ssh it is
    bool over_ssh_;           // the way that is tried now
    bool fell_back_ = false;
    bool guest_started_ = false;
    bool closing_ = false;
};

}  // namespace lima::hostagent
