#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/yq/formats.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

namespace lima::text::yq {
namespace {

bool is_comment(std::string_view line) { return line.starts_with('#') || line.starts_with(';'); }

/// Lines of "[section]", "key = value" or "key: value". A comment begins at the line's beginning,
/// or behind white space after a value that is not quoted.
class Reader {
public:
    Reader(std::string_view text, std::string_view file) : text_(text), file_(file) {
        at_ = text.starts_with(utf8::kBom) ? utf8::kBom.size() : 0;
    }

    Result<NodePtr> read() {
        NodePtr root = make_mapping();
        section_ = root.get();
        while (at_ < text_.size()) {
            begin_ = at_;
            const std::string_view line = trim(take_line());
            if (line.empty()) {
                comment_ += comment_.empty() ? "" : "\n";
            } else if (is_comment(line)) {
                comment_ += "#" + std::string(line.substr(1)) + "\n";
            } else if (line.front() == '[') {
                LIMA_DO(header(*root, line));
            } else {
                LIMA_DO(entry(line));
            }
        }
        root->foot_comment = take_comment();
        return root;
    }

private:
    std::string_view take_line() {
        const std::size_t end = std::min(text_.find('\n', at_), text_.size());
        const std::string_view line = text_.substr(at_, end - at_);
        at_ = std::min(end + 1, text_.size());
        return line;
    }

    std::string take_comment() {
        std::string out(trim(comment_));
        comment_.clear();
        return out;
    }

    Failure wrong(std::string_view what) const {
        const std::size_t content = text_.find_first_not_of(" \t\r", begin_);
        return fail_at(text_, file_, content, what);
    }

    Result<void> header(Node& root, std::string_view line) {
        const std::size_t close = line.find(']');
        if (close == std::string_view::npos) {
            return wrong("the section's name is not closed: a ] is missing");
        }
        const std::string_view name = trim(line.substr(1, close - 1));
        if (name.empty()) {
            return wrong("a section without a name");
        }
        const std::string_view rest = trim(line.substr(close + 1));
        if (!rest.empty() && !is_comment(rest)) {
            return wrong("text behind the section's name");
        }
        if (name == "DEFAULT") {
            section_ = &root;
            return {};
        }
        if (const NodePtr known = find(root, name); known && known->kind == Kind::kMapping) {
            section_ = known.get();
            comment_.clear();
            return {};
        }
        NodePtr key = make_string(std::string(name));
        key->head_comment = take_comment();
        append(root, std::move(key), make_mapping());
        section_ = root.content.back().get();
        return {};
    }

    Result<void> entry(std::string_view line) {
        std::size_t delimiter = 0;
        LIMA_TRY(const std::string name, key_of(line, delimiter));
        std::string comment;
        LIMA_TRY(std::string value, value_of(trim(line.substr(delimiter + 1)), comment));
        NodePtr key = make_string(name);
        key->head_comment = take_comment();
        if (const NodePtr known = find(*section_, name)) {
            if (known->kind != Kind::kScalar) {
                return wrong("a key with the name of a section");
            }
            known->value = std::move(value);
            known->line_comment = std::move(comment);
            return {};
        }
        NodePtr node = make_string(std::move(value));
        node->line_comment = std::move(comment);
        append(*section_, std::move(key), std::move(node));
        return {};
    }

    Result<std::string> key_of(std::string_view line, std::size_t& delimiter) {
        for (const std::string_view quote : {R"(""")", "\"", "`"}) {
            if (!line.starts_with(quote)) {
                continue;
            }
            const std::size_t end = line.find(quote, quote.size());
            const std::size_t behind = end == std::string_view::npos
                                           ? end
                                           : line.find_first_not_of(" \t", end + quote.size());
            if (behind == std::string_view::npos || (line[behind] != '=' && line[behind] != ':')) {
                return wrong("a quoted key wants its closing quote and then a = or a :");
            }
            delimiter = behind;
            return std::string(line.substr(quote.size(), end - quote.size()));
        }
        delimiter = line.find_first_of("=:");
        if (delimiter == std::string_view::npos) {
            return wrong("neither a section nor a \"key = value\": a = is missing");
        }
        std::string name(trim(line.substr(0, delimiter)));
        if (name.empty()) {
            return wrong("a value without a key");
        }
        if (name == "-") {
            name = fmt::format("#{}", ++counter_);
        }
        return name;
    }

