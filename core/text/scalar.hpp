// What a plain scalar means, and base64: shared by the readers and writers of YAML in this folder
// and by core/config.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json_fwd.hpp"
#include "core/text/yaml.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lima::text {

/// ~, null in its three spellings, and nothing at all.
bool is_null_word(std::string_view word);
/// The value of a plain word: null, bool, number, or the word itself as a string.
Json resolve_plain(std::string_view word, Schema schema);
/// An integer by the schema's spelling rules; nullopt for anything else (also for one that does not
/// fit 64 bits).
std::optional<Json> parse_integer(std::string_view word, Schema schema);
/// A float by the schema's rules, with .inf and .nan.
std::optional<double> parse_float(std::string_view word, Schema schema);
/// Shortest form, as Go's strconv with 'g' prints it: "1.5", "1", "1e+25".
std::string go_float(double value);
/// True when the text has characters that YAML only takes escaped: controls other than tab and line
/// feed, and what a reader of YAML 1.1 takes for line breaks.
bool needs_escapes(std::string_view text);

}  // namespace lima::text
