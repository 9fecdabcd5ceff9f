#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/text/scalar.hpp"
#include "core/text/yq/formats.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lima::text::yq {
namespace {

bool is_bare(std::string_view key) {
    return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || c == '-';
    });
}

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        switch (c) {
            case '"':
            case '\\':
                out += '\\';
                out += c;
                break;
            case '\b':
                out += "\\b";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\r':
                out += "\\r";
                break;
            default: {
                const auto byte = static_cast<unsigned char>(c);
                out += byte < 0x20 || byte == 0x7F ? fmt::format("\\u{:04X}", byte)
                                                   : std::string(1, c);
            }
        }
    }
    return out + '"';
}

std::string spell_key(const std::string& key) { return is_bare(key) ? key : in_quotes(key); }

/// Digits, single underscores between them, no zero before others.
bool is_decimal(std::string_view word) {
    if (word.starts_with('-') || word.starts_with('+')) {
        word.remove_prefix(1);
    }
    char last = '_';
    for (const char c : word) {
        if ((c < '0' || c > '9') && (c != '_' || last == '_')) {
            return false;
        }
        last = c;
    }
    return last != '_' && (word.size() == 1 || word.front() != '0');
}

Result<std::string> spell_integer(const Node& node) {
    const std::string& word = node.value;
    if (is_decimal(word)) {
        return word;
    }
    std::string digits = word;
    std::erase(digits, '_');
    for (const Schema schema : {Schema::kCore, Schema::kGo}) {
        if (const auto number = parse_integer(digits, schema)) {
            const bool prefix =
                digits.starts_with("0x") || digits.starts_with("0o") || digits.starts_with("0b");
            return prefix ? digits : number->dump();
        }
    }
    return failf(Code::kInvalidArgument, "{} is tagged as an integer and is none", word);
}

Result<std::string> spell_float(const Node& node) {
    std::string word = node.value;
    std::erase(word, '_');
    const auto number = parse_float(word, Schema::kCore);
    if (!number) {
        return failf(Code::kInvalidArgument, "{} is tagged as a float and is none", node.value);
    }
    if (std::isnan(*number)) {
        return std::string("nan");
    }
    if (std::isinf(*number)) {
        return std::string(*number > 0 ? "inf" : "-inf");
    }
    // Digits on both sides of the point, or an exponent.
    const std::size_t point = word.find('.');
    const std::size_t exponent = word.find_first_of("eE");
    const bool good =
        is_decimal(word.substr(0, std::min(point, exponent))) &&
        (point != std::string::npos || exponent != std::string::npos) &&
        (point == std::string::npos ||
         (point + 1 < word.size() && word[point + 1] >= '0' && word[point + 1] <= '9'));
    if (good) {
        return word;
    }
    std::string out = go_float(*number);
    return out.find_first_of(".e") == std::string::npos ? out + ".0" : out;
}

/// A date as TOML wants it, with two digits for month and day.
bool is_date(std::string_view word) {
    return word.size() >= 10 && guess_tag(word) == "!!timestamp" && word[7] == '-' &&
           all_digits(word.substr(8, 2));
}

Result<std::string> spell_scalar(const Node& node) {
    if (node.tag == "!!int") {
        return spell_integer(node);
    }
    if (node.tag == "!!float") {
        return spell_float(node);
    }
    if (node.tag == "!!bool") {
        return to_lower(node.value);
    }
    if (node.tag == "!!timestamp" && is_date(node.value)) {
        return node.value;
    }
    return in_quotes(node.tag == "!!null" ? "" : node.value);  // TOML has no null
}

/// [[name]] for each item instead of [{…}, {…}].
bool is_table_list(const Node& node) {
    return node.kind == Kind::kSequence && node.style != Style::kFlow && !node.content.empty() &&
           std::all_of(node.content.begin(), node.content.end(), [](const NodePtr& item) {
               return item->kind == Kind::kMapping && item->style != Style::kFlow;
           });
}

bool is_table(const Node& node) {
    return node.kind == Kind::kMapping && node.style != Style::kFlow;
}

bool has_comment(const Node& node) {
    return !node.head_comment.empty() || !node.line_comment.empty();
}

