#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/yq/formats.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace lima::text::yq {
namespace {

struct Property {
    std::vector<std::string> path;
    std::string name;  // the path as it was written, unescaped
    std::string value;
    std::string comment;
    std::size_t offset = 0;
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }

/// Reads lines of "key = value", "key: value" or "key value", with Java's escapes, comments and
/// lines that go on behind a backslash.
class Reader {
public:
    Reader(std::string_view text, std::string_view file) : text_(text), file_(file) {}

    Result<std::vector<Property>> read() {
        std::vector<Property> out;
        while (skip_blank()) {
            if (peek() == '#' || peek() == '!') {
                comment();
                continue;
            }
            Property property;
            property.offset = at_;
            property.comment = std::move(comment_);
            comment_.clear();
            LIMA_TRY(property.name, word(/*key=*/true));
            skip_separator();
            LIMA_TRY(property.value, word(/*key=*/false));
            property.path = split(property.name, '.');
            out.push_back(std::move(property));
        }
        return out;
    }

    const std::string& last_comment() const { return comment_; }

private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\n'; }
    bool at_line_end() const { return peek() == '\n' || peek() == '\r'; }

    /// To the next line with something in it.
    bool skip_blank() {
        while (at_ < text_.size() && (is_blank(text_[at_]) || at_line_end())) {
            ++at_;
        }
        return at_ < text_.size();
    }

    void comment() {
        const std::size_t end = std::min(text_.find('\n', at_), text_.size());
        std::string_view line = text_.substr(at_ + 1, end - at_ - 1);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        line = trim(line);
        comment_ += comment_.empty() ? "#" : "\n#";
        comment_ += line.empty() ? "" : " " + std::string(line);
        at_ = end;
    }

    void skip_separator() {
        const auto skip = [&] {
            while (is_blank(peek())) {
                ++at_;
            }
        };
        skip();
        if (peek() == '=' || peek() == ':') {
            ++at_;
        }
        skip();
    }

    Result<std::string> word(bool key) {
        std::string out;
        while (!at_line_end()) {
            const char c = peek();
            if (key && (is_blank(c) || c == '=' || c == ':')) {
                break;
            }
            ++at_;
            if (c != '\\') {
                out += c;
            } else if (at_line_end()) {
                next_line();
            } else {
                LIMA_DO(escape(out));
            }
        }
        return out;
    }

    /// Behind a backslash: the line goes on where the next one begins.
    void next_line() {
        at_ += text_.substr(at_).starts_with("\r\n") ? 2 : 1;
        while (is_blank(peek())) {
            ++at_;
        }
    }

    Result<void> escape(std::string& out) {
        const char c = text_[at_++];
        switch (c) {
            case 'n':
                out += '\n';
                return {};
            case 't':
                out += '\t';
                return {};
            case 'r':
                out += '\r';
                return {};
            case 'f':
                out += '\f';
                return {};
            case 'u':
                break;
            default:
                out += c;
                return {};
        }
        LIMA_TRY(char32_t unit, unicode());
        if (unit >= 0xD800 && unit < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
            const std::size_t before = at_;
            at_ += 2;
            LIMA_TRY(const char32_t low, unicode());
            if (low >= 0xDC00 && low < 0xE000) {
                unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            } else {
                at_ = before;
            }
        }
        utf8::append(out, unit);
        return {};
    }

    Result<char32_t> unicode() {
        const std::string_view digits = text_.substr(at_, 4);
        std::uint32_t unit = 0;
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
        if (digits.size() < 4 || parsed.ptr != digits.data() + 4) {
            return fail_at(text_, file_, at_, "\\u wants four hexadecimal digits");
        }
        at_ += 4;
        return static_cast<char32_t>(unit);
    }

    std::string_view text_;
    std::string_view file_;
    std::size_t at_ = 0;
    std::string comment_;
};

/// Puts the values into a tree. A path that goes on behind another value stays one key there.
class Builder {
public:
    Builder(std::string_view text, std::string_view file, const std::vector<Property>& all)
        : text_(text), file_(file) {
        for (const Property& property : all) {
            values_.insert(property.name);
        }
    }

    Result<void> put(const NodePtr& root, const Property& property) {
        NodePtr at = root;
        std::string prefix;
        std::string name;
        for (std::size_t i = 0; i < property.path.size(); ++i) {
            prefix += (i > 0 ? "." : "") + property.path[i];
            name += (name.empty() || i == 0 ? "" : ".") + property.path[i];
            const bool last = i + 1 == property.path.size();
            if (!last && (values_.count(prefix) > 0 || i + 1 >= kDeep)) {
                continue;  // the rest belongs to this name
            }
            const bool list = !last && all_digits(property.path[i + 1]);
            LIMA_TRY(NodePtr next, step(*at, name, property, last, list));
            at = std::move(next);
            name.clear();
        }
        return {};
    }

private:
    static constexpr std::size_t kDeep = 400;
    // Empty items before the index that is set, in all lists together.
    static constexpr std::size_t kMostEmpty = 10'000;

