#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/scalar.hpp"
#include "core/text/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace lima::text {
namespace {

bool is_reserved_word(std::string_view text) {
    static constexpr std::array<std::string_view, 26> kWords = {
        "null",  "Null", "NULL", "~",   "true", "True", "TRUE", "false", "False",
        "FALSE", "y",    "Y",    "yes", "Yes",  "YES",  "n",    "N",     "no",
        "No",    "NO",   "on",   "On",  "ON",   "off",  "Off",  "OFF"};
    return std::find(kWords.begin(), kWords.end(), text) != kWords.end();
}

bool is_number_like(std::string_view text) {
    return parse_integer(text, Schema::kGo) || parse_float(text, Schema::kGo);
}

/// Matches the text with a picture in which 0 stands for a digit; other characters stand for
/// themselves.
bool looks_like(std::string_view text, std::string_view picture) {
    return text.size() == picture.size() &&
           std::equal(text.begin(), text.end(), picture.begin(),
                      [](char c, char p) { return p == '0' ? (c >= '0' && c <= '9') : c == p; });
}

bool is_timestamp_like(std::string_view text) {
    if (looks_like(text, "0000-00-00") || looks_like(text, "00:00") || looks_like(text, "0:00") ||
        looks_like(text, "00:00:00") || looks_like(text, "0:00:00")) {
        return true;
    }
    constexpr std::string_view kDateTime = "0000-00-00T00:00:00";
    if (text.size() < kDateTime.size()) {
        return false;
    }
    std::string head(text.substr(0, kDateTime.size()));
    if (head[10] == 't' || head[10] == ' ') {
        head[10] = 'T';
    }
    return looks_like(head, kDateTime);
}

/// Go's rules, plus what they forget and a reader would trip over.
bool needs_quotes(std::string_view text) {
    if (text.empty() || is_reserved_word(text) || is_number_like(text) || text == "-" ||
        is_timestamp_like(text)) {
        return true;
    }
    constexpr std::string_view kFirst = "*&[{}],!|>%'\"@ `\t";
    if (kFirst.find(text.front()) != std::string_view::npos) {
        return true;
    }
    const char last = text.back();
    if (last == ':' || last == ' ' || last == '\t') {
        return true;
    }
    if (text.find('#') != std::string_view::npos || text.find('\\') != std::string_view::npos ||
        text.find(": ") != std::string_view::npos || text.find("- ") != std::string_view::npos ||
        text.find(":\n") != std::string_view::npos || text.find(":\t") != std::string_view::npos) {
        return true;
    }
    if (text.starts_with("-\t") || text.starts_with("?\t") || text.starts_with("? ") ||
        text == "?" || text == "<<" || text.starts_with("---") || text.starts_with("...")) {
        return true;
    }
    return needs_escapes(text);
}

/// A block scalar can hold it exactly.
bool fits_literal(std::string_view text) {
    return text.find('\n') != std::string_view::npos && text.front() != '\n' &&
           text.find_first_not_of('\n') != std::string_view::npos;
}

std::string number_text(const Json& value) {
    if (!value.is_number_float()) {
        return dump_json(value);
    }
    const double number = value.get<double>();
    if (std::isnan(number)) {
        return ".nan";
    }
    if (std::isinf(number)) {
        return number > 0 ? ".inf" : "-.inf";
    }
    std::string out = go_float(number);
    if (out.find('.') == std::string::npos) {
        // A float of the reader has a dot.
        const std::size_t exponent = out.find('e');
        out.insert(exponent == std::string::npos ? out.size() : exponent, ".0");
    }
    return out;
}

std::string string_text(std::string_view text) {
    if (!utf8::valid(text)) {
        return "!!binary " + encode_base64(text);
    }
    return needs_quotes(text) || text.find('\n') != std::string_view::npos ? go_quote(text)
                                                                           : std::string(text);
}

std::string scalar_text(const Json& value) {
    if (value.is_string()) {
        return string_text(value.get_ref<const std::string&>());
    }
    if (value.is_number()) {
        return number_text(value);
    }
    if (value.is_boolean()) {
        return value.get<bool>() ? "true" : "false";
    }
    return "null";
}

class Emitter {
public:
    std::string take() { return std::move(out_); }

    void block(const Json& value, std::size_t indent) {
        if (value.is_object() && !value.empty()) {
            mapping(value, indent, false);
        } else if (value.is_array() && !value.empty()) {
            sequence(value, indent, false);
        } else {
            inline_value(value, indent);
            out_ += '\n';
        }
    }

private:
    void pad(std::size_t indent) { out_.append(indent, ' '); }

    /// Scalars and empty collections; a literal's lines go one step deeper than the indent.
    void inline_value(const Json& value, std::size_t indent) {
        if (value.is_object()) {
            out_ += "{}";
        } else if (value.is_array()) {
            out_ += "[]";
        } else if (value.is_string() && literal(value.get_ref<const std::string&>(), indent)) {
            return;
        } else {
            out_ += scalar_text(value);
        }
    }

    bool literal(const std::string& text, std::size_t indent) {
        if (text.empty() || !fits_literal(text) || needs_quotes(text) || !utf8::valid(text)) {
            return false;
        }
        out_ += text.ends_with("\n\n") ? "|+" : text.ends_with('\n') ? "|" : "|-";
        for (std::string_view line : lines(text)) {
            out_ += '\n';
            if (!line.empty()) {
                pad(indent + 2);
                out_ += line;
            }
        }
        return true;
    }

    void mapping(const Json& value, std::size_t indent, bool first_in_place) {
        for (const auto& [key, item] : value.items()) {
            if (!first_in_place) {
                pad(indent);
            }
            first_in_place = false;
            out_ += string_text(key);
            out_ += ':';
            if (item.is_object() && !item.empty()) {
                out_ += '\n';
                mapping(item, indent + 2, false);
            } else if (item.is_array() && !item.empty()) {
                out_ += '\n';
                sequence(item, indent, false);
            } else {
                out_ += ' ';
                inline_value(item, indent);
                out_ += '\n';
            }
        }
    }

    void sequence(const Json& value, std::size_t indent, bool first_in_place) {
        for (const Json& item : value) {
            if (!first_in_place) {
                pad(indent);
            }
            first_in_place = false;
            out_ += "- ";
            if (item.is_object() && !item.empty()) {
                mapping(item, indent + 2, true);
            } else if (item.is_array() && !item.empty()) {
                sequence(item, indent + 2, true);
            } else {
                inline_value(item, indent);
                out_ += '\n';
            }
        }
    }

    std::string out_;
};

}  // namespace

std::string emit_yaml(const Json& value) {
    Emitter emitter;
    emitter.block(value, 0);
    return emitter.take();
}

std::string emit_flow(const Json& value) {
    std::vector<std::string> parts;
    if (value.is_array()) {
        for (const Json& item : value) {
            parts.push_back(emit_flow(item));
        }
        return "[" + join(parts, ", ") + "]";
    }
    const auto quoted = [](const std::string& text, const std::string& plain) {
        const bool unsafe = text == plain && plain.find_first_of(",[]{}?:") != std::string::npos;
        return unsafe ? go_quote(plain) : text;
    };
    if (value.is_object()) {
        for (const auto& [key, item] : value.items()) {
            parts.push_back(quoted(string_text(key), key) + ": " + emit_flow(item));
        }
        return "{" + join(parts, ", ") + "}";
    }
    if (value.is_string()) {
        const auto& plain = value.get_ref<const std::string&>();
        return quoted(string_text(plain), plain);
    }
    return scalar_text(value);
}

}  // namespace lima::text
