// The JSON schema (2020-12) of lima.yaml, made from the field table: for editors, and for
// `limactl generate-jsonschema`. It is for files as they are written, before their bases are
// embedded and their Go templates are expanded. Pure.
#pragma once

#include "core/base/json.hpp"

#include <map>
#include <string>

namespace lima::config {

/// `drivers` are the schemas that drivers give for their own vmOpts, by their names.
Json field_schema(const std::map<std::string, Json>& drivers);

/// Of osOpts alone.
Json os_opts_schema();

}  // namespace lima::config
