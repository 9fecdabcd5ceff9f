// The JSON that a driver tells about itself, read into Info.
#pragma once

#include "core/driver/driver.hpp"

#include <string_view>

namespace lima::driver {

/// Unknown keys are ignored, missing ones keep their defaults (spec/drivers.md 2.9, and needsImage
/// and hasGuest of ours).
Result<Info> parse_info(std::string_view json);

}  // namespace lima::driver
