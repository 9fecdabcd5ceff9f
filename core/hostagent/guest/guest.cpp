#include "core/hostagent/guest/guest.hpp"

#include "core/base/log.hpp"
#include "core/hostagent/guest/session.hpp"
#include "core/hostagent/guest/tunnel.hpp"
#include "core/mux/link.hpp"

#include <algorithm>

namespace lima::hostagent {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A connection that lasted so long has worked.
constexpr std::chrono::seconds kStood(1);

/// Nothing at first, then more and more, and no more after a while.
class Pauses {
public:
    explicit Pauses(const GuestTiming& timing) : timing_(timing) {}

    void reset() { next_ = milliseconds(0), begin_ = Clock::now(); }
    bool over() const { return Clock::now() - begin_ >= timing_.give_up; }
    milliseconds next() {
        const milliseconds now = next_;
        next_ = std::clamp(next_ * 2, timing_.first_pause, timing_.max_pause);
        return now;
    }

private:
    const GuestTiming& timing_;
    milliseconds next_{0};
    Clock::time_point begin_ = Clock::now();
};

}  // namespace

bool GuestFacts::has(const std::string& feature) const {
    return std::find(features.begin(), features.end(), feature) != features.end();
}

struct Guest::Impl {
    Impl(asio::any_io_executor with, asio::thread_pool& workers, GuestSetup how, GuestHandlers whom)
        : executor(std::move(with)),
          pool(workers),
          setup(std::move(how)),
          handlers(std::move(whom)),
          completions(std::make_shared<Completions>()),
          tasks(executor),
          nudge(executor),
          link_changed(executor),
          pauses(setup.timing) {}

    asio::awaitable<void> run();
    asio::awaitable<bool> serve(Fd socket);
    asio::awaitable<bool> serve_link(Fd socket);
    asio::awaitable<void> run_sessions(mux::Link* over, bool* was_up);
    asio::awaitable<void> open_stream(mux::Link* over, Fd socket);
    void nudged();
    void hang_up();
    void tell(const Error& error);

    asio::any_io_executor executor;
    asio::thread_pool& pool;
    GuestSetup setup;
    GuestHandlers handlers;
    std::shared_ptr<Completions> completions;
    aio::TaskScope tasks;
    aio::Wakeup nudge;         // of run(), by events
    aio::Wakeup link_changed;  // of run_sessions()
    Pauses pauses;
    bool closing = false;
    bool port_closed = false;
    unsigned redirections = 0;
    mux::Link* link = nullptr;
    Session* session = nullptr;
    std::string told;
};

void Guest::Impl::nudged() {
    pauses.reset();
    nudge.notify();
    link_changed.notify();
}

void Guest::Impl::hang_up() {
    if (session != nullptr) {
        session->stop();
    }
    if (link != nullptr) {
        link->stop();
    }
    nudged();
}

void Guest::Impl::tell(const Error& error) {
    if (!closing && told != error.text()) {
        told = error.text();
        log::debug("guest agent: {}", told);
    }
}

asio::awaitable<void> Guest::Impl::run() {
    while (!closing) {
        if (port_closed || pauses.over()) {
            co_await nudge.wait();
            continue;
        }
        const unsigned way = redirections;
        const bool framed = setup.link;
        auto socket = co_await aio::on_pool(pool, setup.dial);
        bool was_up = false;
        if (way != redirections) {
            continue;
        }
        if (!socket) {
            tell(socket.error());
        } else if (!closing) {
            was_up = framed ? co_await serve_link(std::move(*socket))
                            : co_await serve(std::move(*socket));
        }
        if (was_up) {
            told.clear();
            pauses.reset();
        }
        if (!closing && !port_closed) {
            co_await nudge.wait_for(pauses.next());
        }
    }
}

asio::awaitable<bool> Guest::Impl::serve(Fd socket) {
    auto rpc = std::make_shared<Rpc>(executor, completions, std::move(socket), setup.timing.answer);
    Session now(std::move(rpc), setup.host_version, handlers);
    session = &now;
    const Clock::time_point begin = Clock::now();
    const Error ended = co_await now.run();
    session = nullptr;
    tell(ended);
    // One that answers and breaks off at once is not tried without a pause.
    co_return now.was_up() && Clock::now() - begin >= kStood;
}

asio::awaitable<void> Guest::Impl::open_stream(mux::Link* over, Fd socket) {
    if (const auto ended = co_await over->connect("agent", std::move(socket)); !ended) {
        tell(ended.error());
    }
}

