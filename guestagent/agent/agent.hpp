// The agent as an object: services, ports and boot on one loop. The daemon gives it connections;
// tests do the same. Thread: the loop's, but for stop_server().
#pragma once

#include "guestagent/agent/agent_service.hpp"
#include "guestagent/agent/boot_watch.hpp"
#include "guestagent/agent/guest_service.hpp"
#include "guestagent/agent/port_watch.hpp"
#include "guestagent/agent/rpc_server.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace lima::guestagent {

struct AgentOptions {
    std::filesystem::path runtime_dir;
    PortWatchOptions ports;
    BootWatchOptions boot{};
    ClockSetter set_clock = set_system_clock;
    std::string forward_port{};
};

class Agent {
public:
    static Result<std::unique_ptr<Agent>> start(const asio::any_io_executor& executor,
                                                AgentOptions options);
    Agent(const asio::any_io_executor& executor, AgentOptions options);
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    ~Agent();

    Result<void> add_connection(Fd socket) { return server_->add_connection(std::move(socket)); }
    BootWatch& boot() { return boot_; }
    PortWatch& ports() { return ports_; }
    /// Every open call ends with OK.
    void end_calls() { calls_.end_all(); }
    /// Blocks while calls end; not on the loop, which must run.
    void stop_server(std::chrono::milliseconds patience) { server_->shutdown(patience); }

private:
    Calls calls_;
    PortWatch ports_;
    BootWatch boot_;
    GuestServiceImpl guest_service_;
    AgentServiceImpl agent_service_;
    std::unique_ptr<RpcServer> server_;
};

}  // namespace lima::guestagent
