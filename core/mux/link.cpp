#include "core/mux/link.hpp"

#include "core/aio/loop.hpp"
#include "core/base/log.hpp"
#include "core/mux/local_end.hpp"
#include "core/mux/session.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <optional>
#include <sys/socket.h>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lima::mux {
namespace {

// How long a guest waits for the first bytes of a host that was there before it.
constexpr std::chrono::milliseconds kPatience{200};
// Read and written before others on the loop get their turn.
constexpr std::size_t kTurn = 4 * 1024 * 1024;
constexpr std::size_t kMaxParts = 16;

// The peer of the socket learns that this was no orderly end: a TCP socket sends a reset.
void close_hard(Descriptor& socket) {
    if (socket.is_open()) {
        const linger now{1, 0};
        ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        boost::system::error_code ignored;
        socket.close(ignored);
    }
}

}  // namespace

struct Link::Impl final : public Session::Events, public std::enable_shared_from_this<Impl> {
    Impl(asio::any_io_executor on, std::unique_ptr<Transport> over, LinkOptions with,
         LinkHandlers tell)
        : executor(std::move(on)),
          transport(std::move(over)),
          options(std::move(with)),
          handlers(std::move(tell)),
          session(options.role, *this),
          patience(executor) {}

    // ---- transport ----
    void turn();
    void watch_peer(bool away);
    void be_patient();
    bool receive();
    void send();
    void post_turn();
    void post_send();
    void fail_transport(const Error& error);
    void shut(const Error& reason);
    void tell_down(const Error& reason);

    // ---- local ends ----
    void fill_output();
    void read_local(const StreamPtr& stream);
    void enqueue(const StreamPtr& stream);
    void wait_readable(const StreamPtr& stream);
    void wait_writable(const StreamPtr& stream);
    void drain(const StreamPtr& stream);
    std::optional<std::size_t> write_local(const StreamPtr& stream,
                                           std::span<const std::byte> data);
    void join(const StreamPtr& stream, Fd fd);
    void maybe_done(const StreamPtr& stream);
    void end_stream(const StreamPtr& stream, std::optional<Error> failure);

    // ---- Session::Events ----
    void session_up() override;
    void session_down(const Error& reason) override;
    void stream_opened(std::uint32_t id, const std::string& target) override;
    void stream_accepted(std::uint32_t) override {}
    void stream_refused(std::uint32_t id, const Error& reason) override;
    void stream_data(std::uint32_t id, std::span<const std::byte> data) override;
    void stream_writable(std::uint32_t id) override;
    void stream_finished(std::uint32_t id) override;
    void stream_reset(std::uint32_t id) override;

    StreamPtr find(std::uint32_t id) {
        const auto found = streams.find(id);
        return found == streams.end() ? nullptr : found->second;
    }

    asio::any_io_executor executor;
    std::unique_ptr<Transport> transport;
    LinkOptions options;
    LinkHandlers handlers;
    Session session;
    asio::steady_timer patience;
    std::unordered_map<std::uint32_t, StreamPtr> streams;
    std::deque<StreamPtr> ring;  // to be read from, in turn
    bool started = false;
    bool stopped = false;
    bool peer_was_away = false;
    bool posted = false;
    bool turn_due = false;  // what is posted reads too
    std::optional<Error> lost;
};

void Link::Impl::post_turn() {
    turn_due = true;
    post_send();
}

// Later, so that what several sockets have goes out in one piece.
void Link::Impl::post_send() {
    if (!std::exchange(posted, true)) {
        asio::post(executor, [self = shared_from_this()] {
            self->posted = false;
            if (std::exchange(self->turn_due, false)) {
                self->turn();
            } else {
                self->send();
            }
        });
    }
}

// All that can be done now: called when the transport has news, never from within the session.
void Link::Impl::turn() {
    if (!started || stopped || lost) {
        return;
    }
    // Before reading: a kernel that is asked takes what has come, and does not report that it came.
    const bool guest = options.role == Role::kGuest;
    const bool away = guest && transport->peer() == Transport::Peer::kAway;
    if (receive() && guest) {
        watch_peer(away);
    }
    const bool held_up = !session.may_receive();
    send();
    if (held_up && session.may_receive()) {
        post_turn();
    }
}

