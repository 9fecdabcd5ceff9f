// JSON as commands print it.
#pragma once

#include "core/base/json.hpp"

#include <string>

namespace lima::cli {

/// For a terminal: indent 4, keys and values coloured.
std::string colour_json(const Json& value);

/// A string as it is, anything else as JSON: coloured for a terminal, else with the indent (-1: on
/// one line).
std::string result_line(const Json& result, bool terminal, int indent);

/// Removes empty objects, also those that become empty by that; what is left of an array stays an
/// array.
void drop_empty_objects(Json& value);

}  // namespace lima::cli
