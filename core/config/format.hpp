// The formats of the field table: what makes a text right, in words, as a check and as a pattern.
#pragma once

#include "core/config/field.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lima::config {

/// What is wrong, to stand behind "field `x` "; nullopt when nothing is.
std::optional<std::string> mistake_in(Format format, const std::string& text);
/// 1 to 65535, not ssh's 22.
std::optional<std::string> mistake_in_port(int port);
/// For one of the words; says which one may have been meant.
std::optional<std::string> mistake_in_word(const WordList& allowed, const std::string& text);

/// An ECMAScript pattern for texts in a file, where templates and wildcards may still stand; empty
/// when there is none.
std::string_view pattern_of(Format format);
/// For the reference page: "a size such as 4GiB"; empty for any text.
std::string_view words_of(Format format);

/// X.Y.Z, after cutting a leading v, everything from the first "-" and the suffix ".m".
bool is_plain_version(std::string_view text);

/// Canonical form of an IPv4 or IPv6 address (an IPv4 address mapped into IPv6 becomes IPv4);
/// nullopt when it is none.
std::optional<std::string> canonical_ip(const std::string& text);

/// The word of the list that is most like the text: another case, or a slip of the fingers. Empty
/// when none is.
std::string closest_word(const std::vector<std::string_view>& words, std::string_view text);

}  // namespace lima::config