class Writer {
public:
    /// Values first: behind a table's header they would belong to that table.
    Result<void> table(const Node& mapping, const std::string& path) {
        for (std::size_t i = 0; i + 1 < mapping.content.size(); i += 2) {
            const Node& key = *mapping.content[i];
            const Node& value = *mapping.content[i + 1];
            if (is_table(value) || is_table_list(value)) {
                continue;
            }
            comment(key.head_comment);
            comment(value.head_comment);
            out_ += spell_key(key.value) + " = ";
            LIMA_DO(inline_value(value, 0));
            line_comment(value.line_comment);
            comment(key.foot_comment);
        }
        for (std::size_t i = 0; i + 1 < mapping.content.size(); i += 2) {
            LIMA_DO(sub_table(*mapping.content[i], *mapping.content[i + 1], path));
        }
        return {};
    }

    void comment(const std::string& text) {
        if (!text.empty()) {
            out_ += text + "\n";
        }
    }

    std::string take() { return std::move(out_); }

private:
    void line_comment(const std::string& text) { out_ += (text.empty() ? "" : "  " + text) + "\n"; }

    Result<void> sub_table(const Node& key, const Node& value, const std::string& path) {
        const std::string name = (path.empty() ? "" : path + ".") + spell_key(key.value);
        if (is_table_list(value)) {
            pending_ += key.head_comment + (key.head_comment.empty() ? "" : "\n");
            for (const NodePtr& item : value.content) {
                header("[[" + name + "]]", *item, item->line_comment);
                LIMA_DO(table(*item, name));
            }
        } else if (is_table(value)) {
            pending_ += key.head_comment + (key.head_comment.empty() ? "" : "\n");
            const bool implied =
                !value.content.empty() && key.line_comment.empty() && !has_comment(value) &&
                std::all_of(value.content.begin(), value.content.end(),
                            [n = 0](const NodePtr& item) mutable {
                                return n++ % 2 == 0 || is_table(*item) || is_table_list(*item);
                            });
            if (!implied) {
                header("[" + name + "]", value, key.line_comment);
            }
            LIMA_DO(table(value, name));
        }
        comment(key.foot_comment);
        return {};
    }

    void header(const std::string& text, const Node& node, const std::string& behind) {
        out_ += out_.empty() ? "" : "\n";
        out_ += pending_;
        pending_.clear();
        comment(node.head_comment);
        out_ += text;
        line_comment(behind);
    }

    Result<void> inline_value(const Node& node, int level) {
        if (node.kind == Kind::kMapping) {
            return inline_table(node, level);
        }
        if (node.kind == Kind::kSequence) {
            return inline_list(node, level);
        }
        LIMA_TRY(const std::string text, spell_scalar(node));
        out_ += text;
        return {};
    }

    Result<void> inline_table(const Node& node, int level) {
        out_ += node.content.empty() ? "{" : "{ ";
        for (std::size_t i = 0; i + 1 < node.content.size(); i += 2) {
            out_ += (i > 0 ? ", " : "") + spell_key(node.content[i]->value) + " = ";
            LIMA_DO(inline_value(*node.content[i + 1], level));
        }
        out_ += node.content.empty() ? "}" : " }";
        return {};
    }

    /// In one line, or with comments one item a line.
    Result<void> inline_list(const Node& node, int level) {
        const bool tall = std::any_of(node.content.begin(), node.content.end(),
                                      [](const NodePtr& item) { return has_comment(*item); });
        const std::string indent(static_cast<std::size_t>(level + 1) * 2, ' ');
        out_ += '[';
        for (std::size_t i = 0; i < node.content.size(); ++i) {
            const Node& item = *node.content[i];
            if (!tall) {
                out_ += i > 0 ? ", " : "";
                LIMA_DO(inline_value(item, level));
                continue;
            }
            out_ += i > 0 ? "" : "\n";
            if (!item.head_comment.empty()) {
                for (const std::string_view line : lines(item.head_comment)) {
                    out_ += indent + std::string(line) + "\n";
                }
            }
            out_ += indent;
            LIMA_DO(inline_value(item, level + 1));
            out_ += ",";
            line_comment(item.line_comment);
        }
        out_ += tall ? std::string(static_cast<std::size_t>(level) * 2, ' ') + "]" : "]";
        return {};
    }

    std::string out_;
    std::string pending_;  // the comments of tables that have no header of their own
};

}  // namespace

Result<std::string> encode_toml(const Node& node, const EncodeOptions&) {
    LIMA_TRY(const NodePtr plain, plain_copy(node));
    if (plain->kind == Kind::kScalar) {
        return plain->value + "\n";
    }
    if (plain->kind == Kind::kSequence) {
        return failf(Code::kInvalidArgument, "toml can be written for maps alone, not for a list");
    }
    Writer writer;
    writer.comment(plain->head_comment);
    LIMA_DO(writer.table(*plain, ""));
    writer.comment(plain->foot_comment);
    return writer.take();
}

}  // namespace lima::text::yq
