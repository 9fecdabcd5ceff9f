#include "core/text/go_format_verb.hpp"

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/go_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace lima::text::gofmt {
namespace {

std::size_t rune_count(std::string_view text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count) {
        text.remove_prefix(utf8::decode(text).size);
    }
    return count;
}

std::string pad(std::string text, const Flags& flags, char fill = ' ') {
    const auto width = static_cast<std::size_t>(flags.width.value_or(0));
    const std::size_t count = rune_count(text);
    if (count >= width) {
        return text;
    }
    return flags.minus ? text + std::string(width - count, ' ')
                       : std::string(width - count, fill) + text;
}

std::string format_by_type(const Json& value, char32_t verb, const Flags& flags);

/// "%!d(string=x)": the value as %v has it, with the width and the signs that were asked for.
std::string bad_verb(const Json& value, char32_t verb, const Flags& flags) {
    std::string out = "%!";
    utf8::append(out, verb);
    if (value.is_null()) {
        return out + "(<nil>)";
    }
    Flags plain = flags;
    plain.sharp = false;
    return out + "(" + go_type_name(value) + "=" + format_by_type(value, 'v', plain) + ")";
}

std::string rune_text(std::int64_t value) {
    std::string out;
    utf8::append(out, value < 0 || value > 0x10FFFF ? 0xFFFD : static_cast<char32_t>(value));
    return out;
}

// Integers

std::string sign_of(bool negative, const Flags& flags) {
    return negative ? "-" : flags.plus ? "+" : flags.space ? " " : "";
}

std::string digits_of(std::uint64_t value, int base) {
    std::array<char, 65> buffer{};
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, base);
    return {buffer.data(), result.ptr};
}

std::string format_integer(std::uint64_t value, bool negative, int base, char32_t verb,
                           const Flags& flags) {
    std::string digits = digits_of(value, base);
    std::size_t least = 0;
    if (flags.precision) {
        least = static_cast<std::size_t>(*flags.precision);
        if (least == 0 && value == 0) {
            return std::string(static_cast<std::size_t>(flags.width.value_or(0)), ' ');
        }
    } else if (flags.zero && !flags.minus && flags.width) {
        const std::size_t sign = negative || flags.plus || flags.space ? 1 : 0;
        const auto width = static_cast<std::size_t>(*flags.width);
        least = width > sign ? width - sign : 0;
    }
    if (digits.size() < least) {
        digits.insert(0, least - digits.size(), '0');
    }
    if (flags.sharp) {
        digits = base == 2                       ? "0b" + digits
                 : base == 8 && digits[0] != '0' ? "0" + digits
                 : base == 16                    ? "0x" + digits
                                                 : digits;
    }
    if (verb == 'O') {
        digits = "0o" + digits;
    }
    if (verb == 'X') {
        digits = to_upper(digits);
    }
    return pad(sign_of(negative, flags) + digits, flags);
}

std::string format_unicode(std::uint64_t value, const Flags& flags) {
    std::string out = to_upper(digits_of(value, 16));
    const auto least = static_cast<std::size_t>(std::max(flags.precision.value_or(4), 4));
    out = "U+" + (out.size() < least ? std::string(least - out.size(), '0') : "") + out;
    if (flags.sharp && value <= 0x10FFFF && utf8::is_printable(static_cast<char32_t>(value))) {
        out += " '" + rune_text(static_cast<std::int64_t>(value)) + "'";
    }
    return pad(out, flags);
}

std::string quote_rune(std::int64_t value) {
    const std::string rune = rune_text(value);
    if (rune == "'") {
        return R"('\'')";
    }
    if (rune == "\"") {
        return "'\"'";
    }
    const std::string quoted = go_quote(rune);
    return "'" + quoted.substr(1, quoted.size() - 2) + "'";
}

