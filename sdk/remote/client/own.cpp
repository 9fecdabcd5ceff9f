#include "sdk/remote/client/own.hpp"

#include "core/base/signals_blocked.hpp"
#include "sdk/remote/client/handover.hpp"

#include <random>

namespace lima::remote::client {
namespace {

using std::chrono::milliseconds;
namespace v1 = lima::driver::v1;

constexpr milliseconds kQuick = std::chrono::seconds(10);
/// A stream that is behind its calls for longer has lost its way.
constexpr milliseconds kOrderPatience = std::chrono::seconds(2);
/// It leaves by itself once nobody watches.
constexpr milliseconds kLeavesWithin = std::chrono::seconds(3);

std::uint64_t random_start() {
    std::random_device device;
    return (std::uint64_t{device()} << 16U) + 1;
}

}  // namespace

Result<std::unique_ptr<Session>> OwnSession::open(Connected connected,
                                                  const v1::HelloReply& hello) {
    auto on_lost = connected.on_lost;
    auto session = std::unique_ptr<OwnSession>(
        new OwnSession(std::move(connected), hello, std::move(on_lost)));
    LIMA_DO(session->listen());
    return std::unique_ptr<Session>(std::move(session));
}

OwnSession::OwnSession(Connected connected, const v1::HelloReply& hello,
                       std::function<void(std::string)> on_lost)
    : Session(std::move(connected)),
      fd_socket_(hello.fd_socket()),
      on_lost_(std::move(on_lost)),
      next_number_(random_start()) {
    identity_.generation = "own";
    identity_.version = hello.version();
    identity_.abi = hello.abi();
    identity_.extensions = {hello.extensions().begin(), hello.extensions().end()};
    wire_->set_numbers(this);
}

OwnSession::~OwnSession() { close(); }

bool OwnSession::is_dead() const {
    const std::lock_guard lock(mutex_);
    return over_;
}

void OwnSession::close() {
    if (closing_.exchange(true)) {
        return;
    }
    watch_context_.TryCancel();
    if (watcher_.joinable()) {
        watcher_.join();
    }
    wire_->hang_up();
    if (process_) {
        process_->end(kLeavesWithin);
        remove_stale_socket(socket_of(program_, dir_));
        remove_stale_socket(fd_socket_);
    }
}

Result<> OwnSession::listen() {
    {
        const SignalsBlocked blocked;
        watcher_ = std::thread([this] { read_items(); });
    }
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kQuick, [this] { return ready_ || over_; })) {
        return failf(Code::kDeadlineExceeded,
                     "the driver's process tells nothing of what happens to it");
    }
    if (over_) {
        const std::string why = why_over_;
        lock.unlock();
        return explained(
            fail(Code::kUnavailable, "the driver's process cannot be watched: " + why));
    }
    return {};
}

void OwnSession::read_items() {
    const auto stream = wire_->own().Watch(&watch_context_, v1::WatchRequest());
    Item item;
    while (stream->Read(&item)) {
        take(item);
    }
    const grpc::Status status = stream->Finish();
    bool was_ready = false;
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
        why_over_ = status.error_message();
        was_ready = ready_;
    }
    changed_.notify_all();
    if (was_ready && has_vm_ && !closing_) {
        on_lost_(lost("the driver's process does not tell any more what happens to the VM: " +
                      status.error_message()));
    }
}

void OwnSession::take(const Item& item) {
    switch (item.item_case()) {
        case Item::kLog:
            host_.log(item.log().level(), item.log().message(), item.log().fields_json());
            break;
        case Item::kEvent:
            take_event(item.event());
            break;
        case Item::kProgress:
            take_progress(item.progress());
            break;
        default:
            break;
    }
    {
        const std::lock_guard lock(mutex_);
        ready_ = ready_ || item.has_ready();
        seen_ = std::max(seen_, item.seq());
    }
    changed_.notify_all();
}

void OwnSession::take_event(const v1::Event& event) {
    if (event.type() == "started") {
        has_vm_ = true;
    } else if (event.type() == "exited") {
        has_vm_ = false;
    }
    host_.event(event.type(), event.json());
}

