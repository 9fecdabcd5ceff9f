// Netlink as far as the agent needs it: questions to the kernel whose answers come in many
// messages. Thread: any one.
#pragma once

#include "core/base/fd.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lima::guestagent {

struct NetlinkMessage {
    std::uint16_t type = 0;
    std::uint16_t flags = 0;
    std::uint32_t sequence = 0;
    std::string_view payload;
};

/// The messages of one datagram, in order.
Result<void> each_netlink_message(std::string_view datagram,
                                  const std::function<Result<void>(const NetlinkMessage&)>& fn);

/// A request of this type for everything there is; `body` is the type's own structure.
std::string netlink_dump_request(std::uint16_t type, std::uint32_t sequence, std::string_view body);

/// A nonblocking socket to which the kernel sends what happens in these groups.
Result<Fd> open_netlink_groups(int protocol, const std::vector<int>& groups);
/// Takes all that has come, unread.
void drain_netlink(int fd);

class NetlinkSocket {
public:
    /// A socket whose reads end with an error when the kernel says nothing for two seconds.
    static Result<NetlinkSocket> open(int protocol);
    /// Calls for every message of the answer, until its end. False: the table changed meanwhile,
    /// so that the answer may be wrong. kNotFound: the kernel has no such table.
    Result<bool> dump(std::uint16_t type, std::string_view body,
                      const std::function<void(const NetlinkMessage&)>& fn);

private:
    explicit NetlinkSocket(Fd socket) : socket_(std::move(socket)) {}

    Fd socket_;
    std::uint32_t sequence_ = 0;
    std::string buffer_;
};

}  // namespace lima::guestagent
