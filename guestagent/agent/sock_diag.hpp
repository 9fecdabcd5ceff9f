// The sockets that listen, asked from the kernel over a sock_diag netlink socket: TCP in state
// LISTEN and unconnected UDP of the caller's network namespace, IPv4 and IPv6. The kernel selects
// by state, so that connections cost nothing. A kernel without the module for a table is asked
// through /proc/net. Thread: any one; a call takes as long as the kernel needs to walk its tables.
#pragma once

#include "guestagent/agent/netlink.hpp"
#include "guestagent/agent/ports.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lima::guestagent {

struct DiagTable {
    int family = 0;         // AF_INET, AF_INET6
    int protocol = 0;       // IPPROTO_TCP, IPPROTO_UDP
    const char* name = "";  // of its file in /proc/net
};

/// The body of the dump request for one table.
std::string diag_request(const DiagTable& table);
/// The port that an entry of the answer tells of; nullopt for one that is none of ours.
std::optional<Port> diag_port(std::string_view payload, int protocol);

/// The ports in a table of /proc/net (tcp, tcp6, udp, udp6).
std::vector<Port> parse_proc_net(std::string_view text, const DiagTable& table);

class SockDiag {
public:
    static Result<SockDiag> open();
    /// In the order tcp/v4, tcp/v6, udp/v4, udp/v6.
    Result<std::vector<Port>> list();

private:
    explicit SockDiag(NetlinkSocket socket) : socket_(std::move(socket)) {}
    Result<void> dump(const DiagTable& table, std::vector<Port>& out);

    NetlinkSocket socket_;
    // Tables without a module. Not asked for again: each time the kernel would run modprobe.
    std::set<std::string> missing_{};
};

}  // namespace lima::guestagent
