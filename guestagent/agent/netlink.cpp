#include "guestagent/agent/netlink.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace lima::guestagent {
namespace {

constexpr std::size_t kReceiveBuffer = 32768;

/// What a NLMSG_DONE or NLMSG_ERROR says.
Result<void> end_of_dump(std::string_view payload) {
    std::int32_t number = 0;
    if (payload.size() >= sizeof(number)) {
        std::memcpy(&number, payload.data(), sizeof(number));
    }
    if (number == 0) {
        return {};
    }
    return fail_errno(-number, "the kernel refused the dump");
}

}  // namespace

Result<void> each_netlink_message(std::string_view datagram,
                                  const std::function<Result<void>(const NetlinkMessage&)>& fn) {
    while (datagram.size() >= sizeof(nlmsghdr)) {
        nlmsghdr header{};
        std::memcpy(&header, datagram.data(), sizeof(header));
        if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > datagram.size()) {
            return fail(Code::kInternal, "a netlink message is cut short");
        }
        const NetlinkMessage message{
            .type = header.nlmsg_type,
            .flags = header.nlmsg_flags,
            .sequence = header.nlmsg_seq,
            .payload = datagram.substr(sizeof(header), header.nlmsg_len - sizeof(header))};
        LIMA_DO(fn(message));
        datagram.remove_prefix(
            std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
    }
    return {};
}

std::string netlink_dump_request(std::uint16_t type, std::uint32_t sequence,
                                 std::string_view body) {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + body.size());
    header.nlmsg_type = type;
    header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    header.nlmsg_seq = sequence;
    std::string out(reinterpret_cast<const char*>(&header), sizeof(header));
    return out.append(body);
}

Result<Fd> open_netlink_groups(int protocol, const std::vector<int>& groups) {
    Fd socket(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
    sockaddr_nl any{};
    any.nl_family = AF_NETLINK;
    // Bound, to get a number: without one it is taken for the kernel's own and gets nothing.
    if (!socket ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0) {
        return fail_errno(errno, "cannot open a netlink socket");
    }
    for (const int group : groups) {
        if (::setsockopt(socket.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
                         sizeof(group)) != 0) {
            return fail_errno(errno, "cannot join a netlink group");
        }
    }
    return socket;
}

void drain_netlink(int fd) {
    std::array<char, 512> ignored{};
    while (::recv(fd, ignored.data(), ignored.size(), MSG_DONTWAIT) >= 0 || errno == ENOBUFS ||
           errno == EINTR) {
    }
}

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
    Fd socket(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, protocol));
    if (!socket) {
        return fail_errno(errno, "cannot open a netlink socket");
    }
    const timeval patience{.tv_sec = 2, .tv_usec = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return NetlinkSocket(std::move(socket));
}

Result<bool> NetlinkSocket::dump(std::uint16_t type, std::string_view body,
                                 const std::function<void(const NetlinkMessage&)>& fn) {
    const std::string request = netlink_dump_request(type, ++sequence_, body);
    if (::send(socket_.get(), request.data(), request.size(), 0) < 0) {
        return fail_errno(errno, "cannot ask the kernel");
    }
    buffer_.resize(kReceiveBuffer);
    bool done = false;
    bool consistent = true;
    const auto take = [&](const NetlinkMessage& message) -> Result<void> {
        if (message.sequence != sequence_ || done) {
            return {};  // the rest of an older answer
        }
        consistent = consistent && (message.flags & NLM_F_DUMP_INTR) == 0;
        if (message.type == NLMSG_DONE || message.type == NLMSG_ERROR) {
            done = true;
            return end_of_dump(message.payload);
        }
        fn(message);
        return {};
    };
    // To its end also when it is of no use: a socket makes one dump at a time.
    while (!done) {
        const ssize_t got = ::recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fail_errno(errno, "cannot read the kernel's answer");
        }
        LIMA_DO(each_netlink_message({buffer_.data(), static_cast<std::size_t>(got)}, take));
    }
    return consistent;
}

}  // namespace lima::guestagent
