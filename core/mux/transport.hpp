// The byte channel below a link, without blocking: a connected socket on the host, a virtio port in
// the guest, a socket pair in tests.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <sys/uio.h>

namespace lima::mux {

namespace asio = boost::asio;

class Transport {
public:
    enum class Peer { kThere, kAway };

    virtual ~Transport() = default;
    /// 0: nothing now. An error: lost for good.
    virtual Result<std::size_t> read_some(std::span<std::byte> into) = 0;
    virtual Result<std::size_t> write_some(std::span<const iovec> parts) = 0;
    /// Away: a virtio port whose host has not connected. Looked at after each change, and then all
    /// is read: what this call finds to be there may not wake changed() any more.
    virtual Peer peer() = 0;
    /// Until reading, writing or peer() may have changed; edge-triggered, no timer. Wakes at once
    /// when something has changed since the last call.
    virtual asio::awaitable<void> changed() = 0;
    /// Ends a changed() that waits.
    virtual void close() = 0;
};

/// A connected stream socket; taken.
std::unique_ptr<Transport> socket_transport(asio::any_io_executor executor, Fd socket);
/// A virtio port in the guest, such as /dev/virtio-ports/NAME: `read` returns 0 while the host is
/// away, which is not the end. kFailedPrecondition when another process has it open.
Result<std::unique_ptr<Transport>> virtio_transport(asio::any_io_executor executor,
                                                    const std::filesystem::path& device);

}  // namespace lima::mux
