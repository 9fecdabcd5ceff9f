// Edits by yq expressions that change only the lines that they change: the expression says what the
// text is to mean, and the text is rewritten to mean it (core/text/rewrite.hpp). Comments, order
// and quoting of the rest stay byte for byte.
#pragma once

#include "core/base/error.hpp"

#include <string>
#include <string_view>

namespace lima::text {

/// What --set and the edit flags do to a lima.yaml (spec/cli.md section 6): the expression is
/// evaluated on the first document, without the environment and without files, and must yield a
/// map. What it yields besides values - comments, styles, order - is not taken over. Mistakes show
/// the expression with a caret. Unchanged text for an empty expression.
Result<std::string> edit(std::string_view text, std::string_view file, std::string_view expression);

}  // namespace lima::text
