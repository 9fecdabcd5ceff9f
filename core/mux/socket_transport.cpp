#include "core/aio/loop.hpp"
#include "core/mux/transport.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cerrno>
#include <sys/socket.h>

namespace lima::mux {
namespace {

Failure lost(int number) {
    if (number == 0 || number == EPIPE || number == ECONNRESET) {
        return fail(Code::kUnavailable, "the connection was closed");
    }
    return fail_errno(number, "the connection was lost");
}

class SocketTransport final : public Transport {
public:
    SocketTransport(const asio::any_io_executor& executor, Fd socket)
        : state_(std::make_shared<State>(executor, socket.release())) {}
    SocketTransport(const SocketTransport&) = delete;
    SocketTransport& operator=(const SocketTransport&) = delete;
    ~SocketTransport() override { SocketTransport::close(); }

    Result<std::size_t> read_some(std::span<std::byte> into) override {
        const ssize_t count = ::recv(fd(), into.data(), into.size(), MSG_DONTWAIT);
        if (count > 0) {
            return static_cast<std::size_t>(count);
        }
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            arm(asio::posix::stream_descriptor::wait_read, state_->reads);
            return std::size_t{0};
        }
        return lost(count == 0 ? 0 : errno);
    }

    Result<std::size_t> write_some(std::span<const iovec> parts) override {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts.data());
        message.msg_iovlen = parts.size();
        const ssize_t count = ::sendmsg(fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) {
            return static_cast<std::size_t>(count);
        }
        if (errno == EAGAIN || errno == EINTR) {
            arm(asio::posix::stream_descriptor::wait_write, state_->writes);
            return std::size_t{0};
        }
        return lost(errno);
    }

    Peer peer() override { return Peer::kThere; }

    asio::awaitable<void> changed() override {
        const std::shared_ptr<State> state = state_;
        while (!state->changed && !state->closed) {
            boost::system::error_code ignored;
            co_await state->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
        state->changed = false;
    }

    void close() override {
        state_->closed = true;
        boost::system::error_code ignored;
        state_->socket.close(ignored);
        state_->wake.cancel();
    }

private:
    struct State {
        State(const asio::any_io_executor& executor, int socket_fd)
            : socket(executor, socket_fd), wake(executor, asio::steady_timer::time_point::max()) {}
        asio::posix::stream_descriptor socket;
        asio::steady_timer wake;
        bool changed = false;
        bool closed = false;
        bool reads = false;  // a wait is under way
        bool writes = false;
    };

    int fd() { return state_->socket.native_handle(); }

    // Only after an attempt that would have blocked: asio reports readiness again at each wait.
    void arm(asio::posix::stream_descriptor::wait_type type, bool& waits) {
        if (waits || state_->closed) {
            return;
        }
        waits = true;
        state_->socket.async_wait(type, [state = state_, &waits](const boost::system::error_code&) {
            waits = false;
            state->changed = true;
            state->wake.cancel();
        });
    }

    std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Transport> socket_transport(asio::any_io_executor executor, Fd socket) {
    return std::make_unique<SocketTransport>(executor, std::move(socket));
}

}  // namespace lima::mux
