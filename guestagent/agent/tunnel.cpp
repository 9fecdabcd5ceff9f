#include "guestagent/agent/tunnel.hpp"

#include "core/base/log.hpp"
#include "guestagent/agent/dial.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <sys/socket.h>

namespace lima::guestagent {
namespace {

constexpr std::size_t kStreamChunk = 32768;  // as hosts of Lima send
constexpr std::size_t kDatagram = 65536;

class Tunnel;

/// What the operations on the guest's socket hold: they end after the call may have gone.
struct Socket {
    explicit Socket(const asio::any_io_executor& executor) : fd(executor) {}
    asio::posix::stream_descriptor fd;
    Tunnel* owner = nullptr;
    bool datagrams = false;
};

class Tunnel final : public grpc::ServerBidiReactor<TunnelMessage, TunnelMessage>, public Call {
public:
    explicit Tunnel(Calls& calls)
        : calls_(calls), socket_(std::make_shared<Socket>(calls.executor())) {
        calls_.post([this] {
            socket_->owner = this;
            calls_.add(*this);
            StartRead(&incoming_);
        });
    }

    void OnReadDone(bool ok) override {
        calls_.post([this, ok] { ok ? received() : host_has_ended(); });
    }
    void OnWriteDone(bool ok) override {
        calls_.post([this, ok] { written(ok); });
    }
    void OnCancel() override {
        calls_.post([this] { finish(grpc::Status::CANCELLED); });
    }
    void OnDone() override {
        calls_.post([this] { delete this; });
    }
    void end() override { finish(grpc::Status::OK); }

    ~Tunnel() override { calls_.remove(*this); }

private:
    void received();
    void host_has_ended();
    void connect();
    void connected(Result<Fd> connection);
    void to_guest();
    void from_guest();
    void guest_has_ended();
    void written(bool ok);
    void finish(const grpc::Status& status);
    void wait(asio::posix::stream_descriptor::wait_type what, void (Tunnel::*then)());

    Calls& calls_;
    TunnelMessage incoming_;
    TunnelMessage outgoing_;
    std::shared_ptr<Socket> socket_;
    std::function<void()> cancel_dial_;
    std::string buffer_;
    std::size_t sent_ = 0;  // of incoming_.data()
    std::string id_;
    bool greeted_ = false;
    bool writing_ = false;
    bool finished_ = false;
    std::optional<grpc::Status> after_write_;
};

void Tunnel::wait(asio::posix::stream_descriptor::wait_type what, void (Tunnel::*then)()) {
    socket_->fd.async_wait(what, [socket = socket_, then](const boost::system::error_code& error) {
        if (!error && socket->owner != nullptr) {
            (socket->owner->*then)();
        }
    });
}

void Tunnel::received() {
    if (finished_) {
        return;
    }
    if (!greeted_) {
        greeted_ = true;
        connect();  // data in the first message does not count
        return;
    }
    sent_ = 0;
    to_guest();
}

void Tunnel::connect() {
    id_ = incoming_.id();
    const auto target = parse_dial_target(incoming_.protocol(), incoming_.guest_addr());
    if (!target) {
        finish({grpc::StatusCode::UNKNOWN, target.error().text()});
        return;
    }
    socket_->datagrams = target->type == SOCK_DGRAM;
    cancel_dial_ = dial(calls_.executor(), *target,
                        [this](Result<Fd> connection) { connected(std::move(connection)); });
}

void Tunnel::connected(Result<Fd> connection) {
    cancel_dial_ = nullptr;
    if (!connection) {
        finish({grpc::StatusCode::UNKNOWN, connection.error().text()});
        return;
    }
    socket_->fd.assign(connection->release());
    buffer_.resize(socket_->datagrams ? kDatagram : kStreamChunk);
    StartRead(&incoming_);
    wait(asio::posix::stream_descriptor::wait_read, &Tunnel::from_guest);
}

void Tunnel::to_guest() {
    const std::string& data = incoming_.data();
    while (sent_ < data.size()) {
        const ssize_t n = ::send(socket_->fd.native_handle(), data.data() + sent_,
                                 data.size() - sent_, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            wait(asio::posix::stream_descriptor::wait_write, &Tunnel::to_guest);
            return;
        }
        if (n < 0 && socket_->datagrams && errno == EMSGSIZE) {
            break;  // a datagram that cannot be sent is lost, as datagrams are
        }
        if (n < 0) {
            guest_has_ended();
            return;
        }
        sent_ += static_cast<std::size_t>(n);
    }
    StartRead(&incoming_);
}

void Tunnel::from_guest() {
    if (finished_) {
        return;
    }
    const ssize_t n =
        ::recv(socket_->fd.native_handle(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    const bool again = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    if (again || (n == 0 && socket_->datagrams)) {  // an empty datagram would end the session
        wait(asio::posix::stream_descriptor::wait_read, &Tunnel::from_guest);
        return;
    }
    if (n <= 0) {
        guest_has_ended();
        return;
    }
    outgoing_.set_id(id_);
    outgoing_.set_data(buffer_.data(), static_cast<std::size_t>(n));
    writing_ = true;
    StartWrite(&outgoing_);
}

void Tunnel::written(bool ok) {
    writing_ = false;
    if (after_write_) {
        Finish(*after_write_);
    } else if (!ok) {
        finish(grpc::Status::OK);
    } else if (!finished_) {
        from_guest();
    }
}

void Tunnel::host_has_ended() {
    if (finished_) {
        return;
    }
    if (!socket_->fd.is_open() || socket_->datagrams) {
        finish(grpc::Status::OK);
        return;
    }
    ::shutdown(socket_->fd.native_handle(), SHUT_WR);
}

void Tunnel::guest_has_ended() { finish(grpc::Status::OK); }

void Tunnel::finish(const grpc::Status& status) {
    if (std::exchange(finished_, true)) {
        return;
    }
    if (cancel_dial_) {
        cancel_dial_();
    }
    socket_->owner = nullptr;
    boost::system::error_code ignored;
    socket_->fd.close(ignored);
    if (writing_) {
        after_write_ = status;
    } else {
        Finish(status);
    }
}

}  // namespace

grpc::ServerBidiReactor<TunnelMessage, TunnelMessage>* start_tunnel(Calls& calls) {
    return new Tunnel(calls);
}

}  // namespace lima::guestagent