void OwnSession::take_progress(const v1::Progress& progress) {
    const std::lock_guard lock(calls_mutex_);
    const auto found = calls_.find(progress.call());
    if (found != calls_.end()) {
        found->second->progress(progress.done(), progress.total(), progress.what().c_str());
    }
}

std::uint64_t OwnSession::begin(const Call& call) {
    const std::scoped_lock lock(mutex_, calls_mutex_);
    calls_[next_number_] = &call;
    return next_number_++;
}

void OwnSession::cancel(std::uint64_t number) {
    v1::CancelRequest request;
    request.set_call(number);
    v1::CancelReply reply;
    static_cast<void>(
        wire_->unary(wire_->own(), &OwnStub::Cancel, request, &reply, Terms{.limit = kQuick}));
}

void OwnSession::end(std::uint64_t number, std::uint64_t seq) {
    {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, kOrderPatience, [&] { return over_ || seen_ >= seq; });
    }
    const std::lock_guard lock(calls_mutex_);
    calls_.erase(number);
}

Result<std::string> OwnSession::info() {
    v1::DescribeReply reply;
    LIMA_DO(call(wire_->own(), &OwnStub::Describe, v1::DescribeRequest(), &reply,
                 Terms{.limit = kQuick}));
    return reply.info_json();
}

Result<std::string> OwnSession::configure(const Call& call, const std::string& instance) {
    return original_configure(call, instance);
}

Result<> OwnSession::start(const Call& call) {
    v1::StartReply reply;
    LIMA_DO(this->call(wire_->own(), &OwnStub::Start, v1::StartRequest(), &reply,
                       Terms{.call = &call}));
    return {};
}

Result<> OwnSession::stop(const Call& call) {
    LIMA_DO(verb(&OriginalStub::Stop, call));
    has_vm_ = false;
    return {};
}

Result<> OwnSession::adopt(const Call& call) {
    v1::AdoptReply reply;
    return this->call(wire_->own(), &OwnStub::Adopt, v1::AdoptRequest(), &reply,
                      Terms{.call = &call});
}

Result<std::string> OwnSession::status(const Call& call, const std::string&) {
    v1::StatusReply reply;
    LIMA_DO(this->call(wire_->own(), &OwnStub::Status, v1::StatusRequest(), &reply,
                       Terms{.call = &call}));
    return reply.status();
}

Result<sdk::SshAddress> OwnSession::ssh_address(const Call& call) {
    v1::SshAddressReply reply;
    LIMA_DO(this->call(wire_->own(), &OwnStub::SshAddress, v1::SshAddressRequest(), &reply,
                       Terms{.call = &call}));
    return sdk::SshAddress{.address = reply.address(), .port = reply.port()};
}

Result<lima_handle> OwnSession::connect(const Call& call, const std::string& channel) {
    v1::ConnectRequest request;
    request.set_channel(channel);
    v1::ConnectReply reply;
    LIMA_DO(this->call(wire_->own(), &OwnStub::Connect, request, &reply, Terms{.call = &call}));
    LIMA_TRY(Fd fd, fetch_descriptor(fd_socket_, reply.token()));
    return lima_handle{fd.release()};
}

Result<sdk::Picture> OwnSession::screenshot(const Call& call, const std::string& format) {
    v1::ScreenshotRequest request;
    request.set_format(format);
    Wire::Running running(*wire_, Terms{.call = &call});
    const auto stream = wire_->own().Screenshot(running.context(), request);
    sdk::Picture picture;
    v1::ScreenshotPiece piece;
    while (stream->Read(&piece)) {
        if (picture.format.empty()) {
            picture.format = piece.format();
        }
        picture.bytes += piece.data();
    }
    LIMA_DO(explained(running.result(stream->Finish())));
    return picture;
}

Result<std::string> OwnSession::config_schema() {
    v1::ConfigSchemaReply reply;
    LIMA_DO(call(wire_->own(), &OwnStub::ConfigSchema, v1::ConfigSchemaRequest(), &reply,
                 Terms{.limit = kQuick}));
    return reply.schema();
}

}  // namespace lima::remote::client
