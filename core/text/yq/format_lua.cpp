#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/text/scalar.hpp"
#include "core/text/yq/formats.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace lima::text::yq {
namespace {

constexpr std::array<std::string_view, 22> kKeywords{
    "and",      "break",  "do",   "else", "elseif", "end",   "false", "for",
    "function", "goto",   "if",   "in",   "local",  "nil",   "not",   "or",
    "repeat",   "return", "then", "true", "until",  "while",
};

bool is_name(std::string_view word) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !word.empty() && letter(word.front()) &&
           std::all_of(word.begin(), word.end(),
                       [&](char c) { return letter(c) || (c >= '0' && c <= '9'); }) &&
           std::find(kKeywords.begin(), kKeywords.end(), word) == kKeywords.end();
}

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        switch (c) {
            case '"':
            case '\'':
            case '\\':
                out += '\\';
                out += c;
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default: {
                const auto byte = static_cast<unsigned char>(c);
                out +=
                    byte < 0x20 || byte == 0x7F ? fmt::format("\\{:03}", byte) : std::string(1, c);
            }
        }
    }
    return out + '"';
}

/// Lua knows 0x and decimal numbers, but neither _ nor 0o.
std::string number(const Node& node) {
    std::string word = node.value;
    std::erase(word, '_');
    if (node.tag == "!!int") {
        if (const auto value = parse_integer(word, Schema::kCore)) {
            return word.starts_with("0x") ? to_lower(word) : value->dump();
        }
        return word;
    }
    const auto value = parse_float(word, Schema::kCore);
    if (value && std::isinf(*value)) {
        return *value > 0 ? "(1/0)" : "(-1/0)";
    }
    return value && std::isnan(*value) ? "(0/0)" : word;
}

class Writer {
public:
    explicit Writer(const EncodeOptions& options) : options_(options) {}

    void write(const Node& node, int level) {
        switch (node.kind) {
            case Kind::kMapping:
                out_ += node.content.empty() ? "{}" : "{\n";
                entries(node, level + 1);
                out_ += node.content.empty() ? "" : tabs(level) + "}";
                return;
            case Kind::kSequence:
                out_ += node.content.empty() ? "{}" : "{\n";
                for (const NodePtr& item : node.content) {
                    out_ += tabs(level + 1);
                    write(*item, level + 1);
                    end(",", *item);
                }
                out_ += node.content.empty() ? "" : tabs(level) + "}";
                return;
            default:
                out_ += scalar(node);
        }
    }

    void entries(const Node& mapping, int level) {
        for (std::size_t i = 0; i + 1 < mapping.content.size(); i += 2) {
            out_ += tabs(level) + key(*mapping.content[i], level == 0) + " = ";
            write(*mapping.content[i + 1], level);
            end(";", *mapping.content[i + 1]);
        }
    }

    std::string take() { return std::move(out_); }

private:
    static std::string tabs(int level) {
        return std::string(static_cast<std::size_t>(level), '\t');
    }

    void end(std::string_view mark, const Node& node) {
        out_ += mark;
        if (node.kind == Kind::kScalar && !node.line_comment.empty()) {
            out_ += " -- " + join(comment_lines(node.line_comment), " ");
        }
        out_ += '\n';
    }

    std::string key(const Node& node, bool global) const {
        const bool text = node.tag != "!!int" && node.tag != "!!bool" && node.tag != "!!float";
        if (text && (options_.lua_unquoted || global) && is_name(node.value)) {
            return node.value;
        }
        const std::string inner = text ? in_quotes(node.value) : scalar(node);
        return (global ? "_G[" : "[") + inner + "]";
    }

    static std::string scalar(const Node& node) {
        if (node.tag == "!!null") {
            return "nil";
        }
        if (node.tag == "!!bool") {
            return to_lower(node.value);
        }
        if (node.tag == "!!int" || node.tag == "!!float") {
            return number(node);
        }
        return in_quotes(node.value);
    }

    const EncodeOptions& options_;
    std::string out_;
};

}  // namespace

Result<std::string> encode_lua(const Node& node, const EncodeOptions& options) {
    LIMA_TRY(const NodePtr plain, plain_copy(node));
    Writer writer(options);
    if (options.lua_globals && plain->kind == Kind::kMapping) {
        writer.entries(*plain, 0);
        return writer.take();
    }
    writer.write(*plain, 0);
    return options.lua_prefix + writer.take() + options.lua_suffix;
}

}  // namespace lima::text::yq