    Result<std::string> value_of(std::string_view value, std::string& comment) {
        for (const std::string_view quote : {R"(""")", "`"}) {
            if (value.starts_with(quote)) {
                return multi_line(quote, value, comment);
            }
        }
        for (const char quote : {'"', '\''}) {
            const std::size_t end =
                value.starts_with(quote) ? value.find(quote, 1) : std::string_view::npos;
            if (end != std::string_view::npos) {
                const std::string_view rest = trim(value.substr(end + 1));
                if (rest.empty() || is_comment(rest)) {
                    comment = note(rest);
                    return std::string(value.substr(1, end - 1));
                }
            }
        }
        for (std::size_t at = 0; at < value.size(); ++at) {
            const bool first = at == 0 || value[at - 1] == ' ' || value[at - 1] == '\t';
            if (first && is_comment(value.substr(at))) {
                comment = note(value.substr(at));
                value = trim(value.substr(0, at));
                break;
            }
        }
        std::string out(value);
        while (out.ends_with('\\') && at_ < text_.size()) {
            out.pop_back();
            out += trim(take_line());
        }
        return out;
    }

    static std::string note(std::string_view comment) {
        return comment.empty() ? "" : "#" + std::string(comment.substr(1));
    }

    /// The value goes on to the closing quote, wherever that is.
    Result<std::string> multi_line(std::string_view quote, std::string_view value,
                                   std::string& comment) {
        const std::size_t begin =
            static_cast<std::size_t>(value.data() - text_.data()) + quote.size();
        const std::size_t end = text_.find(quote, begin);
        if (end == std::string_view::npos) {
            return wrong("the quoted value is not closed");
        }
        at_ = end + quote.size();
        const std::string_view rest = trim(take_line());
        if (!rest.empty() && !is_comment(rest)) {
            return wrong("text behind the end of a quoted value");
        }
        comment = note(rest);
        return std::string(text_.substr(begin, end - begin));
    }

    std::string_view text_;
    std::string_view file_;
    std::size_t at_ = 0;
    std::size_t begin_ = 0;  // of the line
    int counter_ = 0;
    std::string comment_;
    Node* section_ = nullptr;
};

std::size_t width(std::string_view text) {
    std::size_t count = 0;
    while (!text.empty()) {
        text.remove_prefix(utf8::decode(text).size);
        ++count;
    }
    return count;
}

constexpr std::string_view kTriple = R"(""")";

/// In the first of the quotes that reading takes back as it was; nullopt if there is none.
std::optional<std::string> in_quotes(const std::string& text,
                                     std::initializer_list<std::string_view> quotes) {
    for (const std::string_view quote : quotes) {
        const bool inside = text.find(quote) != std::string::npos ||
                            (quote == kTriple && text.ends_with('"')) ||
                            (quote == "\"" && text.find('\n') != std::string::npos);
        if (!inside) {
            return std::string(quote) + text + std::string(quote);
        }
    }
    return std::nullopt;
}

std::optional<std::string> spell_key(const std::string& key) {
    const bool plain = key.find_first_of("\"=:`") == std::string::npos && !is_comment(key) &&
                       !key.starts_with('[') && key != "-" && trim(key).size() == key.size();
    return plain ? key : in_quotes(key, {"`", kTriple});
}

/// Quoted where reading it back would give something else.
std::optional<std::string> spell_value(const std::string& value) {
    if (value.find_first_of("\n`") != std::string::npos) {
        return in_quotes(value, {kTriple, "`"});
    }
    bool comment = false;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const bool first = i == 0 || value[i - 1] == ' ' || value[i - 1] == '\t';
        comment = comment || (first && (value[i] == '#' || value[i] == ';'));
    }
    const bool quoted = value.size() > 1 && (value.front() == '"' || value.front() == '\'') &&
                        value.back() == value.front();
    if (comment || quoted || value.ends_with('\\') || value.starts_with(kTriple)) {
        return in_quotes(value, {"`"});
    }
    return trim(value).size() != value.size() ? in_quotes(value, {"\"", "`"}) : value;
}

class Writer {
public:
    Result<void> document(const Node& root) {
        comment(root.head_comment);
        LIMA_DO(entries(root, /*sections=*/false));
        for (std::size_t i = 0; i + 1 < root.content.size(); i += 2) {
            const Node& key = *root.content[i];
            const Node& value = *root.content[i + 1];
            if (value.kind == Kind::kScalar) {
                continue;
            }
            if (value.kind == Kind::kSequence) {
                return failf(Code::kInvalidArgument,
                             "ini has maps of plain values alone: {} is a list",
                             name_quote(key.value));
            }
            if (key.value.empty() || key.value.find_first_of("]\n") != std::string::npos ||
                trim(key.value).size() != key.value.size()) {
                return failf(Code::kInvalidArgument, "{} cannot be the name of an ini section",
                             name_quote(key.value));
            }
            out_ += out_.empty() ? "" : "\n";
            comment(key.head_comment);
            comment(key.line_comment);
            out_ += "[" + key.value + "]\n";
            comment(value.head_comment);
            LIMA_DO(entries(value, /*sections=*/true));
            comment(value.foot_comment);
            comment(key.foot_comment);
        }
        comment(root.foot_comment);
        return {};
    }

