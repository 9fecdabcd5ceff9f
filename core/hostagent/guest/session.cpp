#include "core/hostagent/guest/session.hpp"

#include "core/base/log.hpp"

namespace lima::hostagent {
namespace {

using lima::agent::v1::HelloReply;
using WireStep = lima::agent::v1::BootStep;

GuestPort port_of(const IPPort& port) { return {port.protocol(), port.ip(), port.port()}; }

BootStep step_of(const WireStep& wire) {
    BootStep step{.kind = wire.kind(), .name = wire.name()};
    switch (wire.state()) {
        case WireStep::BEGIN:
            step.state = BootStep::State::kBegin;
            break;
        case WireStep::FAILED:
            step.state = BootStep::State::kFailed;
            break;
        default:
            step.state = BootStep::State::kDone;
            break;
    }
    step.detail = wire.detail();
    step.lines.assign(wire.lines().begin(), wire.lines().end());
    step.uptime = std::chrono::milliseconds(wire.uptime_ms());
    step.instance_id = wire.instance_id();
    step.disk_full = wire.disk_full();
    return step;
}

}  // namespace

bool PortSet::change(const Event& event) {
    bool changed = false;
    for (const IPPort& port : event.added_local_ports()) {
        changed = ports_.insert(port_of(port)).second || changed;
    }
    for (const IPPort& port : event.removed_local_ports()) {
        changed = ports_.erase(port_of(port)) > 0 || changed;
    }
    return changed;
}

bool PortSet::apply(const Event& event) {
    if (!filled_) {
        early_.push_back(event);
        return false;
    }
    return change(event);
}

void PortSet::fill(const Info& info) {
    filled_ = true;
    ports_.clear();
    for (const IPPort& port : info.local_ports()) {
        ports_.insert(port_of(port));
    }
    for (const Event& event : early_) {
        change(event);
    }
    early_.clear();
}

Session::Session(std::shared_ptr<Rpc> rpc, std::string host_version, const GuestHandlers& handlers)
    : rpc_(std::move(rpc)),
      host_version_(std::move(host_version)),
      handlers_(handlers),
      tasks_(rpc_->executor()),
      ended_(rpc_->executor()) {}

void Session::lost(const Error& error) {
    if (!cause_) {
        cause_ = error;
    }
    ended_.set();
}

void Session::stop() { lost(Error(Code::kCancelled, "the connection was given up")); }

asio::awaitable<void> Session::watch_events() {
    std::function<void(const Event&)> each = [this](const Event& event) {
        for (const std::string& error : event.errors()) {
            log::warn("guest agent: {}", error);
        }
        if (ports_.apply(event)) {
            handlers_.on_ports(ports_.ports());
        }
    };
    const grpc::Status status = co_await rpc_->events(std::move(each));
    lost(status.ok() ? Error(Code::kUnavailable, "the guest agent has ended its events")
                     : error_of(status));
}

asio::awaitable<void> Session::watch_boot() {
    std::function<void(const WireStep&)> each = [this](const WireStep& step) {
        if (!ended_.is_set()) {
            handlers_.on_boot(step_of(step));
        }
    };
    const grpc::Status status = co_await rpc_->boot(std::move(each));
    if (!ended_.is_set()) {
        log::debug("guest agent: the boot's steps have ended: {}", error_of(status).text());
        handlers_.on_boot_ended();
    }
}

asio::awaitable<Result<GuestFacts>> Session::greet() {
    HelloReply reply;
    const grpc::Status status = co_await rpc_->hello(host_version_, &reply);
    GuestFacts facts;
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
        facts.foreign = true;
        co_return facts;
    }
    if (!status.ok()) {
        co_return fail(error_of(status));
    }
    facts.agent_version = reply.agent_version();
    facts.boot_id = reply.boot_id();
    facts.features.assign(reply.features().begin(), reply.features().end());
    facts.forward_port = reply.forward_port();
    co_return facts;
}

asio::awaitable<Result<void>> Session::open() {
    tasks_.spawn(watch_events(), "the guest agent's events");
    LIMA_CO_TRY(const GuestFacts facts, co_await greet());
    if (ended_.is_set()) {
        co_return Result<void>();
    }
    up_ = was_up_ = true;
    handlers_.on_up(facts);
    if (!facts.foreign) {
        tasks_.spawn(watch_boot(), "the guest agent's boot steps");
    }
    Info info;
    const grpc::Status status = co_await rpc_->get_info(&info);
    if (!status.ok()) {
        co_return fail(error_of(status));
    }
    ports_.fill(info);
    if (!ended_.is_set()) {
        handlers_.on_ports(ports_.ports());
    }
    co_return Result<void>();
}

asio::awaitable<Error> Session::run() {
    if (auto opened = co_await open(); !opened) {
        lost(opened.error());
    }
    co_await ended_.wait();
    rpc_->cancel();
    co_await tasks_.join();
    if (up_) {
        up_ = false;
        handlers_.on_down(*cause_);
    }
    co_return *cause_;
}

}  // namespace lima::hostagent
