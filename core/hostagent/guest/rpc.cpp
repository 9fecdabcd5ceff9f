#include "core/hostagent/guest/rpc.hpp"

#include "core/base/signals_blocked.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include <grpcpp/create_channel_posix.h>

namespace lima::hostagent {
namespace {

/// As its peers do: streams that are not held up by windows, and no probing of the bandwidth.
constexpr int kWindow = 4 << 20;

std::shared_ptr<grpc::Channel> channel_over(Fd socket) {
    const SignalsBlocked blocked;
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kWindow);
    return grpc::CreateCustomInsecureChannelFromFd("guest", socket.release(), arguments);
}

}  // namespace

Completions::Completions() {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] {
        void* tag = nullptr;
        bool ok = false;
        while (queue_.Next(&tag, &ok)) {
            static_cast<Operation*>(tag)->complete(ok);
        }
    });
}

Completions::~Completions() {
    queue_.Shutdown();
    thread_.join();
}

Operation::Operation(asio::any_io_executor executor)
    : executor_(std::move(executor)), timer_(executor_) {}

void* Operation::tag() {
    pending_ = true;
    return this;
}

void Operation::complete(bool ok) {
    asio::post(executor_, [this, ok] {
        pending_ = false;
        ok_ = ok;
        timer_.cancel();
    });
}

asio::awaitable<bool> Operation::done(std::function<void()> on_cancel) {
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    while (pending_) {
        timer_.expires_at(asio::steady_timer::time_point::max());
        boost::system::error_code ignored;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        const auto state = co_await asio::this_coro::cancellation_state;
        if (pending_ && on_cancel && state.cancelled() != asio::cancellation_type::none) {
            on_cancel();
            on_cancel = {};
        }
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return ok_;
}

Rpc::Context::Context(Rpc& rpc) : rpc_(rpc) {
    if (rpc_.cancelled_) {
        context_.TryCancel();
    }
    rpc_.contexts_.insert(&context_);
}

Rpc::Context::~Context() { rpc_.contexts_.erase(&context_); }

Rpc::Rpc(asio::any_io_executor executor, std::shared_ptr<Completions> completions, Fd socket,
         std::chrono::milliseconds answer)
    : executor_(std::move(executor)),
      completions_(std::move(completions)),
      answer_(answer),
      channel_(channel_over(std::move(socket))),
      guest_(GuestService::NewStub(channel_)),
      agent_(lima::agent::v1::AgentService::NewStub(channel_)) {}

void Rpc::cancel() {
    cancelled_ = true;
    for (grpc::ClientContext* context : contexts_) {
        context->TryCancel();
    }
}

template <class Stub, class Request, class Reply>
asio::awaitable<grpc::Status> Rpc::unary(Stub* stub,
                                         std::unique_ptr<grpc::ClientAsyncResponseReader<Reply>> (
                                             Stub::*prepare)(grpc::ClientContext*, const Request&,
                                                             grpc::CompletionQueue*),
                                         Request request, Reply* out) {
    Context context(*this);
    context.get()->set_deadline(std::chrono::system_clock::now() + answer_);
    Operation operation(executor_);
    grpc::Status status;
    const auto call = (stub->*prepare)(context.get(), request, &queue());
    call->StartCall();
    call->Finish(out, &status, operation.tag());
    std::function<void()> on_cancel = [&context] { context.get()->TryCancel(); };
    co_await operation.done(std::move(on_cancel));
    co_return status;
}

template <class Stub, class Request, class Message>
asio::awaitable<grpc::Status> Rpc::read_all(
    Stub* stub,
    std::unique_ptr<grpc::ClientAsyncReader<Message>> (Stub::*prepare)(grpc::ClientContext*,
                                                                       const Request&,
                                                                       grpc::CompletionQueue*),
    std::function<void(const Message&)> each) {
    Context context(*this);
    Operation operation(executor_);
    const std::function<void()> on_cancel = [&context] { context.get()->TryCancel(); };
    const auto call = (stub->*prepare)(context.get(), Request(), &queue());
    call->StartCall(operation.tag());
    bool more = co_await operation.done(on_cancel);
    while (more) {
        Message message;
        call->Read(&message, operation.tag());
        more = co_await operation.done(on_cancel);
        if (more) {
            each(message);
        }
    }
    grpc::Status status;
    call->Finish(&status, operation.tag());
    co_await operation.done(on_cancel);
    co_return status;
}

asio::awaitable<grpc::Status> Rpc::hello(std::string host_version,
                                         lima::agent::v1::HelloReply* out) {
    using Stub = lima::agent::v1::AgentService::Stub;
    lima::agent::v1::HelloRequest request;
    request.set_host_version(std::move(host_version));
    return unary(agent_.get(), &Stub::PrepareAsyncHello, std::move(request), out);
}

asio::awaitable<grpc::Status> Rpc::get_info(Info* out) {
    return unary(guest_.get(), &GuestService::Stub::PrepareAsyncGetInfo, Empty(), out);
}

asio::awaitable<grpc::Status> Rpc::sync_time(TimeSyncRequest request, TimeSyncResponse* out) {
    return unary(guest_.get(), &GuestService::Stub::PrepareAsyncSyncTime, std::move(request), out);
}

asio::awaitable<grpc::Status> Rpc::events(std::function<void(const Event&)> each) {
    return read_all(guest_.get(), &GuestService::Stub::PrepareAsyncGetEvents, std::move(each));
}

asio::awaitable<grpc::Status> Rpc::boot(
    std::function<void(const lima::agent::v1::BootStep&)> each) {
    using Stub = lima::agent::v1::AgentService::Stub;
    return read_all(agent_.get(), &Stub::PrepareAsyncWatchBoot, std::move(each));
}

Error error_of(const grpc::Status& status) {
    return Error(static_cast<Code>(status.error_code()),
                 status.error_message().empty() ? "the guest agent's answer is an error"
                                                : status.error_message());
}

}  // namespace lima::hostagent
