// Where hosts without links connect: the unix socket that ssh forwards, and vsock. Connections are
// accepted here, so that only the right peer gets to the gRPC server. Thread: the loop's.
#pragma once

#include "core/base/fd.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <sys/types.h>

namespace lima::guestagent {

namespace asio = boost::asio;

/// A socket at the path, for this owner alone (0600); what is there is removed first.
Result<Fd> listen_unix(const std::filesystem::path& path, uid_t owner);
Result<Fd> listen_vsock(std::uint32_t port);
/// True when the connection is the host's; others are not ours to serve.
bool is_from_host(int vsock_connection);

class Listener {
public:
    /// `accepts` looks at a new connection: false closes it.
    Listener(const asio::any_io_executor& executor, Fd socket,
             std::function<bool(int connection)> accepts, std::function<void(Fd)> on_connection);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener();
    void start();

private:
    void accept_all();

    asio::posix::stream_descriptor socket_;
    asio::steady_timer pause_;
    std::function<bool(int)> accepts_;
    std::function<void(Fd)> on_connection_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lima::guestagent
