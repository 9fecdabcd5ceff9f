// Sizes and durations as the user writes them. spec/config.md section 7.
#pragma once

#include "core/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace lima {

/// "4GiB", "1.5g", "512 MB", "10" (bytes); suffixes are powers of 1024.
Result<std::int64_t> parse_size(std::string_view text);
/// "4GiB": %.4g and a binary unit, no space.
std::string format_size(std::int64_t bytes);
/// Go form: "1h2m3.5s", "90s", "100ms", "0".
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);
/// Go form, as Duration.String: "1m30s", "1.5s", "0s".
std::string format_duration(std::chrono::nanoseconds value);

}  // namespace lima
