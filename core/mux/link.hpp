// A link carries many byte streams over one byte channel between a host and a guest: the virtio
// ports of the guest agent. It exists because such a port is a poor connection: it does not tell
// one host process from the next, keeps bytes of the last one, and has one flow for all. A link
// brings both ends to a common start (a new one after either end was replaced, never with bytes of
// the old), gives each stream its own flow control, so that one that is not read holds up no other,
// and keeps half-close and reset apart.
//
// Thread: everything on the executor's one thread. Owner: the link owns its transport, the
// descriptors given to connect() and accept() and their streams. The frames are in frame.hpp, the
// rules of a session, without input and output, in session.hpp.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/mux/transport.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace lima::mux {

namespace asio = boost::asio;

enum class Role { kHost, kGuest };

struct LinkOptions {
    Role role = Role::kHost;
    std::string name;  // for the log: "guest agent", "forward plane"
};

struct LinkHandlers {
    /// Both ends have met. Comes again after on_down.
    std::function<void()> on_up;
    /// The other end is gone or was replaced; all streams have ended.
    std::function<void(const Error&)> on_down;
    /// The peer opens a stream: call accept() or refuse() with this number, once, now or later. In
    /// the guest also when a host that knows no links talks HTTP/2 on the port: number 0, target
    /// "agent", all bytes as they are.
    std::function<void(std::uint32_t stream, const std::string& target)> on_open;
};

class Link {
public:
    Link(asio::any_io_executor executor, std::unique_ptr<Transport> transport, LinkOptions options,
         LinkHandlers handlers);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    /// Works until the transport is lost (its error) or stop() (ok). In the guest the transport
    /// outlives the hosts that come and go.
    asio::awaitable<Result<void>> run();
    void stop();
    bool up() const;

    /// Opens a stream to `target` of the peer and joins it with a connected stream socket (taken,
    /// nonblocking or not) until both directions have ended. kUnavailable when the link is not up
    /// or goes down meanwhile; what the peer said when it refused.
    asio::awaitable<Result<void>> connect(std::string target, Fd socket);
    /// The answer to on_open; ends when the stream has.
    asio::awaitable<Result<void>> accept(std::uint32_t stream, Fd socket);
    void refuse(std::uint32_t stream, const Error& reason);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace lima::mux