// Only the guest's end outlives its peers. What came before the host left has been read.
void Link::Impl::watch_peer(bool away) {
    if (away) {
        peer_was_away = true;
        session.peer_away();
    } else if (std::exchange(peer_was_away, false)) {
        session.peer_there();
        be_patient();
    }
}

void Link::Impl::be_patient() {
    if (session.wants_patience()) {
        patience.expires_after(kPatience);
        patience.async_wait([self = shared_from_this()](boost::system::error_code error) {
            if (!error) {
                self->session.patience_over();
                self->turn();
            }
        });
    }
}

/// True when all was read that there is.
bool Link::Impl::receive() {
    std::size_t total = 0;
    while (!stopped && !lost && session.may_receive()) {
        const StreamPtr raw = find(0);
        if (raw && !raw->queue.empty()) {
            return false;
        }
        const auto count = transport->read_some(session.input());
        if (!count) {
            fail_transport(count.error());
            return false;
        }
        if (*count == 0) {
            return true;
        }
        if (const auto received = session.received(*count); !received) {
            fail_transport(received.error());
            return false;
        }
        total += *count;
        if (total >= kTurn) {
            post_turn();
            return false;
        }
    }
    return false;
}

void Link::Impl::send() {
    std::size_t total = 0;
    while (started && !stopped && !lost) {
        fill_output();
        if (session.output().empty()) {
            return;
        }
        std::array<iovec, kMaxParts> parts{};
        const std::size_t count = session.output().gather(parts);
        const auto written = transport->write_some(std::span(parts).first(count));
        if (!written) {
            fail_transport(written.error());
            return;
        }
        if (*written == 0) {
            return;
        }
        session.output().written(*written);
        total += *written;
        if (total >= kTurn) {
            post_send();
            return;
        }
    }
}

void Link::Impl::fail_transport(const Error& error) {
    if (!lost) {
        lost = error;
        shut(error);
    }
}

// Ends all; run() sees why.
void Link::Impl::shut(const Error& reason) {
    const bool was_up = session.up();
    const auto all = std::exchange(streams, {});
    ring.clear();
    for (const auto& entry : all) {
        end_stream(entry.second,
                   Error(Code::kUnavailable, options.name + " went down: " + reason.text()));
    }
    patience.cancel();
    transport->close();
    if (was_up) {
        tell_down(reason);
    }
}

// A copy: it may end the link.
void Link::Impl::tell_down(const Error& reason) {
    if (const auto tell = handlers.on_down) {
        tell(reason);
    }
}

// One frame from each socket in turn, while the queue is short: the fair share of each.
void Link::Impl::fill_output() {
    while (!ring.empty() && session.has_room()) {
        const StreamPtr stream = ring.front();
        ring.pop_front();
        stream->reading = false;
        if (!stream->ended && !stream->read_ended) {
            read_local(stream);
        }
    }
}

