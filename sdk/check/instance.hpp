// The instance that tests give to a driver: as a host does, complete and with all defaults filled
// in. And the small JSON schema in which drivers describe their options.
#pragma once

#include "check/bench.hpp"

#include <string>
#include <vector>

namespace lima::check {

Json plain_instance(const std::string& vm_type, const std::string& dir);
/// A JSON file; null when it cannot be read or is no object.
Json read_instance(const Path& file);

/// What is wrong with a schema itself: keywords of wrong types. Empty: nothing.
std::vector<std::string> schema_problems(const Json& schema, const std::string& where);
/// Where a value breaks the schema. The keywords are those that the host knows.
std::vector<std::string> schema_violations(const Json& schema, const Json& value,
                                           const std::string& where);

}  // namespace lima::check
