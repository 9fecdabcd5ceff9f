#include "guestagent/agent/rpc_server.hpp"

#include <boost/asio/post.hpp>

#include <cerrno>
#include <fcntl.h>
#include <grpc/grpc.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>

namespace lima::guestagent {
namespace {

constexpr int kMaxReceive = 4 * 1024 * 1024;
constexpr int kMaxStreams = 2048;
// What a stream may have on the way to us before it is read. Hosts of Lima announce 512 MiB; we
// are a guest with little memory, and a tunnel whose end does not read must hold its host up.
constexpr int kWindow = 4 * 1024 * 1024;

}  // namespace

void Calls::post(std::function<void()> fn) const { asio::post(executor_, std::move(fn)); }

void Calls::add(Call& call) {
    open_.insert(&call);
    if (ending_) {
        call.end();
    }
}

void Calls::remove(Call& call) { open_.erase(&call); }

void Calls::end_all() {
    ending_ = true;
    const std::set<Call*> open = open_;
    for (Call* call : open) {
        call->end();
    }
}

Result<std::unique_ptr<RpcServer>> RpcServer::start(const std::vector<grpc::Service*>& services) {
    grpc::ServerBuilder builder;
    for (grpc::Service* service : services) {
        builder.RegisterService(service);
    }
    builder.SetMaxReceiveMessageSize(kMaxReceive);
    builder.SetMaxSendMessageSize(-1);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kWindow);
    builder.SetDefaultCompressionAlgorithm(GRPC_COMPRESS_NONE);
    std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    if (!server) {
        return fail(Code::kInternal, "cannot start the gRPC server");
    }
    return std::make_unique<RpcServer>(std::move(server));
}

RpcServer::~RpcServer() { shutdown(std::chrono::milliseconds(0)); }

Result<void> RpcServer::add_connection(Fd socket) {
    const int flags = ::fcntl(socket.get(), F_GETFL);
    if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
        return fail_errno(errno, "cannot make a connection nonblocking");
    }
    grpc::AddInsecureChannelFromFd(server_.get(), socket.release());
    return {};
}

void RpcServer::shutdown(std::chrono::milliseconds patience) {
    server_->Shutdown(std::chrono::system_clock::now() + patience);
}

}  // namespace lima::guestagent
