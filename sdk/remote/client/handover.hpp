// A descriptor from the driver's process, by SCM_RIGHTS (driver_service.proto, fd_socket). Thread:
// any.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"

#include <string>

namespace lima::remote::client {

/// Close-on-exec. kUnavailable when the token is not good, or nothing comes.
Result<Fd> fetch_descriptor(const std::string& socket, const std::string& token);

}  // namespace lima::remote::client
