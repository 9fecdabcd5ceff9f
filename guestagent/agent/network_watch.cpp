#include "guestagent/agent/network_watch.hpp"

#include "core/base/log.hpp"
#include "guestagent/agent/netlink.hpp"
#include "guestagent/agent/ports.hpp"

#include <cstring>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <set>
#include <sys/socket.h>
#include <vector>

namespace lima::guestagent {
namespace {

struct Attribute {
    unsigned type = 0;
    std::string_view value;
};

std::vector<Attribute> attributes(std::string_view bytes) {
    std::vector<Attribute> out;
    while (bytes.size() >= sizeof(rtattr)) {
        rtattr header{};
        std::memcpy(&header, bytes.data(), sizeof(header));
        if (header.rta_len < sizeof(header) || header.rta_len > bytes.size()) {
            break;
        }
        out.push_back(
            {header.rta_type, bytes.substr(sizeof(header), header.rta_len - sizeof(header))});
        bytes.remove_prefix(std::min<std::size_t>(RTA_ALIGN(header.rta_len), bytes.size()));
    }
    return out;
}

std::string address_text(std::string_view bytes) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    return ip_text(std::span(data, bytes.size()));
}

}  // namespace

std::optional<AddressNews> usable_address(std::string_view payload) {
    ifaddrmsg message{};
    if (payload.size() < sizeof(message)) {
        return std::nullopt;
    }
    std::memcpy(&message, payload.data(), sizeof(message));
    std::uint32_t flags = message.ifa_flags;
    std::string_view found;
    for (const Attribute& attribute : attributes(payload.substr(sizeof(message)))) {
        // IFA_LOCAL is ours where the link has a peer; IPv6 has only IFA_ADDRESS.
        if (attribute.type == IFA_LOCAL || (attribute.type == IFA_ADDRESS && found.empty())) {
            found = attribute.value;
        } else if (attribute.type == IFA_FLAGS && attribute.value.size() >= sizeof(flags)) {
            std::memcpy(&flags, attribute.value.data(), sizeof(flags));
        }
    }
    constexpr std::uint32_t kUnusable = IFA_F_TENTATIVE | IFA_F_DADFAILED;
    const std::size_t size = message.ifa_family == AF_INET6 ? 16 : 4;
    if (message.ifa_scope != RT_SCOPE_UNIVERSE || (flags & kUnusable) != 0 ||
        found.size() != size) {
        return std::nullopt;
    }
    return AddressNews{message.ifa_family, address_text(found)};
}

std::optional<int> default_route(std::string_view payload) {
    rtmsg message{};
    if (payload.size() < sizeof(message)) {
        return std::nullopt;
    }
    std::memcpy(&message, payload.data(), sizeof(message));
    if (message.rtm_dst_len != 0 || message.rtm_table != RT_TABLE_MAIN ||
        message.rtm_type != RTN_UNICAST) {
        return std::nullopt;
    }
    return message.rtm_family;
}

Result<std::optional<std::string>> find_network() {
    LIMA_TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
    std::vector<AddressNews> addresses;
    std::set<int> routes;
    const ifaddrmsg any_address{};
    const rtmsg any_route{};
    LIMA_DO(
        socket.dump(RTM_GETADDR, {reinterpret_cast<const char*>(&any_address), sizeof(any_address)},
                    [&](const NetlinkMessage& message) {
                        auto found = message.type == RTM_NEWADDR ? usable_address(message.payload)
                                                                 : std::nullopt;
                        if (found) {
                            addresses.push_back(std::move(*found));
                        }
                    }));
    LIMA_DO(socket.dump(
        RTM_GETROUTE, {reinterpret_cast<const char*>(&any_route), sizeof(any_route)},
        [&](const NetlinkMessage& message) {
            if (const auto family =
                    message.type == RTM_NEWROUTE ? default_route(message.payload) : std::nullopt) {
                routes.insert(*family);
            }
        }));
    for (const AddressNews& address : addresses) {
        if (routes.contains(address.family)) {
            return address.ip;
        }
    }
    return std::nullopt;
}

NetworkWatch::NetworkWatch(const asio::any_io_executor& executor,
                           std::function<void(const std::string&)> on_network)
    : socket_(executor), on_network_(std::move(on_network)) {}

NetworkWatch::~NetworkWatch() { *alive_ = false; }

Result<void> NetworkWatch::start() {
    LIMA_TRY(Fd socket,
             open_netlink_groups(NETLINK_ROUTE, {RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                                 RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE}));
    socket_.assign(socket.release());
    wait();
    look();
    return {};
}

void NetworkWatch::wait() {
    socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [this, alive = alive_](const boost::system::error_code& error) {
                           if (error || !*alive) {
                               return;
                           }
                           drain_netlink(socket_.native_handle());
                           wait();
                           look();
                       });
}

void NetworkWatch::look() {
    const auto found = find_network();
    if (!found) {
        log::debug("cannot look at the network: {}", found.error().text());
        return;
    }
    if (*found) {
        socket_.close();
        on_network_(**found);
    }
}

}  // namespace lima::guestagent