void Link::Impl::read_local(const StreamPtr& stream) {
    const auto space = session.data_space(stream->id);
    if (space.empty()) {
        return;  // stream_writable comes
    }
    const ssize_t count =
        ::recv(stream->socket.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
    if (count > 0) {
        const auto size = static_cast<std::size_t>(count);
        session.commit_data(stream->id, size);
        if (size == space.size()) {
            enqueue(stream);
        } else {
            wait_readable(stream);
        }
    } else if (count == 0) {
        stream->read_ended = true;
        if (stream->id == 0) {
            end_stream(stream, std::nullopt);
        } else {
            session.finish(stream->id);
            maybe_done(stream);
        }
    } else if (errno == EAGAIN || errno == EINTR) {
        wait_readable(stream);
    } else {
        auto reason = fail_errno(errno, "the connection was lost");
        end_stream(stream, std::move(reason.value()));
    }
}

void Link::Impl::enqueue(const StreamPtr& stream) {
    if (stream->joined && !stream->ended && !stream->read_ended &&
        !std::exchange(stream->reading, true)) {
        ring.push_back(stream);
    }
}

void Link::Impl::wait_readable(const StreamPtr& stream) {
    stream->reading = true;
    stream->socket.async_wait(Descriptor::wait_read,
                              [self = shared_from_this(), stream](boost::system::error_code error) {
                                  stream->reading = false;
                                  if (!error) {
                                      self->enqueue(stream);
                                      self->post_send();
                                  }
                              });
}

void Link::Impl::wait_writable(const StreamPtr& stream) {
    if (std::exchange(stream->waits_to_write, true)) {
        return;
    }
    stream->socket.async_wait(Descriptor::wait_write,
                              [self = shared_from_this(), stream](boost::system::error_code error) {
                                  stream->waits_to_write = false;
                                  if (!error && !stream->ended) {
                                      self->drain(stream);
                                      stream->id == 0 ? self->post_turn() : self->post_send();
                                  }
                              });
}

/// What the socket took; nothing when it broke and the stream has ended.
std::optional<std::size_t> Link::Impl::write_local(const StreamPtr& stream,
                                                   std::span<const std::byte> data) {
    std::size_t done = 0;
    while (done < data.size()) {
        const ssize_t count = ::send(stream->socket.native_handle(), data.data() + done,
                                     data.size() - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) {
            done += static_cast<std::size_t>(count);
            continue;
        }
        if (errno == EINTR) {
            continue;
        }
        if (errno != EAGAIN) {
            auto reason = fail_errno(errno, "the connection was lost");
            end_stream(stream, std::move(reason.value()));
            return std::nullopt;
        }
        wait_writable(stream);
        break;
    }
    if (done > 0) {
        session.consumed(stream->id, done);
    }
    return done;
}

void Link::Impl::drain(const StreamPtr& stream) {
    if (!stream->queue.empty()) {
        const auto done = write_local(stream, stream->queue.front());
        if (!done) {
            return;
        }
        stream->queue.pop(*done);
        if (!stream->queue.empty()) {
            return;
        }
    }
    if (stream->finish_received && !std::exchange(stream->write_ended, true)) {
        ::shutdown(stream->socket.native_handle(), SHUT_WR);
        maybe_done(stream);
    }
}

void Link::Impl::join(const StreamPtr& stream, Fd fd) {
    boost::system::error_code error;
    stream->socket.assign(fd.get(), error);
    if (error) {
        end_stream(stream, Error(Code::kInternal, "cannot watch a socket: " + error.message()));
        return;
    }
    fd.release();
    stream->joined = true;
    enqueue(stream);
    drain(stream);
    stream->id == 0 ? post_turn() : post_send();
}

void Link::Impl::maybe_done(const StreamPtr& stream) {
    if (stream->read_ended && stream->write_ended) {
        end_stream(stream, std::nullopt);
    }
}

void Link::Impl::end_stream(const StreamPtr& stream, std::optional<Error> failure) {
    if (std::exchange(stream->ended, true)) {
        return;
    }
    streams.erase(stream->id);
    if (failure) {
        close_hard(stream->socket);
    } else {
        boost::system::error_code ignored;
        stream->socket.close(ignored);
    }
    stream->queue.clear();
    stream->failure = std::move(failure);
    stream->done.set();
    if (stream->id == 0) {
        session.finish_raw();
    } else {
        session.release(stream->id);
    }
    post_send();
}

void Link::Impl::session_up() {
    log::debug("{}: up", options.name);
    if (const auto tell = handlers.on_up) {
        tell();
    }
}

void Link::Impl::session_down(const Error& reason) {
    log::debug("{}: down: {}", options.name, reason.text());
    const auto all = std::exchange(streams, {});
    for (const auto& entry : all) {
        end_stream(entry.second,
                   Error(Code::kUnavailable, options.name + " went down: " + reason.text()));
    }
    tell_down(reason);
}

void Link::Impl::stream_opened(std::uint32_t id, const std::string& target) {
    streams.emplace(id, std::make_shared<Stream>(executor, id));
    if (const auto tell = handlers.on_open) {
        tell(id, target);
    } else {
        session.refuse(id, Error(Code::kUnimplemented, "nothing can be opened here"));
    }
}

void Link::Impl::stream_refused(std::uint32_t id, const Error& reason) {
    if (const StreamPtr stream = find(id)) {
        end_stream(stream, reason);
    }
}

void Link::Impl::stream_data(std::uint32_t id, std::span<const std::byte> data) {
    const StreamPtr stream = find(id);
    if (!stream) {
        return;
    }
    std::size_t done = 0;
    if (stream->joined && stream->queue.empty()) {
        const auto written = write_local(stream, data);
        if (!written) {
            return;
        }
        done = *written;
    }
    if (done < data.size()) {
        stream->queue.push(data.subspan(done));
    }
}

void Link::Impl::stream_writable(std::uint32_t id) {
    if (const StreamPtr stream = find(id)) {
        enqueue(stream);
    }
}

void Link::Impl::stream_finished(std::uint32_t id) {
    if (const StreamPtr stream = find(id)) {
        stream->finish_received = true;
        if (stream->joined) {
            drain(stream);
        }
    }
}

void Link::Impl::stream_reset(std::uint32_t id) {
    if (const StreamPtr stream = find(id)) {
        end_stream(stream, Error(Code::kAborted, "the other end has reset the connection"));
    }
}

Link::Link(asio::any_io_executor executor, std::unique_ptr<Transport> transport,
           LinkOptions options, LinkHandlers handlers)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(transport), std::move(options),
                                   std::move(handlers))) {}

