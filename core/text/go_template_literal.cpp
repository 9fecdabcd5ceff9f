#include "core/text/go_template_literal.hpp"

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>

namespace lima::text::gotmpl {
namespace {

std::optional<std::uint32_t> number_of(std::string_view digits, int base) {
    std::uint32_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return value;
}

/// \x41, \u0041, \U00000041 and \101: what follows the backslash is at the front of the text and is
/// taken off.
bool take_numeric_escape(std::string_view& text, std::string& out) {
    const char kind = text[0];
    const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 3;
    const std::size_t skip = kind == 'x' || kind == 'u' || kind == 'U' ? 1 : 0;
    if (text.size() < skip + digits) {
        return false;
    }
    const auto value = number_of(text.substr(skip, digits), skip == 0 ? 8 : 16);
    if (!value) {
        return false;
    }
    if (kind == 'u' || kind == 'U') {
        if (*value > 0x10FFFF || (*value >= 0xD800 && *value <= 0xDFFF)) {
            return false;
        }
        utf8::append(out, *value);
    } else {
        if (*value > 0xFF) {
            return false;
        }
        out += static_cast<char>(*value);
    }
    text.remove_prefix(skip + digits);
    return true;
}

bool take_escape(std::string_view& text, char quote, std::string& out) {
    constexpr std::string_view kFrom = "abfnrtv\\";
    constexpr std::string_view kTo = "\a\b\f\n\r\t\v\\";
    if (text.empty()) {
        return false;
    }
    if (const auto i = kFrom.find(text[0]); i != std::string_view::npos) {
        out += kTo[i];
    } else if (text[0] == quote) {
        out += quote;
    } else {
        return (text[0] == 'x' || text[0] == 'u' || text[0] == 'U' ||
                (text[0] >= '0' && text[0] <= '7')) &&
               take_numeric_escape(text, out);
    }
    text.remove_prefix(1);
    return true;
}

/// Between digits, or between a prefix and a digit; in a float only behind a prefix.
bool underscores_are_fine(std::string_view digits, bool prefixed, bool floats) {
    if (digits.find('_') == std::string_view::npos) {
        return true;
    }
    return (prefixed || (!floats && !digits.starts_with('_'))) && !digits.ends_with('_') &&
           digits.find("__") == std::string_view::npos;
}

}  // namespace

std::optional<std::string> unquote(std::string_view literal) {
    if (literal.size() < 2) {
        return std::nullopt;
    }
    const char quote = literal.front();
    std::string_view text = literal.substr(1, literal.size() - 2);
    if (quote == '`') {
        return replace_all(std::string(text), "\r", "");
    }
    std::string out;
    while (!text.empty()) {
        const char c = text[0];
        text.remove_prefix(1);
        if (c == '\\') {
            if (!take_escape(text, quote, out)) {
                return std::nullopt;
            }
        } else {
            out += c;
        }
    }
    return out;
}

std::optional<Json> parse_character(std::string_view literal) {
    // A byte escape is the number itself and not a piece of UTF-8.
    if (literal.size() > 3 && literal[1] == '\\' &&
        (literal[2] == 'x' || (literal[2] >= '0' && literal[2] <= '7'))) {
        const auto text = unquote(literal);
        if (!text || text->size() != 1) {
            return std::nullopt;
        }
        return Json(static_cast<std::int64_t>(static_cast<unsigned char>((*text)[0])));
    }
    const auto text = unquote(literal);
    if (!text || text->empty()) {
        return std::nullopt;
    }
    const utf8::Rune rune = utf8::decode(*text);
    if (rune.size != text->size()) {
        return std::nullopt;
    }
    return Json(static_cast<std::int64_t>(rune.value));
}

std::optional<Json> parse_number(std::string_view literal) {
    const bool negative = literal.starts_with('-');
    std::string_view digits = literal.substr(negative || literal.starts_with('+') ? 1 : 0);
    const std::string head = to_lower(digits.substr(0, 2));
    int base = head == "0x" ? 16 : head == "0o" ? 8 : head == "0b" ? 2 : 10;
    const bool hex = base == 16;
    const bool prefixed = base != 10;
    digits.remove_prefix(prefixed ? 2 : 0);
    const bool floats = digits.find_first_of(hex ? ".pP" : ".eE") != std::string_view::npos;
    if (!prefixed && !floats && digits.size() > 1 && digits[0] == '0') {
        base = 8;
        digits.remove_prefix(1);
    }
    if (!underscores_are_fine(digits, base != 10, floats)) {
        return std::nullopt;
    }
    const std::string plain = replace_all(std::string(digits), "_", "");
    if (floats) {
        if (plain.empty() || (prefixed && !hex) ||
            (hex && plain.find_first_of("pP") == std::string::npos)) {
            return std::nullopt;
        }
        double value = 0;
        const auto [end, error] =
            std::from_chars(plain.data(), plain.data() + plain.size(), value,
                            hex ? std::chars_format::hex : std::chars_format::general);
        if (error != std::errc() || end != plain.data() + plain.size()) {
            return std::nullopt;
        }
        return Json(negative ? -value : value);
    }
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(plain.data(), plain.data() + plain.size(), value, base);
    if (error != std::errc() || end != plain.data() + plain.size()) {
        return std::nullopt;
    }
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (value > kMax + (negative ? 1 : 0)) {
        return std::nullopt;
    }
    return Json(static_cast<std::int64_t>(negative ? ~value + 1 : value));
}

}  // namespace lima::text::gotmpl
