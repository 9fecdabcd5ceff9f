// docs/lima-yaml.md, the reference page of lima.yaml: a frame of prose around tables that are made
// from the field table. Pure.
#pragma once

#include "core/base/json.hpp"

#include <map>
#include <string>

namespace lima::config {

/// `drivers` are the schemas that drivers give for their own vmOpts, by their names; only those
/// that the table names are on the page.
std::string reference_page(const std::map<std::string, Json>& drivers);

}  // namespace lima::config
