// The gRPC server of the agent. It listens nowhere: connections are accepted by us, who know which
// peer may speak, and handed over as descriptors.
//
// Thread: gRPC has threads of its own; every reaction of ours is posted to the loop (see Call).
#pragma once

#include "core/base/fd.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <grpcpp/server.h>
#include <grpcpp/support/server_callback.h>
#include <memory>
#include <set>
#include <vector>

namespace lima::guestagent {

namespace asio = boost::asio;

/// A call that stays open. Lives on the loop; deletes itself there when gRPC has done with it.
class Call {
public:
    virtual ~Call() = default;
    /// The agent goes: end with OK, soon.
    virtual void end() = 0;
};

/// The open calls. Thread: the loop's.
class Calls {
public:
    explicit Calls(asio::any_io_executor executor) : executor_(std::move(executor)) {}
    const asio::any_io_executor& executor() const { return executor_; }
    /// From any thread.
    void post(std::function<void()> fn) const;
    void add(Call& call);
    void remove(Call& call);
    void end_all();
    bool ending() const { return ending_; }
    std::size_t size() const { return open_.size(); }

private:
    asio::any_io_executor executor_;
    std::set<Call*> open_;
    bool ending_ = false;
};

class RpcServer {
public:
    /// The services must outlive the server.
    static Result<std::unique_ptr<RpcServer>> start(const std::vector<grpc::Service*>& services);
    explicit RpcServer(std::unique_ptr<grpc::Server> server) : server_(std::move(server)) {}
    RpcServer(const RpcServer&) = delete;
    RpcServer& operator=(const RpcServer&) = delete;
    ~RpcServer();

    /// A connected stream socket on which a client speaks HTTP/2.
    Result<void> add_connection(Fd socket);
    /// Blocks until all calls have ended; those that have not by the time are cancelled. Not on
    /// the loop, which must go on meanwhile.
    void shutdown(std::chrono::milliseconds patience);

private:
    std::unique_ptr<grpc::Server> server_;
};

}  // namespace lima::guestagent
