#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>

namespace lima {
namespace {

void append_escaped(std::string& out, char32_t value) {
    constexpr std::string_view kFrom = "\a\b\f\n\r\t\v\\\"";
    constexpr std::string_view kTo = "abfnrtv\\\"";
    const auto number = static_cast<std::uint32_t>(value);
    if (const auto i = value < 0x80 ? kFrom.find(static_cast<char>(value)) : std::string_view::npos;
        i != std::string_view::npos) {
        out += '\\';
        out += kTo[i];
    } else if (number < 0x80) {
        out += fmt::format("\\x{:02x}", number);
    } else if (number < 0x10000) {
        out += fmt::format("\\u{:04x}", number);
    } else {
        out += fmt::format("\\U{:08x}", number);
    }
}

bool can_stand_in_backquotes(std::string_view text) {
    while (!text.empty()) {
        const utf8::Rune rune = utf8::decode(text);
        const bool control = (rune.value < 0x20 && rune.value != '\t') || rune.value == 0x7F;
        if (!rune.valid || control || rune.value == '`' || rune.value == 0xFEFF) {
            return false;
        }
        text.remove_prefix(rune.size);
    }
    return true;
}

}  // namespace

std::string go_quote(std::string_view text) {
    std::string out = "\"";
    for (std::size_t i = 0; i < text.size();) {
        const utf8::Rune rune = utf8::decode(text.substr(i));
        if (!rune.valid) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i]));
        } else if (rune.value == '"' || rune.value == '\\' || !utf8::is_printable(rune.value)) {
            append_escaped(out, rune.value);
        } else {
            out += text.substr(i, rune.size);
        }
        i += rune.size;
    }
    return out + '"';
}

std::string name_quote(std::string_view text) {
    if (!can_stand_in_backquotes(text)) {
        return go_quote(text);
    }
    return "`" + std::string(text) + "`";
}

std::string shell_quote(std::string_view text) {
    const auto safe = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
    };
    if (!text.empty() && std::all_of(text.begin(), text.end(), safe)) {
        return std::string(text);
    }
    return "'" + replace_all(std::string(text), "'", R"('"'"')") + "'";
}

std::string html_escape_json(std::string text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view rest = std::string_view(text).substr(i);
        if (text[i] == '<' || text[i] == '>' || text[i] == '&') {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(text[i]));
        } else if (rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9")) {
            out += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace lima