    std::string take() { return std::move(out_); }

private:
    void comment(const std::string& text) {
        if (!text.empty()) {
            out_ += text + "\n";
        }
    }

    /// The plain values of a map, their = one below the other.
    Result<void> entries(const Node& mapping, bool inner) {
        std::size_t longest = 0;
        for (std::size_t i = 0; i + 1 < mapping.content.size(); i += 2) {
            if (mapping.content[i + 1]->kind == Kind::kScalar) {
                longest =
                    std::max(longest, width(spell_key(mapping.content[i]->value).value_or("")));
            }
        }
        for (std::size_t i = 0; i + 1 < mapping.content.size(); i += 2) {
            const Node& key = *mapping.content[i];
            const Node& value = *mapping.content[i + 1];
            if (value.kind != Kind::kScalar) {
                if (inner) {
                    return failf(Code::kInvalidArgument,
                                 "ini has sections one level deep: {} in a section is a {}",
                                 name_quote(key.value), value.tag);
                }
                continue;
            }
            const auto name = spell_key(key.value);
            if (key.value.empty() || key.value.find('\n') != std::string::npos || !name) {
                return failf(Code::kInvalidArgument, "{} cannot be a key in ini",
                             name_quote(key.value));
            }
            comment(key.head_comment);
            comment(value.head_comment);
            const auto text = spell_value(value.value);
            if (!text) {
                return failf(Code::kInvalidArgument,
                             "ini has no quotes for the value of {}: it has all of them",
                             name_quote(key.value));
            }
            out_ += *name + std::string(longest - width(*name), ' ') + " = " + *text +
                    (value.line_comment.empty() ? "" : "  ") + value.line_comment + "\n";
            comment(key.foot_comment);
        }
        return {};
    }

    std::string out_;
};

}  // namespace

Result<Documents> decode_ini(std::string_view text, std::string_view file, const DecodeOptions&) {
    LIMA_TRY(NodePtr root, Reader(text, file).read());
    return Documents{root};
}

Result<std::string> encode_ini(const Node& node, const EncodeOptions&) {
    LIMA_TRY(const NodePtr plain, plain_copy(node));
    if (plain->kind == Kind::kScalar) {
        return plain->value + "\n";
    }
    if (plain->kind == Kind::kSequence) {
        return failf(Code::kInvalidArgument, "ini can be written for maps alone, not for a list");
    }
    Writer writer;
    LIMA_DO(writer.document(*plain));
    return writer.take();
}

}  // namespace lima::text::yq
