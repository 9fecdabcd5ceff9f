// One connection to a guest agent, from its first answer to its end: who it is, what listens, what
// the boot does. Owner and thread: Guest's.
#pragma once

#include "core/hostagent/guest/guest.hpp"
#include "core/hostagent/guest/rpc.hpp"

#include <memory>
#include <optional>
#include <set>

namespace lima::hostagent {

/// What listens in the guest, from one full answer and the changes around it. The stream of changes
/// is opened first: those that come before the answer are applied again after it, which does no
/// harm.
class PortSet {
public:
    /// True when the set is known, and changed.
    bool apply(const Event& event);
    void fill(const Info& info);
    std::vector<GuestPort> ports() const { return {ports_.begin(), ports_.end()}; }

private:
    bool change(const Event& event);

    bool filled_ = false;
    std::vector<Event> early_;
    std::set<GuestPort> ports_;
};

class Session {
public:
    Session(std::shared_ptr<Rpc> rpc, std::string host_version, const GuestHandlers& handlers);

    /// Until the connection is lost or stop(); why it ended.
    asio::awaitable<Error> run();
    void stop();
    /// The agent has answered, and the connection is there.
    bool up() const { return up_; }
    bool was_up() const { return was_up_; }
    const std::shared_ptr<Rpc>& rpc() const { return rpc_; }

private:
    asio::awaitable<void> watch_events();
    asio::awaitable<void> watch_boot();
    asio::awaitable<Result<GuestFacts>> greet();
    asio::awaitable<Result<void>> open();
    void lost(const Error& error);

    std::shared_ptr<Rpc> rpc_;
    std::string host_version_;
    const GuestHandlers& handlers_;
    aio::TaskScope tasks_;
    aio::Signal ended_;
    std::optional<Error> cause_;
    PortSet ports_;
    bool up_ = false;
    bool was_up_ = false;
};

}  // namespace lima::hostagent
