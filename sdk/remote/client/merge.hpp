// How a host takes over what a driver of the original's make answers (spec/drivers.md 2.9): what is
// there overwrites, what is missing stays.
#pragma once

#include "core/base/json_fwd.hpp"

namespace lima::remote::client {

void merge_reply(Json& base, Json reply);

}  // namespace lima::remote::client
