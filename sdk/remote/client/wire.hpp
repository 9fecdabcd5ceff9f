// gRPC calls over one connected socket: they block, are cancelled by the host's call, and come back
// as Results. The one place that knows of gRPC's contexts and codes. Thread: every function from
// any.
#pragma once

#include "core/base/fd.hpp"
#include "sdk/remote/client/cancel_watch.hpp"
#include "sdk/remote/proto/driver.grpc.pb.h"
#include "sdk/remote/proto/driver_service.grpc.pb.h"

#include <lima/call.hpp>

#include <chrono>
#include <cstdint>
#include <grpcpp/grpcpp.h>
#include <memory>
#include <optional>
#include <string>

namespace lima::remote::client {

using OriginalStub = ::Driver::Stub;
using OwnStub = lima::driver::v1::DriverService::Stub;

/// What our own service does with each call that may take long.
class CallNumbers {
public:
    virtual ~CallNumbers() = default;
    /// A number for it; progress that comes for the number goes to the call.
    virtual std::uint64_t begin(const sdk::Call& call) = 0;
    /// Asks the other side to end it.
    virtual void cancel(std::uint64_t number) = 0;
    /// Nothing goes to the call any more, and what came before `seq` was delivered.
    virtual void end(std::uint64_t number, std::uint64_t seq) = 0;
};

struct Terms {
    const sdk::Call* call = nullptr;    // none: it cannot be cancelled
    std::chrono::milliseconds limit{};  // zero: none
};

class Wire {
public:
    explicit Wire(Fd socket);

    OriginalStub& original() { return *original_; }
    OwnStub& own() { return *own_; }
    /// Before the first call with a host's call. Outlives the calls.
    void set_numbers(CallNumbers* numbers) { numbers_ = numbers; }
    /// The other end has closed the connection.
    bool is_broken() const;
    /// Ends the connection; calls that run fail.
    void hang_up();

    template <class Stub, class Request, class Reply>
    Result<> unary(Stub& stub,
                   grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                   const Request& request, Reply* reply, const Terms& terms);

    /// The context of a call that runs, and what cancels it. Lives as long as the call does.
    class Running {
    public:
        Running(Wire& wire, const Terms& terms);
        ~Running() { end(0); }
        Running(const Running&) = delete;
        Running& operator=(const Running&) = delete;
        grpc::ClientContext* context() { return &context_; }
        Result<> result(const grpc::Status& status);

    private:
        void cancel();
        void end(std::uint64_t seq);

        Wire& wire_;
        grpc::ClientContext context_;
        std::optional<std::uint64_t> number_;
        std::optional<CancelWatch> watch_;
    };

private:
    Fd peek_;  // the same socket
    std::shared_ptr<grpc::Channel> channel_;
    std::unique_ptr<OriginalStub> original_;
    std::unique_ptr<OwnStub> own_;
    CallNumbers* numbers_ = nullptr;
};

/// The codes have the same numbers; the hint is what the other side says can be done.
Error error_of(const grpc::Status& status, std::string hint = {});

template <class Stub, class Request, class Reply>
Result<> Wire::unary(Stub& stub,
                     grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                     const Request& request, Reply* reply, const Terms& terms) {
    Running running(*this, terms);
    return running.result((stub.*method)(running.context(), request, reply));
}

}  // namespace lima::remote::client
