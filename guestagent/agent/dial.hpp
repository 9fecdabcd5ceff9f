// Where a host may want to be connected to in the guest: "tcp:127.0.0.1:80", "unix:/run/x.sock".
// Addresses are numbers; names are not resolved, except localhost. An unspecified address means
// loopback of its family.
#pragma once

#include "core/base/fd.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace lima::guestagent {

namespace asio = boost::asio;

struct DialTarget {
    int type = 0;  // SOCK_STREAM, SOCK_DGRAM
    sockaddr_storage address{};
    socklen_t size = 0;
    std::string text;  // for messages
};

/// `network` as Go names it: tcp, tcp4, tcp6, udp, udp4, udp6, unix.
Result<DialTarget> parse_dial_target(std::string_view network, std::string_view address);
/// The target of a stream of the forward plane: network, colon, address.
Result<DialTarget> parse_plane_target(std::string_view target);

/// Connects without blocking; the handler runs on the executor, also when it is clear at once.
/// kUnavailable when nobody listens there. Nothing is called after the returned canceller was.
using DialHandler = std::function<void(Result<Fd>)>;
std::function<void()> dial(const asio::any_io_executor& executor, const DialTarget& target,
                           DialHandler handler);

}  // namespace lima::guestagent
