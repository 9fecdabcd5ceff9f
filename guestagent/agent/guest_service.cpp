#include "guestagent/agent/guest_service.hpp"

#include "core/base/log.hpp"
#include "guestagent/agent/status.hpp"
#include "guestagent/agent/stream.hpp"
#include "guestagent/agent/tunnel.hpp"

#include <boost/asio/post.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>

namespace lima::guestagent {
namespace {

void set_port(IPPort& out, const Port& port) {
    out.set_protocol(port.protocol);
    out.set_ip(port.ip);
    out.set_port(port.number);
}

void set_time(Timestamp& out, Nanoseconds time) {
    constexpr std::int64_t kBillion = 1'000'000'000;
    out.set_seconds(time.count() / kBillion);
    out.set_nanos(static_cast<std::int32_t>(time.count() % kBillion));
}

/// Tells one host of the ports that come and go since the last one was told.
class EventStream final : public Stream<Event> {
public:
    explicit EventStream(GuestServiceParts& parts) : Stream(parts.calls), parts_(parts) {}

protected:
    void begin() override {
        told_ = parts_.state.load();
        subscription_ = parts_.ports.subscribe([this](const std::vector<Port>&) { offer(); });
    }

    std::optional<Event> next() override {
        if (!parts_.ports.known()) {
            return std::nullopt;
        }
        const std::vector<Port>& now = parts_.ports.ports();
        const PortChange change = port_change(told_, now);
        if (change.empty()) {
            return std::nullopt;
        }
        sending_ = now;
        Event event;
        set_time(*event.mutable_time(), system_clock_now());
        for (const Port& port : change.added) {
            set_port(*event.add_added_local_ports(), port);
        }
        for (const Port& port : change.removed) {
            set_port(*event.add_removed_local_ports(), port);
        }
        return event;
    }

    void written() override {
        told_ = std::move(sending_);
        // Now and not at the end: a killed agent would tell the next host of old ports.
        parts_.state.save(told_);
    }

    void finishing() override {
        if (subscribed()) {
            parts_.state.save(told_);
        }
        subscription_.reset();
    }

private:
    bool subscribed() const { return subscription_.active(); }

    GuestServiceParts& parts_;
    PortWatch::Subscription subscription_;
    std::vector<Port> told_;
    std::vector<Port> sending_;
};

/// Passes the times of changed files on to the worker, one after the other.
class InotifyCall final : public grpc::ServerReadReactor<Inotify>, public Call {
public:
    InotifyCall(Calls& calls, asio::thread_pool& pool) : calls_(calls), pool_(pool) {
        calls_.post([this] {
            calls_.add(*this);
            StartRead(&message_);
        });
    }
    ~InotifyCall() override { calls_.remove(*this); }

    void OnReadDone(bool ok) override {
        calls_.post([this, ok] { ok ? touch() : finish(grpc::Status::OK); });
    }
    void OnCancel() override {
        calls_.post([this] { finish(grpc::Status::CANCELLED); });
    }
    void OnDone() override {
        calls_.post([this] { delete this; });
    }
    void end() override { finish(grpc::Status::OK); }

private:
    void touch() {
        if (finished_) {
            return;
        }
        touching_ = true;
        asio::post(pool_, [this] {
            touch_file(message_.mount_path(), message_.time().seconds(), message_.time().nanos());
            calls_.post([this] { touched(); });
        });
    }
    void touched() {
        touching_ = false;
        if (after_touch_) {
            Finish(*after_touch_);
        } else {
            StartRead(&message_);
        }
    }
    /// Not before the worker has let go of us.
    void finish(const grpc::Status& status) {
        if (std::exchange(finished_, true)) {
            return;
        }
        if (touching_) {
            after_touch_ = status;
        } else {
            Finish(status);
        }
    }

    Calls& calls_;
    asio::thread_pool& pool_;
    Inotify message_;
    std::optional<grpc::Status> after_touch_;
    bool touching_ = false;
    bool finished_ = false;
};

}  // namespace

void touch_file(const std::string& path, std::int64_t seconds, std::int32_t nanos) {
    const timespec time{.tv_sec = seconds, .tv_nsec = nanos};
    const timespec both[2] = {time, time};
    if (::utimensat(AT_FDCWD, path.c_str(), both, 0) != 0 && errno != ENOENT) {
        log::debug("cannot set the times of {}: {}", path, std::strerror(errno));
    }
}

grpc::ServerUnaryReactor* GuestServiceImpl::GetInfo(grpc::CallbackServerContext* context,
                                                    const Empty* /*request*/, Info* reply) {
    grpc::ServerUnaryReactor* call = context->DefaultReactor();
    parts_.calls.post([this, call, reply] {
        const auto ports = parts_.ports.look();
        if (!ports) {
            call->Finish(to_status(ports.error()));
            return;
        }
        for (const Port& port : *ports) {
            set_port(*reply->add_local_ports(), port);
        }
        call->Finish(grpc::Status::OK);
    });
    return call;
}

grpc::ServerWriteReactor<Event>* GuestServiceImpl::GetEvents(
    grpc::CallbackServerContext* /*context*/, const Empty* /*request*/) {
    auto* stream = new EventStream(parts_);
    stream->open();
    return stream;
}

grpc::ServerReadReactor<Inotify>* GuestServiceImpl::PostInotify(
    grpc::CallbackServerContext* /*context*/, Empty* /*reply*/) {
    return new InotifyCall(parts_.calls, touching_);
}

grpc::ServerBidiReactor<TunnelMessage, TunnelMessage>* GuestServiceImpl::Tunnel(
    grpc::CallbackServerContext* /*context*/) {
    return start_tunnel(parts_.calls);
}

grpc::ServerUnaryReactor* GuestServiceImpl::SyncTime(grpc::CallbackServerContext* context,
                                                     const TimeSyncRequest* request,
                                                     TimeSyncResponse* reply) {
    constexpr std::int64_t kLatest = 9'000'000'000;  // as nanoseconds still a number
    grpc::ServerUnaryReactor* call = context->DefaultReactor();
    const std::int64_t seconds = request->host_time().seconds();
    if (!request->has_host_time() || seconds < 0 || seconds > kLatest) {
        call->Finish({grpc::StatusCode::INVALID_ARGUMENT, "host_time is missing or no time"});
        return call;
    }
    const Nanoseconds host =
        std::chrono::seconds(seconds) + Nanoseconds(request->host_time().nanos());
    const ClockSync result = sync_clock(host, system_clock_now(), parts_.set_clock);
    reply->set_adjusted(result.adjusted);
    reply->set_drift_ms(result.drift_ms);
    reply->set_error(result.error);
    if (result.adjusted) {
        log::info("set the clock: it was {} ms off", result.drift_ms);
    }
    call->Finish(grpc::Status::OK);
    return call;
}

}  // namespace lima::guestagent
