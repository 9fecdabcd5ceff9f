// Values as Go's fmt prints them: what {{…}}, print, println and printf of a template write.
// Numbers without a fraction in the JSON are ints, the others float64.
#pragma once

#include "core/base/json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lima::text {

/// No text that somebody wants to read is longer; printing that gets there leaves off what is
/// behind.
inline constexpr std::size_t kMaxPrinted = std::size_t{64} << 20;

/// "int", "[]interface {}", "map[string]interface {}", "<nil>" …
std::string go_type_name(const Json& value);
/// %v
std::string go_value_text(const Json& value);
/// Blanks between operands where neither is a string.
std::string go_sprint(const std::vector<Json>& values);
/// Blanks between all operands, and a newline.
std::string go_sprintln(const std::vector<Json>& values);
/// With Go's flags, widths, argument indexes and error texts ("%!d(string=x)").
std::string go_sprintf(std::string_view format, const std::vector<Json>& values);
/// The keys of an object, bytewise sorted, as Go visits maps.
std::vector<std::string> go_sorted_keys(const Json& object);

}  // namespace lima::text
