#include "guestagent/agent/sock_diag.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

#include <array>
#include <charconv>
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

bool parse_hex(std::string_view text, std::uint32_t& out) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out, 16);
    return !text.empty() && parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

/// "0100007F:0016", or four such words before the colon: each a number of the machine's own order.
std::optional<Port> parse_proc_address(std::string_view text) {
    const std::size_t colon = text.find(':');
    std::array<std::uint8_t, 16> address{};
    std::uint32_t number = 0;
    if ((colon != 8 && colon != 32) || !parse_hex(text.substr(colon + 1), number)) {
        return std::nullopt;
    }
    for (std::size_t at = 0; at < colon; at += 8) {
        std::uint32_t word = 0;
        if (!parse_hex(text.substr(at, 8), word)) {
            return std::nullopt;
        }
        std::memcpy(address.data() + at / 2, &word, sizeof(word));
    }
    return Port{.ip = ip_text(std::span(address).first(colon / 2)),
                .number = static_cast<int>(number)};
}

}  // namespace

std::vector<Port> parse_proc_net(std::string_view text, const DiagTable& table) {
    std::vector<Port> out;
    for (const std::string_view line : lines(text)) {
        // sl local_address rem_address st ...
        std::vector<std::string> words = split(line, ' ');
        std::erase(words, "");
        std::uint32_t state = 0;
        if (words.size() < 4 || !parse_hex(words[3], state) ||
            state != wanted_state(table.protocol)) {
            continue;
        }
        auto port = parse_proc_address(words[1]);
        if (port && port->number != 0) {
            port->protocol = table.protocol == IPPROTO_TCP ? "tcp" : "udp";
            out.push_back(std::move(*port));
        }
    }
    return out;
}

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
    for (int attempt = 0; attempt < kAttempts && !missing_.contains(table.name); ++attempt) {
        out.resize(before);
        const auto consistent = socket_.dump(SOCK_DIAG_BY_FAMILY, diag_request(table), add);
        if (consistent && (*consistent || attempt + 1 == kAttempts)) {
            return {};
        }
        if (!consistent && consistent.error().code() != Code::kNotFound) {
            return fail(consistent.error());
        }
        if (!consistent) {
            log::info("the kernel has no sock_diag for {}; it is read from /proc/net", table.name);
            missing_.insert(table.name);
        }
    }
    LIMA_TRY(const std::optional<std::string> text,
             fs::read_file_if_exists(std::string("/proc/net/") + table.name));
    if (text) {  // no IPv6: no file, and no sockets
        const std::vector<Port> found = parse_proc_net(*text, table);
        out.insert(out.end(), found.begin(), found.end());
    }
    return {};
}

Result<std::vector<Port>> SockDiag::list() {
    constexpr std::array<DiagTable, 4> kTables{{{AF_INET, IPPROTO_TCP, "tcp"},
                                                {AF_INET6, IPPROTO_TCP, "tcp6"},
                                                {AF_INET, IPPROTO_UDP, "udp"},
                                                {AF_INET6, IPPROTO_UDP, "udp6"}}};
    std::vector<Port> out;
    for (const DiagTable& table : kTables) {
        LIMA_DO(dump(table, out), "cannot list the sockets");
    }
    return out;
}

}  // namespace lima::guestagent
