// The calls of the guest agent as coroutines of the loop, over one connected socket. gRPC completes
// them on a thread of ours that waits without a time limit: its callback interface has threads
// which wake every second and sleep through a tenth of one.
#pragma once

#include "core/aio/loop.hpp"
#include "core/base/fd.hpp"
#include "guestagent/proto/agent_service.grpc.pb.h"
#include "guestagent/proto/guest_service.grpc.pb.h"

#include <chrono>
#include <functional>
#include <grpcpp/grpcpp.h>
#include <memory>
#include <set>
#include <thread>

namespace lima::hostagent {

namespace asio = boost::asio;

/// The queue and its thread. Shared by the connections that come one after the other.
class Completions {
public:
    Completions();
    ~Completions();
    Completions(const Completions&) = delete;
    Completions& operator=(const Completions&) = delete;

    grpc::CompletionQueue& queue() { return queue_; }

private:
    grpc::CompletionQueue queue_;
    std::thread thread_;
};

/// One operation in the queue: start it with tag(), then await done(). Lives until then.
class Operation {
public:
    explicit Operation(asio::any_io_executor executor);

    void* tag();
    /// What gRPC says of it ("ok"). Not ended by cancellation, of which on_cancel tells once.
    asio::awaitable<bool> done(std::function<void()> on_cancel = {});
    void complete(bool ok);  // on the queue's thread

private:
    asio::any_io_executor executor_;
    asio::steady_timer timer_;
    bool pending_ = false;
    bool ok_ = false;
};

class Rpc : public std::enable_shared_from_this<Rpc> {
public:
    /// Takes the socket.
    Rpc(asio::any_io_executor executor, std::shared_ptr<Completions> completions, Fd socket,
        std::chrono::milliseconds answer);

    asio::awaitable<grpc::Status> hello(std::string host_version, lima::agent::v1::HelloReply* out);
    asio::awaitable<grpc::Status> get_info(Info* out);
    asio::awaitable<grpc::Status> sync_time(TimeSyncRequest request, TimeSyncResponse* out);
    /// Until the stream ends.
    asio::awaitable<grpc::Status> events(std::function<void(const Event&)> each);
    asio::awaitable<grpc::Status> boot(std::function<void(const lima::agent::v1::BootStep&)> each);

    /// The calls that run end soon, with CANCELLED; later ones at once.
    void cancel();

    asio::any_io_executor executor() const { return executor_; }
    grpc::CompletionQueue& queue() { return completions_->queue(); }
    GuestService::Stub& guest_service() { return *guest_; }

    /// A call's context, known to cancel() for as long as it lives.
    class Context {
    public:
        explicit Context(Rpc& rpc);
        ~Context();
        Context(const Context&) = delete;
        Context& operator=(const Context&) = delete;
        grpc::ClientContext* get() { return &context_; }

    private:
        Rpc& rpc_;
        grpc::ClientContext context_;
    };

private:
    template <class Stub, class Request, class Reply>
    asio::awaitable<grpc::Status> unary(Stub* stub,
                                        std::unique_ptr<grpc::ClientAsyncResponseReader<Reply>> (
                                            Stub::*prepare)(grpc::ClientContext*, const Request&,
                                                            grpc::CompletionQueue*),
                                        Request request, Reply* out);
    template <class Stub, class Request, class Message>
    asio::awaitable<grpc::Status> read_all(Stub* stub,
                                           std::unique_ptr<grpc::ClientAsyncReader<Message>> (
                                               Stub::*prepare)(grpc::ClientContext*, const Request&,
                                                               grpc::CompletionQueue*),
                                           std::function<void(const Message&)> each);

    asio::any_io_executor executor_;
    std::shared_ptr<Completions> completions_;
    std::chrono::milliseconds answer_;
    std::set<grpc::ClientContext*> contexts_;
    bool cancelled_ = false;
    std::shared_ptr<grpc::Channel> channel_;
    std::unique_ptr<GuestService::Stub> guest_;
    std::unique_ptr<lima::agent::v1::AgentService::Stub> agent_;
};

/// As an error of ours: the codes have the same numbers.
Error error_of(const grpc::Status& status);

}  // namespace lima::hostagent
