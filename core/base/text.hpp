// Small text helpers: splitting, trimming and the four ways of quoting that the outputs are
// specified with.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lima {

std::string_view trim(std::string_view text);  // ASCII white space at both ends
std::vector<std::string> split(std::string_view text, char separator);
/// Lines without their ends ("\n" or "\r\n"); no empty last line for a final newline.
std::vector<std::string_view> lines(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string to_lower(std::string_view text);  // ASCII
std::string to_upper(std::string_view text);  // ASCII
std::string replace_all(std::string text, std::string_view from, std::string_view to);
/// As Go's strconv.ParseBool: 1, t, T, true, True, TRUE, and the like for false.
std::optional<bool> parse_go_bool(std::string_view text);
bool is_identifier(std::string_view text);  // instance and disk names: spec/config.md 6.1

std::string go_quote(std::string_view text);     // Go's %q
std::string name_quote(std::string_view text);   // Go's %#q: `text`, or %q where that cannot be
std::string shell_quote(std::string_view text);  // bare when safe, else '…'
std::string html_escape_json(std::string text);  // < > & as \u003c …, in already encoded JSON
std::string to_hex(std::string_view bytes);
/// Edit distance, for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace lima
