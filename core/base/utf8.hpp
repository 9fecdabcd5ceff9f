// UTF-8 one code point at a time, and which code points can be shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lima::utf8 {

/// The byte order mark, which some editors put at the beginning of a file.
inline constexpr std::string_view kBom = "\xef\xbb\xbf";

struct Rune {
    char32_t value = 0xFFFD;
    std::size_t size = 1;
    bool valid = false;  // false: one byte that is not UTF-8
};

/// The first code point of a text that is not empty. Overlong forms and surrogates are invalid.
Rune decode(std::string_view text);
/// Appends the encoding; what is not a code point becomes U+FFFD.
void append(std::string& out, char32_t value);
bool valid(std::string_view text);
/// Letters, marks, numbers, punctuation, symbols and the ASCII space.
bool is_printable(char32_t value);

}  // namespace lima::utf8