Link::~Link() {
    impl_->handlers = {};
    stop();
}

asio::awaitable<Result<void>> Link::run() {
    const std::shared_ptr<Impl> impl = impl_;
    impl->started = true;
    const bool there = impl->transport->peer() == Transport::Peer::kThere;
    impl->session.start(there);
    impl->be_patient();
    while (!impl->stopped && !impl->lost) {
        impl->turn();
        if (!impl->stopped && !impl->lost) {
            co_await impl->transport->changed();
        }
    }
    if (impl->lost) {
        co_return fail(*impl->lost);
    }
    co_return Result<void>();
}

void Link::stop() {
    if (!std::exchange(impl_->stopped, true) && !impl_->lost) {
        impl_->shut(Error(Code::kCancelled, "stopped"));
    }
}

bool Link::up() const { return impl_->session.up() && !impl_->stopped && !impl_->lost; }

asio::awaitable<Result<void>> Link::connect(std::string target, Fd socket) {
    const std::shared_ptr<Impl> impl = impl_;
    if (!up()) {
        co_return failf(Code::kUnavailable, "{} is not up", impl->options.name);
    }
    const auto id = impl->session.open(target);
    if (!id) {
        co_return fail(id.error());
    }
    const auto stream = std::make_shared<Stream>(impl->executor, *id);
    impl->streams.emplace(*id, stream);
    impl->join(stream, std::move(socket));
    std::function<void()> cancel = [impl, stream] {
        impl->end_stream(stream, Error(Code::kCancelled, "cancelled"));
    };
    co_return co_await until_done(stream, std::move(cancel));
}

asio::awaitable<Result<void>> Link::accept(std::uint32_t id, Fd socket) {
    const std::shared_ptr<Impl> impl = impl_;
    const StreamPtr stream = impl->find(id);
    if (!stream || stream->joined) {
        co_return fail(Code::kUnavailable, "the stream has ended");
    }
    impl->session.accept(id);
    impl->join(stream, std::move(socket));
    std::function<void()> cancel = [impl, stream] {
        impl->end_stream(stream, Error(Code::kCancelled, "cancelled"));
    };
    co_return co_await until_done(stream, std::move(cancel));
}

void Link::refuse(std::uint32_t id, const Error& reason) {
    const StreamPtr stream = impl_->find(id);
    if (stream && !stream->joined) {
        impl_->session.refuse(id, reason);
        impl_->end_stream(stream, reason);
    }
}

}  // namespace lima::mux
