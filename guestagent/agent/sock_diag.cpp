#include "guestagent/agent/sock_diag.hpp"

#include <array>
#include <cstring>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <span>

namespace lima::guestagent {
namespace {

constexpr int kAttempts = 4;
// As the kernel numbers the states of a socket; an unconnected UDP socket is a closed one.
constexpr unsigned kStateListen = 10;
constexpr unsigned kStateClosed = 7;

unsigned wanted_state(int protocol) {
    return protocol == IPPROTO_TCP ? kStateListen : kStateClosed;
}

}  // namespace

std::string diag_request(const DiagTable& table) {
    inet_diag_req_v2 body{};
    body.sdiag_family = static_cast<std::uint8_t>(table.family);
    body.sdiag_protocol = static_cast<std::uint8_t>(table.protocol);
    body.idiag_states = 1U << wanted_state(table.protocol);
    return {reinterpret_cast<const char*>(&body), sizeof(body)};
}

std::optional<Port> diag_port(std::string_view payload, int protocol) {
    inet_diag_msg message{};
    if (payload.size() < sizeof(message)) {
        return std::nullopt;
    }
    std::memcpy(&message, payload.data(), sizeof(message));
    const int number = ntohs(message.id.idiag_sport);
    if (message.idiag_state != wanted_state(protocol) || number == 0) {
        return std::nullopt;
    }
    std::array<std::uint8_t, 16> address{};
    std::memcpy(address.data(), &message.id.idiag_src, address.size());
    const std::size_t size = message.idiag_family == AF_INET6 ? 16 : 4;
    return Port{.protocol = protocol == IPPROTO_TCP ? "tcp" : "udp",
                .ip = ip_text(std::span(address).first(size)),
                .number = number};
}

Result<SockDiag> SockDiag::open() {
    LIMA_TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_SOCK_DIAG));
    return SockDiag(std::move(socket));
}

Result<void> SockDiag::dump(const DiagTable& table, std::vector<Port>& out) {
    const std::size_t before = out.size();
    const auto add = [&](const NetlinkMessage& message) {
        if (message.type == SOCK_DIAG_BY_FAMILY) {
            if (auto port = diag_port(message.payload, table.protocol)) {
                out.push_back(std::move(*port));
            }
        }
    };
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        out.resize(before);
        const auto consistent = socket_.dump(SOCK_DIAG_BY_FAMILY, diag_request(table), add);
        if (!consistent && consistent.error().code() != Code::kNotFound) {
            return fail(consistent.error());
        }
        // No IPv6, or no module for it: a table that is not there has no sockets.
        if (!consistent || *consistent) {
            break;
        }
    }
    return {};
}

Result<std::vector<Port>> SockDiag::list() {
    constexpr std::array<DiagTable, 4> kTables{{{AF_INET, IPPROTO_TCP},
                                                {AF_INET6, IPPROTO_TCP},
                                                {AF_INET, IPPROTO_UDP},
                                                {AF_INET6, IPPROTO_UDP}}};
    std::vector<Port> out;
    for (const DiagTable& table : kTables) {
        LIMA_DO(dump(table, out), "cannot list the sockets");
    }
    return out;
}

}  // namespace lima::guestagent
