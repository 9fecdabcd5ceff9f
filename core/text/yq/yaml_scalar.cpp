#include "core/text/yq/yaml_scalar.hpp"

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/scalar.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lima::text::yq {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Which styles can hold the text so that a reader gets it back.
struct Possible {
    bool plain = true;
    bool single = true;
    bool block = true;
};

/// A plain scalar must not look like something else where it begins.
bool begins_like_syntax(std::string_view text) {
    constexpr std::string_view kIndicators = "#,[]{}&*!|>'\"%@`";
    if (kIndicators.find(text.front()) != std::string_view::npos || text.starts_with("---") ||
        text.starts_with("...")) {
        return true;
    }
    const bool alone = text.size() == 1 || is_blank(text[1]);
    return alone && std::string_view("-?:").find(text.front()) != std::string_view::npos;
}

bool has_syntax_within(std::string_view text, bool flow) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool before_blank = i + 1 == text.size() || is_blank(text[i + 1]);
        if ((c == ':' && (before_blank || flow)) || (c == '#' && i > 0 && is_blank(text[i - 1])) ||
            (flow && std::string_view(",?[]{}").find(c) != std::string_view::npos)) {
            return true;
        }
    }
    return false;
}

Possible analyse(std::string_view text, bool flow) {
    Possible out;
    if (text.empty()) {
        out.plain = !flow;
        out.block = false;
        return out;
    }
    const bool lines = text.find('\n') != std::string_view::npos;
    const bool escapes = needs_escapes(text) || text.find('\r') != std::string_view::npos;
    const bool tabs = !lines && text.find('\t') != std::string_view::npos;
    bool blank_before_break = is_blank(text.back());
    for (std::size_t at = text.find('\n'); at != std::string_view::npos;
         at = text.find('\n', at + 1)) {
        blank_before_break = blank_before_break || (at > 0 && is_blank(text[at - 1]));
    }
    out.plain = !lines && !escapes && !tabs && !is_blank(text.front()) && !is_blank(text.back()) &&
                !begins_like_syntax(text) && !has_syntax_within(text, flow);
    out.single = !escapes && !tabs && !lines;
    // libyaml reads no block scalar that begins with a tab.
    const std::size_t first = text.find_first_not_of('\n');
    out.block =
        !escapes && !blank_before_break && first != std::string_view::npos && text[first] != '\t';
    return out;
}

std::string double_quoted(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const utf8::Rune rune = utf8::decode(text);
        const char32_t c = rune.value;
        constexpr std::string_view kRaw = "\"\\\n\t\r\b\a\f\v\x1b";
        constexpr std::string_view kLetters = "\"\\ntrbafve";
        const std::size_t known =
            c < 0x80 ? kRaw.find(static_cast<char>(c)) : std::string_view::npos;
        if (known != std::string_view::npos) {
            out += '\\';
            out += kLetters[known];
        } else if (c == 0) {
            out += "\\0";
        } else if (needs_escapes(text.substr(0, rune.size))) {
            out += c < 0x100     ? fmt::format("\\x{:02X}", static_cast<unsigned>(c))
                   : c <= 0xFFFF ? fmt::format("\\u{:04X}", static_cast<unsigned>(c))
                                 : fmt::format("\\U{:08X}", static_cast<unsigned>(c));
        } else {
            out += text.substr(0, rune.size);
        }
        text.remove_prefix(rune.size);
    }
    return out + '"';
}

std::string single_quoted(std::string_view text) {
    return "'" + replace_all(std::string(text), "'", "''") + "'";
}

/// The indicator of a block scalar whose first line begins with a space, and what becomes of its
/// last break.
std::string block_header(char indicator, std::string_view text, int indent) {
    std::string out(1, indicator);
    const std::size_t first = text.find_first_not_of('\n');
    if (first != std::string_view::npos && text[first] == ' ') {
        out += static_cast<char>('0' + indent);
    }
    if (!text.ends_with('\n')) {
        out += '-';
    } else if (text.ends_with("\n\n")) {
        out += '+';
    }
    return out;
}

ScalarText literal(std::string_view text, int indent) {
    ScalarText out;
    out.block = true;
    out.text = block_header('|', text, indent);
    if (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    out.lines = split(text, '\n');
    return out;
}

/// Lines that begin with a blank are not folded; such a text is better off as a literal.
bool can_fold(std::string_view text) {
    return !is_blank(text.front()) && text.find("\n ") == std::string_view::npos &&
           text.find("\n\t") == std::string_view::npos && text.front() != '\n';
}

ScalarText folded(std::string_view text, int indent) {
    ScalarText out;
    out.block = true;
    out.text = block_header('>', text, indent);
    const std::size_t content = text.find_last_not_of('\n') + 1;
    const std::string_view tail = text.substr(content);
    bool in_break = false;
    for (const std::string& line : split(text.substr(0, content), '\n')) {
        if (!out.lines.empty() && !in_break) {
            out.lines.emplace_back();  // a single break is written as two
        }
        in_break = line.empty();
        if (!line.empty()) {
            out.lines.push_back(line);
        } else {
            out.lines.emplace_back();
        }
    }
    for (std::size_t i = 1; i < tail.size(); ++i) {
        out.lines.emplace_back();
    }
    return out;
}

ScalarText one_line(std::string text) {
    ScalarText out;
    out.text = std::move(text);
    return out;
}

/// A text that would be read as a number, null or the like.
bool is_misleading(const Node& node) {
    return node.tag == "!!str" && !node.tag_written && guess_tag(node.value) != "!!str";
}

}  // namespace

ScalarText scalar_text(const Node& node, const ScalarPlace& place, int indent) {
    const std::string& text = node.value;
    if (text.empty() && node.tag == "!!null") {
        return one_line(place.flow || place.key ? "null" : "");
    }
    if (!utf8::valid(text)) {
        return one_line("!!binary " + encode_base64(text));
    }
    const Possible possible = analyse(text, place.flow);
    const bool inline_only = place.flow || place.key;
    const bool lines = text.find('\n') != std::string::npos;
    Style style = node.style;
    if (style == Style::kDefault || style == Style::kFlow) {
        style = lines                 ? Style::kLiteral
                : is_misleading(node) ? Style::kDoubleQuoted
                                      : Style::kDefault;
    }
    if ((style == Style::kLiteral || style == Style::kFolded) && (inline_only || !possible.block)) {
        style = Style::kDoubleQuoted;
    }
    if (style == Style::kFolded) {
        return can_fold(text) ? folded(text, indent) : literal(text, indent);
    }
    if (style == Style::kLiteral) {
        return literal(text, indent);
    }
    if (style == Style::kDefault && possible.plain) {
        return one_line(text);
    }
    if (style != Style::kDoubleQuoted && possible.single) {
        return one_line(single_quoted(text));
    }
    return one_line(double_quoted(text));
}

}  // namespace lima::text::yq