std::string format_int(const Json& value, char32_t verb, const Flags& flags) {
    const bool negative =
        value.is_number_integer() && !value.is_number_unsigned() && value.get<std::int64_t>() < 0;
    const auto bits = value.is_number_unsigned()
                          ? value.get<std::uint64_t>()
                          : static_cast<std::uint64_t>(value.get<std::int64_t>());
    const std::uint64_t magnitude = negative ? ~bits + 1 : bits;
    switch (verb) {
        case 'v':
        case 'd':
            return format_integer(magnitude, negative, 10, verb, flags);
        case 'b':
            return format_integer(magnitude, negative, 2, verb, flags);
        case 'o':
        case 'O':
            return format_integer(magnitude, negative, 8, verb, flags);
        case 'x':
        case 'X':
            return format_integer(magnitude, negative, 16, verb, flags);
        case 'c':
            return pad(rune_text(static_cast<std::int64_t>(bits)), flags);
        case 'q':
            return pad(quote_rune(static_cast<std::int64_t>(bits)), flags);
        case 'U':
            return format_unicode(bits, flags);
        default:
            return bad_verb(value, verb, flags);
    }
}

// Floats

/// The shortest digits that read back as the value, with an exponent where it is below -4 or from 6
/// on.
std::string shortest(double value) {
    constexpr int kExponentFrom = 6;
    std::array<char, 400> buffer{};
    auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                std::chars_format::scientific);
    std::string text(buffer.data(), result.ptr);
    const int exponent = std::stoi(text.substr(text.find('e') + 1));
    if (exponent < -4 || exponent >= kExponentFrom) {
        return text;
    }
    result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                           std::chars_format::fixed);
    return {buffer.data(), result.ptr};
}

std::string float_digits(double value, char32_t verb, const Flags& flags) {
    const char32_t lower = verb == 'E' ? U'e' : verb == 'F' ? U'f' : verb == 'G' ? U'g' : verb;
    if (!std::isfinite(value)) {
        return std::isnan(value) ? "NaN" : "Inf";
    }
    if (lower == 'e') {
        return fmt::format("{:.{}e}", value, flags.precision.value_or(6));
    }
    if (lower == 'f') {
        return fmt::format("{:.{}f}", value, flags.precision.value_or(6));
    }
    if (flags.precision) {
        return flags.sharp ? fmt::format("{:#.{}g}", value, *flags.precision)
                           : fmt::format("{:.{}g}", value, *flags.precision);
    }
    return shortest(value);
}

std::string format_float(const Json& json, char32_t verb, const Flags& flags) {
    constexpr std::u32string_view kVerbs = U"veEfFgG";
    if (kVerbs.find(verb) == std::u32string_view::npos) {
        return bad_verb(json, verb, flags);
    }
    const auto value = json.get<double>();
    std::string digits = float_digits(std::fabs(value), verb, flags);
    if (verb == 'E' || verb == 'G') {
        digits = to_upper(digits);
    }
    std::string sign = sign_of(std::signbit(value) && !std::isnan(value), flags);
    if (std::isinf(value) && sign.empty()) {
        sign = "+";
    }
    const std::size_t used = sign.size() + digits.size();
    const auto width = static_cast<std::size_t>(flags.width.value_or(0));
    if (flags.zero && !flags.minus && std::isfinite(value) && used < width) {
        digits.insert(0, width - used, '0');
    }
    return pad(sign + digits, flags);
}

// Strings

std::string hex_text(std::string_view text, bool big, const Flags& flags) {
    if (flags.precision) {
        text = text.substr(0, static_cast<std::size_t>(*flags.precision));
    }
    if (text.empty()) {
        return pad("", flags);
    }
    std::string out;
    if (flags.space) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            out += i > 0 ? " " : "";
            out += (flags.sharp ? "0x" : "") + to_hex(text.substr(i, 1));
        }
    } else {
        out = (flags.sharp ? "0x" : "") + to_hex(text);
    }
    return pad(big ? to_upper(out) : out, flags);
}

/// "%+q": a quoted text without anything beyond ASCII.
std::string ascii_only(std::string_view quoted) {
    std::string out;
    while (!quoted.empty()) {
        const utf8::Rune rune = utf8::decode(quoted);
        const auto number = static_cast<std::uint32_t>(rune.value);
        if (number < 0x80) {
            out += static_cast<char>(number);
        } else {
            out += number < 0x10000 ? fmt::format("\\u{:04x}", number)
                                    : fmt::format("\\U{:08x}", number);
        }
        quoted.remove_prefix(rune.size);
    }
    return out;
}

