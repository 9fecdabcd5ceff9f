// How a call with one answer runs: in its turn among the driver's [op] calls (or on the main
// thread), cancelled by Cancel, by gRPC's means or by the death of its client, and answered with
// its true result.
#pragma once

#include "sdk/remote/server/served.hpp"

#include <functional>
#include <grpcpp/support/server_callback.h>
#include <string>

namespace lima::remote {

/// "lima-call" of the client; 0: it is a host of another make.
std::uint64_t call_number(const grpc::CallbackServerContext& context);

/// The error for the wire. A host of another make finds the hint in the text; ours in the trailer.
grpc::Status to_status(const Error& error, bool hint_in_text);
using AddTrailer = std::function<void(const std::string& key, const std::string& value)>;
/// What belongs into the trailer of a call of ours.
void add_trailers(const Served& served, const Result<void>& result, const AddTrailer& add);

using Body = std::function<Result<void>(Call& call)>;

grpc::ServerUnaryReactor* run_op(Served& served, grpc::CallbackServerContext* context, Body body);
grpc::ServerUnaryReactor* run_on_main(Served& served, grpc::CallbackServerContext* context,
                                      Body body);
/// For what may be asked at any time and does not block.
grpc::ServerUnaryReactor* answer(Served& served, grpc::CallbackServerContext* context,
                                 const Result<void>& result);

}  // namespace lima::remote
