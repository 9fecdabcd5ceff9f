// Edits that change only the lines they change: values are spliced into the text at the positions
// that the tree knows, comments, order and quoting of the rest stay byte for byte.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json_fwd.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lima::text {

/// One step of a path: a mapping key, or a sequence index.
struct Step {
    std::string key;
    int index = -1;  // >= 0: a sequence element
};
using PathSteps = std::vector<Step>;

/// Sets the value at the path, making parents as needed. null removes nothing: it writes null.
Result<std::string> set_value(std::string_view text, std::string_view file, const PathSteps& path,
                              const Json& value);

/// A chain of simple assignments joined with " | ", as the edit flags and --set make them
/// (spec/cli.md section 6):
///   .a.b = V    .a["k"] = V    .a[0].b = V    .a += [V,…]    .a = [V,…] + .a    .a[].b = V
///   del(.a.b) .a |= unique    .a |= unique_by(.k)    .a = [.a[] | select(.k == V)]
/// where V is a JSON-like value. Other yq expressions are refused with kUnimplemented and the
/// column. Unchanged text for an empty expression.
Result<std::string> apply_assignments(std::string_view text, std::string_view file,
                                      std::string_view expression);

}  // namespace lima::text