/// On each link that comes up, one session after the other.
asio::awaitable<void> Guest::Impl::run_sessions(mux::Link* over, bool* was_up) {
    Pauses between(setup.timing);
    while (link != nullptr && !closing) {
        if (!over->up() || between.over()) {
            co_await link_changed.wait();
            between.reset();
            continue;
        }
        auto pair = make_socket_pair();
        if (!pair) {
            tell(pair.error());
            co_return;
        }
        aio::TaskScope stream(executor);
        stream.spawn(open_stream(over, std::move(pair->second)), "the guest agent's stream");
        const bool answered = co_await serve(std::move(pair->first));
        co_await stream.join();
        if (answered) {
            *was_up = true;
            between.reset();
        }
        const milliseconds time = between.next();
        if (over->up() && !closing && time > milliseconds(0)) {
            co_await link_changed.wait_for(time);
        }
    }
}

asio::awaitable<bool> Guest::Impl::serve_link(Fd socket) {
    bool was_up = false;
    mux::LinkHandlers on;
    on.on_up = [this] { link_changed.notify(); };
    on.on_down = [this](const Error& error) {
        tell(error);
        if (session != nullptr) {
            session->stop();
        }
        link_changed.notify();
    };
    mux::Link* self = nullptr;
    on.on_open = [&self](std::uint32_t stream, const std::string& target) {
        self->refuse(stream, Error(Code::kUnimplemented, "the host serves no " + target));
    };
    mux::LinkOptions options;
    options.role = mux::Role::kHost;
    options.name = "guest agent";
    mux::Link over(executor, mux::socket_transport(executor, std::move(socket)), options,
                   std::move(on));
    self = link = &over;
    aio::TaskScope sessions(executor);
    sessions.spawn(run_sessions(&over, &was_up), "the guest agent's sessions");
    const auto ended = co_await over.run();
    link = nullptr;
    if (session != nullptr) {
        session->stop();
    }
    link_changed.notify();
    co_await sessions.join();
    if (!ended) {
        tell(ended.error());
    }
    co_return was_up;
}

Guest::Guest(asio::any_io_executor executor, asio::thread_pool& pool, GuestSetup setup,
             GuestHandlers handlers)
    : impl_(std::make_unique<Impl>(std::move(executor), pool, std::move(setup),
                                   std::move(handlers))) {}

Guest::~Guest() = default;

void Guest::start() { impl_->tasks.spawn(impl_->run(), "the connection to the guest agent"); }

void Guest::port_changed(bool open) {
    impl_->port_closed = !open;
    if (open) {
        impl_->nudged();
    } else {
        impl_->hang_up();
    }
}

void Guest::redirect(std::function<Result<Fd>()> dial, bool link) {
    impl_->setup.dial = std::move(dial);
    impl_->setup.link = link;
    impl_->port_closed = false;
    ++impl_->redirections;
    impl_->hang_up();
}

void Guest::wake() { impl_->nudged(); }

bool Guest::up() const { return impl_->session != nullptr && impl_->session->up(); }

asio::awaitable<Result<ClockReply>> Guest::sync_time(SystemTime now) {
    if (!up()) {
        co_return fail(Code::kUnavailable, "the guest agent is not there");
    }
    const std::shared_ptr<Rpc> rpc = impl_->session->rpc();
    const auto since = now.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    TimeSyncRequest request;
    request.mutable_host_time()->set_seconds(seconds.count());
    request.mutable_host_time()->set_nanos(static_cast<std::int32_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count()));
    TimeSyncResponse response;
    const grpc::Status status = co_await rpc->sync_time(std::move(request), &response);
    ClockReply reply;
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
        reply.known = false;
        co_return reply;
    }
    if (!status.ok()) {
        co_return fail(error_of(status));
    }
    reply.adjusted = response.adjusted();
    reply.drift = milliseconds(response.drift_ms());
    reply.error = response.error();
    co_return reply;
}

std::shared_ptr<Plane> Guest::tunnel_plane() const {
    return up() ? make_tunnel_plane(impl_->session->rpc()) : nullptr;
}

asio::awaitable<void> Guest::close() {
    impl_->closing = true;
    impl_->handlers = {.on_up = [](const GuestFacts&) {},
                       .on_down = [](const Error&) {},
                       .on_ports = [](const std::vector<GuestPort>&) {},
                       .on_boot = [](const BootStep&) {},
                       .on_boot_ended = [] {}};
    impl_->hang_up();
    co_await impl_->tasks.join();
}

}  // namespace lima::hostagent
