// Makes a YAML text mean another value by changing as few lines as possible: the tree of the text
// is compared with the value that is wanted, and only what differs is spliced in. Comments, order
// and quoting of the rest stay byte for byte.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json_fwd.hpp"
#include "core/text/yaml.hpp"

#include <string>
#include <string_view>

namespace lima::text {

/// The wanted value must be an object. What comes through an alias or a merge key is never changed:
/// that is refused. The result is read back before it is returned, by yaml-cpp too, so it means
/// what was asked for or there is an error.
Result<std::string> rewrite(std::string_view text, std::string_view file, const Node& root,
                            const Json& wanted);

}  // namespace lima::text
