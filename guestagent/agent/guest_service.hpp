// GuestService, as hosts of Lima and ours call it: ports, tunnels, the clock, and file times.
// Thread: its calls come from gRPC's threads and do their work on the loop.
#pragma once

#include "guestagent/agent/clock.hpp"
#include "guestagent/agent/event_state.hpp"
#include "guestagent/agent/port_watch.hpp"
#include "guestagent/agent/rpc_server.hpp"
#include "guestagent/proto/guest_service.grpc.pb.h"

#include <boost/asio/thread_pool.hpp>

#include <memory>

namespace lima::guestagent {

struct GuestServiceParts {
    Calls& calls;
    PortWatch& ports;
    EventState state;
    ClockSetter set_clock = set_system_clock;
};

class GuestServiceImpl final : public GuestService::CallbackService {
public:
    explicit GuestServiceImpl(GuestServiceParts parts) : parts_(std::move(parts)) {}

    grpc::ServerUnaryReactor* GetInfo(grpc::CallbackServerContext* context, const Empty* request,
                                      Info* reply) override;
    grpc::ServerWriteReactor<Event>* GetEvents(grpc::CallbackServerContext* context,
                                               const Empty* request) override;
    grpc::ServerReadReactor<Inotify>* PostInotify(grpc::CallbackServerContext* context,
                                                  Empty* reply) override;
    grpc::ServerBidiReactor<TunnelMessage, TunnelMessage>* Tunnel(
        grpc::CallbackServerContext* context) override;
    grpc::ServerUnaryReactor* SyncTime(grpc::CallbackServerContext* context,
                                       const TimeSyncRequest* request,
                                       TimeSyncResponse* reply) override;

private:
    GuestServiceParts parts_;
    // For file times: a mount whose host is gone lets the call hang, and nothing else shall.
    asio::thread_pool touching_{1};
};

/// Sets both times of a file, if it is there.
void touch_file(const std::string& path, std::int64_t seconds, std::int32_t nanos);

}  // namespace lima::guestagent
