// A value checked against a JSON schema, as drivers give one for their vmOpts. A small part of JSON
// schema: type, properties, additionalProperties, anyOf, enum, minimum, maximum, pattern
// (ECMAScript, found anywhere in the text), items, required. Other keywords are ignored; a schema
// of true allows all, of false nothing. A null value is an absent one, as everywhere in lima.yaml.
// Pure.
#pragma once

#include "core/base/json_fwd.hpp"
#include "core/config/checks.hpp"

#include <string>

namespace lima::config {

/// Adds a problem for each mistake, with its path below `path` ("vmOpts.qemu"). What is wrong with
/// the schema itself becomes a warning.
void check_schema(const Json& schema, const Json& value, const std::string& path, Problems& out);

}  // namespace lima::config
