// Connections into the guest as GuestService.Tunnel makes them (spec/host-guest.md 3.4): a call for
// each. For agents that know no forward plane, and to compare with.
#pragma once

#include "core/hostagent/forward/plane.hpp"

#include <memory>

namespace lima::hostagent {

class Rpc;

/// Serves as long as this connection to the agent does; afterwards join() says kUnavailable.
std::shared_ptr<Plane> make_tunnel_plane(std::shared_ptr<Rpc> rpc);

}  // namespace lima::hostagent
