// An instance as Go templates see it - in `message` and in `list --format` -: by the names of Go's
// struct, with all fields, whether they are set or not (spec/config.md 3.3).
#pragma once

#include "core/base/host.hpp"
#include "core/base/json_fwd.hpp"
#include "core/store/instance.hpp"

#include <string>
#include <vector>

namespace lima::store {

Json template_data(const Instance& instance, const HostFacts& host, const std::string& lima_home,
                   const std::string& identity_file);

/// The names of the fields of an instance, bytewise sorted.
std::vector<std::string> template_fields();

}  // namespace lima::store
