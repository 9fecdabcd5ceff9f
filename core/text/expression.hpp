// The assignments of --set and of the edit flags: a small part of yq v4, parsed and evaluated on
// values.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json.hpp"

#include <string_view>

namespace lima::text {

/// Applies the chain of assignments to the document. What yq can do and this cannot is
/// kUnimplemented; both that and mistakes name the column and show the expression.
Result<Json> evaluate_assignments(Json document, std::string_view expression);

}  // namespace lima::text
