// Where a value of the merged config was written: for messages of checks that see values only.
#pragma once

#include "core/config/load.hpp"

#include <string>
#include <string_view>

namespace lima::config {

/// The message with "FILE:LINE:COLUMN: " and the source line, for a path such as
/// "portForwards[0].guestPort". Without a place (the field is absent everywhere) only the
/// instance's file is named. Texts are parsed again: for errors only.
std::string with_place(const LoadInput& input, std::string_view path, const std::string& message);

}  // namespace lima::config