std::string truncated(std::string_view text, const Flags& flags) {
    if (!flags.precision) {
        return std::string(text);
    }
    std::size_t end = 0;
    for (int i = 0; i < *flags.precision && end < text.size(); ++i) {
        end += utf8::decode(text.substr(end)).size;
    }
    return std::string(text.substr(0, end));
}

std::string format_string(const Json& value, char32_t verb, const Flags& flags) {
    const auto& text = value.get_ref<const std::string&>();
    const char fill = flags.zero && !flags.minus ? '0' : ' ';
    switch (verb) {
        case 'v':
            return flags.sharp ? pad(go_quote(text), flags, fill)
                               : pad(truncated(text, flags), flags, fill);
        case 's':
            return pad(truncated(text, flags), flags, fill);
        case 'q': {
            const std::string cut = truncated(text, flags);
            const std::string quoted = flags.sharp ? name_quote(cut) : go_quote(cut);
            return pad(flags.plus ? ascii_only(quoted) : quoted, flags, fill);
        }
        case 'x':
        case 'X':
            return hex_text(text, verb == 'X', flags);
        default:
            return bad_verb(value, verb, flags);
    }
}

// Arrays and maps

std::string format_nested(const Json& value, char32_t verb, const Flags& flags) {
    if (value.is_null()) {
        if (verb == 'v' && flags.sharp) {
            return "interface {}(nil)";
        }
        return "<nil>";
    }
    return format_value(value, verb, flags);
}

std::string format_array(const Json& value, char32_t verb, const Flags& flags) {
    const bool source = verb == 'v' && flags.sharp;
    std::string out = source ? go_type_name(value) + "{" : "[";
    for (std::size_t i = 0; i < value.size() && out.size() <= kMaxPrinted; ++i) {
        out += i > 0 ? (source ? ", " : " ") : "";
        out += format_nested(value[i], verb, flags);
    }
    return out + (source ? "}" : "]");
}

std::string format_map(const Json& value, char32_t verb, const Flags& flags) {
    const bool source = verb == 'v' && flags.sharp;
    std::string out = source ? go_type_name(value) + "{" : "map[";
    bool first = true;
    for (const std::string& key : go_sorted_keys(value)) {
        if (out.size() > kMaxPrinted) {
            break;
        }
        out += first ? "" : (source ? ", " : " ");
        first = false;
        out += format_value(key, verb, flags) + ":" + format_nested(value.at(key), verb, flags);
    }
    return out + (source ? "}" : "]");
}

std::string format_by_type(const Json& value, char32_t verb, const Flags& flags) {
    if (verb == 'T') {
        return pad(go_type_name(value), flags);
    }
    switch (value.type()) {
        case Json::value_t::boolean:
            if (verb != 't' && verb != 'v') {
                return bad_verb(value, verb, flags);
            }
            return pad(value.get<bool>() ? "true" : "false", flags,
                       flags.zero && !flags.minus ? '0' : ' ');
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
            return format_int(value, verb, flags);
        case Json::value_t::number_float:
            return format_float(value, verb, flags);
        case Json::value_t::string:
            return format_string(value, verb, flags);
        case Json::value_t::array:
            return format_array(value, verb, flags);
        case Json::value_t::object:
            return format_map(value, verb, flags);
        case Json::value_t::null:
        case Json::value_t::binary:
        case Json::value_t::discarded:
            break;
    }
    return verb == 'v' ? pad("<nil>", flags) : bad_verb(value, verb, flags);
}

}  // namespace

std::string format_value(const Json& value, char32_t verb, const Flags& given) {
    Flags flags = given;
    if (verb == 'v') {
        // "%+v" asks for field names, which JSON always has, and not for signs.
        flags.plus = false;
        flags.sharp = flags.sharp && !value.is_number();
    }
    return format_by_type(value, verb, flags);
}

}  // namespace lima::text::gofmt
