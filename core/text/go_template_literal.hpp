// Go's literals: quoted and raw strings, characters, integers and floats. nullopt where they are
// malformed or do not fit.
#pragma once

#include "core/base/json.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lima::text::gotmpl {

/// With its quotes: "…", '…' or `…`.
std::optional<std::string> unquote(std::string_view literal);
std::optional<Json> parse_character(std::string_view literal);
std::optional<Json> parse_number(std::string_view literal);

}  // namespace lima::text::gotmpl