    /// The node at the name, made if there is none.
    Result<NodePtr> step(Node& at, const std::string& name, const Property& property, bool last,
                         bool list) {
        const auto fresh = [&] {
            return last ? make_string(property.value) : list ? make_sequence() : make_mapping();
        };
        if (at.kind == Kind::kSequence) {
            LIMA_TRY(const std::size_t index, index_of(at, name, property));
            while (at.content.size() <= index) {
                append(at, make_null());
            }
            NodePtr& item = at.content[index];
            if (last || item->kind == Kind::kScalar) {
                item = fresh();
                item->head_comment = last ? property.comment : "";
                item->parent = &at;
                item->index = static_cast<int>(index);
            }
            return item;
        }
        if (const NodePtr found = find(at, name)) {
            if (last) {
                found->value = property.value;
            }
            return found;
        }
        NodePtr key = make_string(name);
        key->head_comment = last ? property.comment : "";
        append(at, std::move(key), fresh());
        return at.content.back();
    }

    Result<std::size_t> index_of(const Node& list, const std::string& name,
                                 const Property& property) {
        std::size_t index = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), index);
        const std::size_t size = list.content.size();
        const std::size_t empty = index > size ? index - size : 0;
        if (empty > kMostEmpty || (empty_ += empty) > kMostEmpty) {
            return fail_at(text_, file_, property.offset,
                           fmt::format("index {} leaves too many empty items before it", name));
        }
        if (!all_digits(name) || parsed.ec != std::errc()) {
            return fail_at(text_, file_, property.offset,
                           fmt::format("{} cannot be an index, and the keys before made this a "
                                       "list",
                                       name_quote(name)));
        }
        return index;
    }

    std::string_view text_;
    std::string_view file_;
    std::set<std::string> values_;
    std::size_t empty_ = 0;
};

std::string escape_key(std::string_view key) {
    std::string out;
    for (const char c : key) {
        out += c == ' ' || c == ':' ? "\\" : "";
        out += c;
    }
    return out;
}

std::string escape_value(std::string_view value) {
    std::string out;
    for (std::size_t i = 0; i < value.size(); ++i) {
        switch (value[i]) {
            case '\\':
                out += "\\\\";
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
            case '\f':
                out += "\\f";
                break;
            default:
                // A blank at the beginning would be read as part of the separator.
                out += i == 0 && value[i] == ' ' ? "\\ " : std::string(1, value[i]);
        }
    }
    return out;
}

class Writer {
public:
    explicit Writer(const EncodeOptions& options) : options_(options) {}

    void write(const Node& node, const std::string& path, const std::string& key_comment) {
        if (node.kind == Kind::kScalar) {
            value(node, path, key_comment);
            return;
        }
        for (std::size_t i = 0; i < node.content.size(); ++i) {
            if (node.kind == Kind::kSequence) {
                const std::string index = fmt::format("{}", i);
                write(*node.content[i],
                      options_.properties_brackets ? path + "[" + index + "]" : joined(path, index),
                      "");
            } else if (i % 2 == 0) {
                const Node& key = *node.content[i];
                const std::string name = joined(path, escape_key(key.value));
                write(*node.content[i + 1], name, comment_of(key));
                foot(key.foot_comment);
            }
        }
    }

    void foot(const std::string& comment) {
        for (const std::string& line : comment_lines(comment)) {
            out_ += "# " + line + "\n";
        }
    }

    std::string take() { return std::move(out_); }

private:
    static std::string joined(const std::string& path, const std::string& name) {
        return path.empty() ? name : path + "." + name;
    }

    /// What stands above a node and behind it, the last line of the one joined to the other.
    static std::string comment_of(const Node& node) {
        std::string out = join(comment_lines(node.head_comment), "\n");
        if (!node.line_comment.empty()) {
            out += (out.empty() ? "" : " ") + join(comment_lines(node.line_comment), "\n");
        }
        return out;
    }

    void value(const Node& node, const std::string& path, const std::string& key_comment) {
        const std::string own = comment_of(node);
        const std::string comment =
            key_comment + (key_comment.empty() || own.empty() ? "" : " ") + own;
        if (!comment.empty()) {
            out_ += out_.empty() ? "" : "\n";
            for (const std::string& line : split(comment, '\n')) {
                out_ += "# " + line + "\n";
            }
        }
        const bool quote = !options_.unwrap_scalar && node.tag == "!!str" &&
                           node.value.find(' ') != std::string::npos;
        out_ += path + options_.properties_separator +
                (quote ? "\"" + escape_value("x" + node.value).substr(1) + "\""
                       : escape_value(node.value)) +
                "\n";
    }

    const EncodeOptions& options_;
    std::string out_;
};

}  // namespace

Result<Documents> decode_properties(std::string_view text, std::string_view file,
                                    const DecodeOptions&) {
    Reader reader(text, file);
    LIMA_TRY(const std::vector<Property> properties, reader.read());
    if (properties.empty() && reader.last_comment().empty()) {
        return Documents{};
    }
    NodePtr root = make_mapping();
    Builder builder(text, file, properties);
    for (const Property& property : properties) {
        LIMA_DO(builder.put(root, property));
    }
    root->foot_comment = reader.last_comment();
    return Documents{root};
}

Result<std::string> encode_properties(const Node& node, const EncodeOptions& options) {
    LIMA_TRY(const NodePtr plain, plain_copy(node));
    if (plain->kind == Kind::kScalar) {
        return plain->value + "\n";
    }
    Writer writer(options);
    writer.write(*plain, "", "");
    writer.foot(plain->foot_comment);
    return plain->head_comment + (plain->head_comment.empty() ? "" : "\n") + writer.take();
}

}  // namespace lima::text::yq
