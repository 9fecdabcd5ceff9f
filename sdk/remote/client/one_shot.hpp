// What a driver's program answers in a process of its own that ends at once, over stdin and stdout:
// the state of an instance (spec/drivers.md 2.7), and the defaults of the first generation (2.15).
// Thread: any.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json_fwd.hpp"
#include "sdk/remote/client/process.hpp"

#include <string>

namespace lima::remote::client {

/// The instance as JSON in; the same as the driver sees it out, with its `status`.
Result<std::string> inspect_status(const Program& program, const std::string& instance);

/// The `config` of the instance with the driver's defaults.
Result<Json> fill_config(const Program& program, const Json& instance);

}  // namespace lima::remote::client
