#include "guestagent/agent/dial.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/un.h>

namespace lima::guestagent {
namespace {

struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};

Result<HostPort> split_host_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return failf(Code::kInvalidArgument, "address {}: missing port in address", text);
    }
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return failf(Code::kInvalidArgument, "address {}: too many colons in address", text);
    }
    HostPort out{.host = std::string(host)};
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || out.port == 0) {
        return failf(Code::kInvalidArgument, "address {}: invalid port", text);
    }
    return out;
}

std::optional<sockaddr_in> ipv4(const HostPort& at) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(at.port);
    const bool local = at.host.empty() || at.host == "localhost";
    if (::inet_pton(AF_INET, local ? "127.0.0.1" : at.host.c_str(), &out.sin_addr) != 1) {
        return std::nullopt;
    }
    if (out.sin_addr.s_addr == htonl(INADDR_ANY)) {
        out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    return out;
}

std::optional<sockaddr_in6> ipv6(const HostPort& at) {
    sockaddr_in6 out{};
    out.sin6_family = AF_INET6;
    out.sin6_port = htons(at.port);
    const bool local = at.host.empty() || at.host == "localhost";
    if (::inet_pton(AF_INET6, local ? "::1" : at.host.c_str(), &out.sin6_addr) != 1) {
        return std::nullopt;
    }
    if (IN6_IS_ADDR_UNSPECIFIED(&out.sin6_addr)) {
        out.sin6_addr = in6addr_loopback;
    }
    return out;
}

template <class Address>
DialTarget make_target(int type, const Address& address, socklen_t size, std::string text) {
    DialTarget out{.type = type, .size = size, .text = std::move(text)};
    std::memcpy(&out.address, &address, sizeof(address));
    return out;
}

Result<DialTarget> unix_target(std::string_view path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path) ||
        path.find('\0') != std::string_view::npos) {
        return failf(Code::kInvalidArgument, "a unix socket's path has 1 to {} bytes",
                     sizeof(address.sun_path) - 1);
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return make_target(SOCK_STREAM, address, sizeof(address), "unix " + std::string(path));
}

struct Dial {
    Dial(const asio::any_io_executor& executor, DialHandler on_done)
        : socket(executor), handler(std::move(on_done)) {}

    void finish(Result<Fd> result) {
        if (handler) {
            std::exchange(handler, nullptr)(std::move(result));
        }
    }

    asio::posix::stream_descriptor socket;
    DialHandler handler;
};

Failure dial_error(const DialTarget& target, int number) {
    return fail_errno(number, "dial " + target.text);
}

void on_writable(const std::shared_ptr<Dial>& state, const DialTarget& target) {
    int number = 0;
    socklen_t size = sizeof(number);
    ::getsockopt(state->socket.native_handle(), SOL_SOCKET, SO_ERROR, &number, &size);
    if (number != 0) {
        state->finish(dial_error(target, number));
        return;
    }
    state->finish(Fd(state->socket.release()));
}

}  // namespace

Result<DialTarget> parse_dial_target(std::string_view network, std::string_view address) {
    if (network == "unix") {
        return unix_target(address);
    }
    const std::string_view protocol = network.substr(0, 3);
    const std::string_view family = network.substr(std::min<std::size_t>(3, network.size()));
    if ((protocol != "tcp" && protocol != "udp") ||
        (!family.empty() && family != "4" && family != "6")) {
        return failf(Code::kInvalidArgument, "dial {}: unknown network {}", network, network);
    }
    LIMA_TRY(const HostPort at, split_host_port(address), "dial {}", network);
    const int type = protocol == "tcp" ? SOCK_STREAM : SOCK_DGRAM;
    std::string text = std::string(network) + " " + std::string(address);
    if (family != "6") {
        if (const auto found = ipv4(at)) {
            return make_target(type, *found, sizeof(*found), std::move(text));
        }
    }
    if (family != "4") {
        if (const auto found = ipv6(at)) {
            return make_target(type, *found, sizeof(*found), std::move(text));
        }
    }
    return failf(Code::kInvalidArgument, "dial {}: the host is not a numeric address", text);
}

Result<DialTarget> parse_plane_target(std::string_view target) {
    const std::size_t colon = target.find(':');
    if (colon == std::string_view::npos) {
        return failf(Code::kInvalidArgument, "target {} has no network", target);
    }
    return parse_dial_target(target.substr(0, colon), target.substr(colon + 1));
}

std::function<void()> dial(const asio::any_io_executor& executor, const DialTarget& target,
                           DialHandler handler) {
    auto state = std::make_shared<Dial>(executor, std::move(handler));
    const auto later = [&executor, state](Result<Fd> result) {
        auto kept = std::make_shared<Result<Fd>>(std::move(result));
        asio::post(executor, [state, kept] { state->finish(std::move(*kept)); });
    };
    Fd socket(::socket(target.address.ss_family, target.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) {
        later(dial_error(target, errno));
    } else {
        if (target.type == SOCK_STREAM && target.address.ss_family != AF_UNIX) {
            const int on = 1;
            ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        }
        const auto* address = reinterpret_cast<const sockaddr*>(&target.address);
        if (::connect(socket.get(), address, target.size) == 0) {
            later(std::move(socket));
        } else if (errno != EINPROGRESS) {
            later(dial_error(target, errno));
        } else {
            state->socket.assign(socket.release());
            state->socket.async_wait(asio::posix::stream_descriptor::wait_write,
                                     [state, target](const boost::system::error_code& error) {
                                         if (!error) {
                                             on_writable(state, target);
                                         }
                                     });
        }
    }
    return [state] {
        state->handler = nullptr;
        boost::system::error_code ignored;
        state->socket.cancel(ignored);
    };
}

}  // namespace lima::guestagent
