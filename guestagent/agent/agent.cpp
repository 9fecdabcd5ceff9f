#include "guestagent/agent/agent.hpp"

namespace lima::guestagent {

Agent::Agent(const asio::any_io_executor& executor, AgentOptions options)
    : calls_(executor),
      ports_(executor, std::move(options.ports)),
      boot_(executor, ports_, std::move(options.boot)),
      guest_service_({.calls = calls_,
                      .ports = ports_,
                      .state = EventState(options.runtime_dir),
                      .set_clock = std::move(options.set_clock)}),
      agent_service_(
          {.calls = calls_, .boot = boot_, .forward_port = std::move(options.forward_port)}) {}

Agent::~Agent() = default;

Result<std::unique_ptr<Agent>> Agent::start(const asio::any_io_executor& executor,
                                            AgentOptions options) {
    LIMA_DO(prepare_runtime_dir(options.runtime_dir));
    auto agent = std::make_unique<Agent>(executor, std::move(options));
    LIMA_TRY(agent->server_, RpcServer::start({&agent->guest_service_, &agent->agent_service_}));
    LIMA_DO(agent->boot_.start());
    return agent;
}

}  // namespace lima::guestagent
