#include "core/hostagent/guest/tunnel.hpp"

#include "core/hostagent/guest/rpc.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <sys/socket.h>

namespace lima::hostagent {
namespace {

using Stream = grpc::ClientAsyncReaderWriter<TunnelMessage, TunnelMessage>;
using Socket = asio::generic::stream_protocol::socket;

constexpr std::size_t kChunk = 64 * 1024;
/// For a peer on the host that goes on talking after the guest's end has ended.
constexpr std::chrono::seconds kLinger(5);

Result<Socket> take(const asio::any_io_executor& executor, Fd fd) {
    int domain = 0;
    socklen_t size = sizeof domain;
    if (getsockopt(fd.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) {
        return fail_errno(errno, "not a socket");
    }
    Socket socket(executor);
    boost::system::error_code error;
    socket.assign(asio::generic::stream_protocol(domain, 0), fd.get(), error);
    if (error) {
        return fail(Code::kInternal, "cannot take the connection: " + error.message());
    }
    fd.release();
    socket.non_blocking(true, error);
    return socket;
}

/// One connection: two directions, each with one operation at a time.
class Connection {
public:
    Connection(std::shared_ptr<Rpc> rpc, Socket socket)
        : rpc_(std::move(rpc)),
          socket_(std::move(socket)),
          context_(*rpc_),
          up_(rpc_->executor()),
          down_(rpc_->executor()),
          linger_(rpc_->executor()),
          tasks_(rpc_->executor()) {}

    asio::awaitable<Result<void>> run(TunnelMessage handshake);

private:
    asio::awaitable<void> send_all();
    asio::awaitable<void> receive_all();
    asio::awaitable<void> linger();
    asio::awaitable<grpc::Status> transfer(TunnelMessage handshake);
    void give_up();

    std::shared_ptr<Rpc> rpc_;
    Socket socket_;
    Rpc::Context context_;
    std::unique_ptr<Stream> call_;
    Operation up_;
    Operation down_;
    asio::steady_timer linger_;
    aio::TaskScope tasks_;
    bool ended_ = false;  // the guest's side
    bool sent_ = false;   // the host's side
};

void Connection::give_up() {
    context_.get()->TryCancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
}

asio::awaitable<void> Connection::send_all() {
    std::array<char, kChunk> chunk;
    boost::system::error_code error;
    while (!error) {
        const std::size_t size = co_await socket_.async_read_some(
            asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, error));
        if (error && error != asio::error::eof) {
            context_.get()->TryCancel();  // the host's end is gone, not finished
        }
        if (error || ended_) {
            continue;
        }
        TunnelMessage message;
        message.set_data(chunk.data(), size);
        call_->Write(message, up_.tag());
        if (!co_await up_.done()) {
            ended_ = true;
        }
    }
    if (!ended_ && error == asio::error::eof) {
        call_->WritesDone(up_.tag());
        co_await up_.done();
    }
    sent_ = true;
    linger_.cancel();
}

asio::awaitable<void> Connection::receive_all() {
    for (;;) {
        TunnelMessage message;
        call_->Read(&message, down_.tag());
        if (!co_await down_.done()) {
            break;
        }
        boost::system::error_code error;
        co_await asio::async_write(socket_, asio::buffer(message.data()),
                                   asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            context_.get()->TryCancel();
            break;
        }
    }
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    ended_ = true;
    tasks_.spawn(linger(), "the end of a tunnel");
}

asio::awaitable<void> Connection::linger() {
    if (sent_) {
        co_return;
    }
    boost::system::error_code error;
    linger_.expires_after(kLinger);
    co_await linger_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (!sent_) {
        give_up();
    }
}

asio::awaitable<grpc::Status> Connection::transfer(TunnelMessage handshake) {
    const std::function<void()> on_cancel = [this] { give_up(); };
    call_ = rpc_->guest_service().PrepareAsyncTunnel(context_.get(), &rpc_->queue());
    call_->StartCall(up_.tag());
    bool ok = co_await up_.done(on_cancel);
    if (ok) {
        call_->Write(handshake, up_.tag());
        ok = co_await up_.done(on_cancel);
    }
    if (ok) {
        tasks_.spawn(send_all(), "a tunnel to the guest");
        tasks_.spawn(receive_all(), "a tunnel from the guest");
    }
    grpc::Status status;
    Operation finish(rpc_->executor());
    call_->Finish(&status, finish.tag());
    co_await finish.done(on_cancel);
    if (!status.ok()) {
        give_up();
    }
    co_await tasks_.join();
    co_return status;
}

asio::awaitable<Result<void>> Connection::run(TunnelMessage handshake) {
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    const grpc::Status status = co_await transfer(std::move(handshake));
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return status.ok() ? Result<void>() : Result<void>(fail(error_of(status)));
}

class TunnelPlane final : public Plane {
public:
    explicit TunnelPlane(std::shared_ptr<Rpc> rpc) : rpc_(std::move(rpc)) {}

    asio::awaitable<Result<void>> join(std::string protocol, std::string address,
                                       Fd socket) override {
        if (protocol != "tcp" && protocol != "unix") {
            co_return failf(Code::kUnimplemented, "the gRPC tunnel carries no {}", protocol);
        }
        LIMA_CO_TRY(Socket taken, take(rpc_->executor(), std::move(socket)));
        TunnelMessage handshake;
        handshake.set_id(protocol + "-" + address + "-" + std::to_string(++counter_));
        handshake.set_protocol(protocol);
        handshake.set_guest_addr(address);
        Connection connection(rpc_, std::move(taken));
        co_return co_await connection.run(std::move(handshake));
    }
    const char* name() const override { return "gRPC tunnel"; }

private:
    std::shared_ptr<Rpc> rpc_;
    std::uint64_t counter_ = 0;
};

}  // namespace

std::shared_ptr<Plane> make_tunnel_plane(std::shared_ptr<Rpc> rpc) {
    return std::make_shared<TunnelPlane>(std::move(rpc));
}

}  // namespace lima::hostagent
