// Clocks as text.
#pragma once

#include "core/base/error.hpp"

#include <chrono>
#include <string>

namespace lima {

using SystemTime = std::chrono::system_clock::time_point;

std::string format_rfc3339(SystemTime time);       // seconds, local zone
std::string format_rfc3339_nano(SystemTime time);  // Go's RFC3339Nano: trailing zeros cut
Result<SystemTime> parse_rfc3339(std::string_view text);
std::string format_http_date(SystemTime time);

}  // namespace lima
