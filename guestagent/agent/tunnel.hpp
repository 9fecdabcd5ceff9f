// One call of Tunnel: a connection from the host to something that listens in the guest, carried in
// messages. Each direction has one message on its way at a time, so that the slower end sets the
// pace. A half-close of the host reaches the guest's server, whose last bytes still get through.
#pragma once

#include "guestagent/agent/rpc_server.hpp"
#include "guestagent/proto/guest_service.pb.h"

namespace lima::guestagent {

/// From a gRPC thread. Deletes itself.
grpc::ServerBidiReactor<TunnelMessage, TunnelMessage>* start_tunnel(Calls& calls);

}  // namespace lima::guestagent
