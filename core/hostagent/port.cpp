#include "core/hostagent/port.hpp"

#include "core/base/fd.hpp"
#include "core/base/version.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>

namespace lima::hostagent {
namespace {

/// The port of the instance `default` of versions before 2.0.
constexpr int kOldDefaultPort = 60022;

Result<int> bind_once(int port) {
    const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) {
        return fail_errno(errno, "cannot make a socket");
    }
    if (port != 0) {
        // As the VM will do it: connections that linger from the last run are no hindrance.
        const int yes = 1;
        setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    socklen_t size = sizeof address;
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return fail_errno(errno, "cannot bind 127.0.0.1:" + std::to_string(port));
    }
    return ntohs(address.sin_port);
}

Result<int> take_port(int port) {
    auto taken = bind_once(port);
    if (!taken) {
        return fail(std::move(taken.error())
                        .wrap("the ssh port cannot be used")
                        .with_code(Code::kUnavailable)
                        .with_hint("another program uses port " + std::to_string(port) +
                                   ": end it, or set ssh.localPort to 0 or to another port in the "
                                   "instance's lima.yaml"));
    }
    return taken;
}

}  // namespace

Result<int> free_tcp_port() { return bind_once(0); }

Result<int> choose_ssh_port(int configured, const std::string& name,
                            const std::string& lima_version) {
    if (configured < 0 || configured > 65535) {
        return failf(Code::kInvalidArgument, "ssh.localPort must be between 0 and 65535, is {}",
                     configured);
    }
    if (configured > 0) {
        return take_port(configured);
    }
    if (name == "default" && (lima_version.empty() || !version_at_least(lima_version, "2.0.0"))) {
        return take_port(kOldDefaultPort);
    }
    return free_tcp_port();
}

}  // namespace lima::hostagent
