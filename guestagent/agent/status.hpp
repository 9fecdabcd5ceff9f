// Our errors as gRPC's: the codes have the same numbers.
#pragma once

#include "core/base/error.hpp"

#include <grpcpp/support/status.h>

namespace lima::guestagent {

inline grpc::Status to_status(const Error& error) {
    return {static_cast<grpc::StatusCode>(error.code()), error.text()};
}

}  // namespace lima::guestagent
