// Texts in URLs: shared by the functions of Go templates and by the formats of yq.
#pragma once

#include <string>
#include <string_view>

namespace lima::text {

/// For a query, as Go's QueryEscape writes it: a blank becomes +, other bytes than letters, digits
/// and - _ . ~ become %XX.
std::string escape_query(std::string_view text);

}  // namespace lima::text
