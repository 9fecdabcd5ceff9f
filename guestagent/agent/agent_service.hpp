// AgentService: what our own hosts ask beyond GuestService. Thread: as GuestServiceImpl.
#pragma once

#include "guestagent/agent/boot_watch.hpp"
#include "guestagent/agent/rpc_server.hpp"
#include "guestagent/proto/agent_service.grpc.pb.h"

#include <string>

namespace lima::guestagent {

namespace agentpb = lima::agent::v1;

struct AgentServiceParts {
    Calls& calls;
    BootWatch& boot;
    std::string forward_port;  // the virtio port of the forward plane; "" without one
};

class AgentServiceImpl final : public agentpb::AgentService::CallbackService {
public:
    explicit AgentServiceImpl(AgentServiceParts parts) : parts_(std::move(parts)) {}

    grpc::ServerUnaryReactor* Hello(grpc::CallbackServerContext* context,
                                    const agentpb::HelloRequest* request,
                                    agentpb::HelloReply* reply) override;
    grpc::ServerWriteReactor<agentpb::BootStep>* WatchBoot(
        grpc::CallbackServerContext* context, const agentpb::WatchBootRequest* request) override;

private:
    AgentServiceParts parts_;
};

}  // namespace lima::guestagent
