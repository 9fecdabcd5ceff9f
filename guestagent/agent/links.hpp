// The agent's two virtio ports. On the first a link carries streams to the gRPC server (or a host
// that knows no links speaks HTTP/2 there), on the second, the forward plane, a stream is a
// connection to something that listens in the guest. Thread: the loop's.
#pragma once

#include "core/aio/loop.hpp"
#include "core/mux/link.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace lima::guestagent {

namespace asio = boost::asio;

inline constexpr std::string_view kForwardPort = "io.lima-vm.forward.0";

/// The device of a virtio port: by its link in /dev/virtio-ports, or, where no udev makes one, by
/// its name in sysfs. kNotFound when the machine has no such port. `root` is for tests.
Result<std::filesystem::path> find_virtio_port(std::string_view name,
                                               const std::filesystem::path& root = "/");
/// Takes a device from everyone but root.
Result<void> secure_device(const std::filesystem::path& device);

class PortLink {
public:
    using Opener = std::function<void(PortLink& link, std::uint32_t stream, const std::string&)>;

    PortLink(const asio::any_io_executor& executor, std::unique_ptr<mux::Transport> transport,
             std::string name, Opener on_open);
    PortLink(const PortLink&) = delete;
    PortLink& operator=(const PortLink&) = delete;

    /// The coroutine that serves the port; ends with stop() or when the port is lost.
    asio::awaitable<void> serve();
    void stop() { link_.stop(); }
    void join_stream(std::uint32_t stream, Fd socket);
    void refuse(std::uint32_t stream, const Error& reason) { link_.refuse(stream, reason); }
    const asio::any_io_executor& executor() const { return executor_; }
    const std::string& name() const { return name_; }

private:
    asio::awaitable<void> accept(std::uint32_t stream, Fd socket);

    asio::any_io_executor executor_;
    std::string name_;
    aio::TaskScope streams_;
    mux::Link link_;
};

/// Streams to "agent" become connections of the gRPC server.
PortLink::Opener agent_opener(std::function<Result<void>(Fd)> add_connection);
/// Streams to "tcp:…" and "unix:…" are dialled.
PortLink::Opener plane_opener();

}  // namespace lima::guestagent
