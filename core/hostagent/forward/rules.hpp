// The rules of port forwarding as pure functions of values (spec/host-guest.md 3.1, 3.2): which
// socket of the guest appears where on the host.
#pragma once

#include "core/config/fields.hpp"
#include "core/hostagent/forward/forwards.hpp"

#include <string>
#include <vector>

namespace lima::hostagent {

/// A filled configuration's rules between ours: the guest's ssh and the host's ssh port never, all
/// else of 127.0.0.1 to the same port.
std::vector<config::PortForward> forward_rules(const config::Config& config, int ssh_local_port);

struct ForwardMatch {
    enum class Kind { kForward, kIgnored, kNone };
    Kind kind = Kind::kNone;
    std::string host_address{};  // "127.0.0.1:8080", or the path of a unix socket
    bool operator==(const ForwardMatch&) const = default;
};
ForwardMatch match_rule(const std::vector<config::PortForward>& rules, const GuestPort& port);

/// The first rules ignore every port of a protocol: then nothing is said about each.
struct IgnoredProtocols {
    bool tcp = false;
    bool udp = false;
    bool operator==(const IgnoredProtocols&) const = default;
};
IgnoredProtocols ignored_protocols(const std::vector<config::PortForward>& user_rules);

/// A static rule takes the port, whatever its address and protocol.
bool is_static_port(const std::vector<config::PortForward>& rules, int port);

/// "127.0.0.1:80", "[::1]:80".
std::string join_address(const std::string& ip, int port);
std::string address_of(const GuestPort& port);

}  // namespace lima::hostagent
