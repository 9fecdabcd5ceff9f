#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/scalar.hpp"
#include "core/text/yq/yaml_format.hpp"
#include "core/text/yq/yaml_scalar.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lima::text::yq {
namespace {

enum class Colour { kNone, kComment, kKey, kAnchor, kNumber, kString };

const char* escape_of(Colour colour) {
    switch (colour) {
        case Colour::kComment:
            return "\x1b[90m";
        case Colour::kKey:
            return "\x1b[36m";
        case Colour::kAnchor:
            return "\x1b[93m";
        case Colour::kNumber:
            return "\x1b[95m";
        case Colour::kString:
            return "\x1b[32m";
        case Colour::kNone:
            break;
    }
    return "";
}

bool is_collection(const Node& node) {
    return node.kind == Kind::kMapping || node.kind == Kind::kSequence;
}

/// Written over several lines; what is empty can only be written as [] or {}.
bool is_block(const Node& node) {
    return is_collection(node) && node.style != Style::kFlow && !node.content.empty();
}

bool has_comment(const Node& node) {
    return !node.head_comment.empty() || !node.line_comment.empty() || !node.foot_comment.empty();
}

/// A comment can end only with its line, so a flow collection that has one inside takes several.
bool has_comment_inside(const Node& node) {
    return std::any_of(node.content.begin(), node.content.end(), [](const NodePtr& item) {
        return has_comment(*item) || has_comment_inside(*item);
    });
}

bool shows_tag(const Node& node) {
    return !node.tag.empty() && (node.tag_written || !node.tag.starts_with("!!"));
}

/// With its #. Comments of other formats may have characters that no YAML can have.
std::string as_comment(std::string_view line) {
    std::string out = line.starts_with('#') ? "" : "# ";
    while (!line.empty()) {
        const utf8::Rune rune = utf8::decode(line);
        const std::string_view bytes = line.substr(0, rune.size);
        if (rune.valid && !needs_escapes(bytes)) {
            out += bytes;
        } else {
            utf8::append(out, 0xFFFD);
        }
        line.remove_prefix(rune.size);
    }
    return out;
}

/// As it stands in a text: a tag that is a URI in brackets, odd characters as %XX.
std::string tag_text(std::string_view tag) {
    const bool uri = !tag.starts_with('!');
    std::string out = uri ? "!<" : "";
    for (const char c : tag) {
        const bool letter =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter || std::string_view("!-_;/?:@&=+$.~*'()").find(c) != std::string_view::npos ||
            (uri && c == ',')) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return uri ? out + ">" : out;
}

class Writer {
public:
    explicit Writer(const EncodeOptions& options) : options_(options) {
        step_ = options.indent < 1                         ? 4
                : options.indent < 2 || options.indent > 9 ? 2
                                                           : options.indent;
    }

    std::string document(const Node& node) {
        const bool bare = options_.unwrap_scalar && node.kind == Kind::kScalar;
        if (!bare || node.parent == nullptr) {
            head(node);
        }
        if (bare) {
            out_ += node.value;
            out_ += out_.empty() || !node.value.empty() || node.parent != nullptr ? "\n" : "";
            return std::move(out_);
        }
        if (is_block(node)) {
            if (write_properties(node)) {
                out_ += '\n';
            }
            block(node, 0, false);
        } else {
            inline_node(node, ScalarPlace{}, 0, step_);
            finish_line(node, "", 0);
        }
        if (!node.foot_comment.empty()) {
            comment_lines(node.foot_comment, 0);
        }
        return std::move(out_);
    }

private:
    // --- comments ---

    /// The comment above a document, with the "---" that was written there.
    void head(const Node& node) {
        if (node.head_comment.empty()) {
            return;
        }
        for (const std::string& line : split(node.head_comment, '\n')) {
            if (line != "---") {
                comment_line(line);
            } else if (options_.document_separators) {
                out_ += "---\n";
            }
        }
    }

    void comment_line(const std::string& line) {
        if (!line.empty()) {
            paint(as_comment(line), Colour::kComment);
        }
        out_ += '\n';
    }

    void comment_lines(const std::string& comment, int indent) {
        if (comment.empty()) {
            return;
        }
        for (const std::string& line : split(comment, '\n')) {
            if (line != "---") {
                pad(line.empty() ? 0 : indent);
                comment_line(line);
            }
        }
    }

    /// Behind what was written; what does not fit on the line comes below.
    void line_comment(const std::string& first, const std::string& second, int indent) {
        const std::string& comment = first.empty() ? second : first;
        if (comment.empty()) {
            return;
        }
        const std::vector<std::string> all = split(comment, '\n');
        out_ += ' ';
        paint(as_comment(all[0]), Colour::kComment);
        std::vector<std::string> rest(all.begin() + 1, all.end());
        if (!first.empty() && !second.empty()) {
            const auto more = split(second, '\n');
            rest.insert(rest.end(), more.begin(), more.end());
        }
        for (const std::string& line : rest) {
            out_ += '\n';
            if (!line.empty()) {
                pad(indent);
                paint(as_comment(line), Colour::kComment);
            }
        }
    }

    /// An empty line between a comment below one entry and the next entry, lest it becomes the next
    /// one's.
    void separate(int indent) {
        if (foot_indent_ == indent) {
            out_ += '\n';
        }
        foot_indent_ = -1;
    }

    void foot(const std::string& comment, int indent) {
        if (!comment.empty()) {
            comment_lines(comment, indent);
            foot_indent_ = indent;
        }
    }

    // --- blocks ---

    void block(const Node& node, int indent, bool here) {
        if (node.kind == Kind::kMapping) {
            mapping(node, indent, here);
        } else {
            sequence(node, indent, here);
        }
    }

    /// `here`: the first entry stands behind a dash, at the indent already.
    void mapping(const Node& node, int indent, bool here) {
        for (std::size_t i = 0; i + 1 < node.content.size(); i += 2) {
            const Node& key = *node.content[i];
            const Node& value = *node.content[i + 1];
            separate(indent);
            begin_entry(above(key, value), indent, here && i == 0);
            entry(key, value, both_on_line(value) ? "" : key.line_comment, indent);
            foot(value.foot_comment, indent);
            foot(key.foot_comment, indent);
        }
    }

    static void add_comment(std::string& to, const std::string& more) {
        to += to.empty() || more.empty() ? "" : "\n";
        to += more;
    }

    void begin_entry(const std::string& comment, int indent, bool here) {
        if (!here) {
            comment_lines(comment, indent);
            pad(indent);
        }
    }

    /// The comments above an entry. A line has room for one comment: the value's.
    static std::string above(const Node& key, const Node& value) {
        std::string out = key.head_comment;
        add_comment(out, is_block(value) ? "" : value.head_comment);
        add_comment(out, both_on_line(value) ? key.line_comment : "");
        return out;
    }

    static bool both_on_line(const Node& value) {
        return !is_block(value) && !value.line_comment.empty();
    }

    /// The comments above an item, and above what begins on its line.
    static std::string above(const Node& item) {
        std::string out = item.head_comment;
        const Node* node = &item;
        while (stands_behind_dash(*node)) {
            const Node& first = *node->content[0];
            if (node->kind == Kind::kMapping) {
                add_comment(out, above(first, *node->content[1]));
                break;
            }
            add_comment(out, first.head_comment);
            node = &first;
        }
        return out;
    }

    static bool stands_behind_dash(const Node& item) {
        return is_block(item) && !has_properties(item) && item.line_comment.empty();
    }

    void entry(const Node& key, const Node& value, const std::string& key_comment, int indent) {
        constexpr std::size_t kLongestKey = 1000;  // libyaml's limit is 1024
        const bool simple = key.kind == Kind::kAlias ||
                            (key.kind == Kind::kScalar && key.value.size() < kLongestKey);
        if (simple) {
            inline_node(key, ScalarPlace{false, true}, indent);
            out_ += key.kind == Kind::kAlias ? " :" : ":";
            after_colon(value, key_comment, indent, step_);
            return;
        }
        out_ += "? ";
        complex(key, indent);
        pad(indent);
        out_ += ":";
        if (is_block(value) && !has_properties(value)) {
            out_ += ' ';
            block(value, indent + 2, true);
        } else {
            after_colon(value, "", indent, 2);
        }
    }

    void complex(const Node& key, int indent) {
        if (is_block(key) && !has_properties(key)) {
            block(key, indent + 2, true);
            return;
        }
        inline_node(key, ScalarPlace{true, false}, indent);
        line_comment(key.line_comment, "", indent);
        out_ += '\n';
    }

    void after_colon(const Node& value, const std::string& key_comment, int indent, int step) {
        // What stands behind a dash is aligned again.
        const int aligned = step == step_ ? step * ((indent + step) / step) : indent + step;
        step = aligned - indent;
        if (!is_block(value)) {
            const std::size_t before = out_.size();
            out_ += ' ';
            const bool written = inline_node(value, ScalarPlace{}, indent, step, key_comment);
            if (!written) {
                out_.resize(before);
            }
            finish_line(value, key_comment, indent);
            return;
        }
        if (has_properties(value)) {
            out_ += ' ';
            write_properties(value);
        }
        line_comment(key_comment, value.line_comment, indent + step);
        out_ += '\n';
        const int deeper =
            value.kind == Kind::kSequence && options_.compact_sequences ? indent : indent + step;
        comment_lines(value.head_comment, deeper);
        block(value, deeper, false);
    }

    void finish_line(const Node& value, const std::string& key_comment, int indent) {
        if (!line_done_) {
            line_comment(value.line_comment, key_comment, indent);
            out_ += '\n';
        }
        line_done_ = false;
    }

    void sequence(const Node& node, int indent, bool here) {
        for (std::size_t i = 0; i < node.content.size(); ++i) {
            const Node& item = *node.content[i];
            separate(indent);
            begin_entry(above(item), indent, here && i == 0);
            out_ += '-';
            if (stands_behind_dash(item)) {
                out_ += ' ';
                block(item, indent + 2, true);
            } else {
                after_dash(item, indent);
            }
            foot(item.foot_comment, indent);
        }
    }

    void after_dash(const Node& item, int indent) {
        const std::size_t before = out_.size();
        out_ += ' ';
        if (is_block(item)) {
            if (!write_properties(item)) {
                out_.resize(before);
            }
            line_comment(item.line_comment, "", indent);
            out_ += '\n';
            block(item, indent + 2, false);
            return;
        }
        if (!inline_node(item, ScalarPlace{}, indent, 2)) {
            out_.resize(before);
        }
        finish_line(item, "", indent);
    }

    // --- what stands on a line ---

    static bool has_properties(const Node& node) { return shows_tag(node) || !node.anchor.empty(); }

    bool write_properties(const Node& node) {
        if (!node.anchor.empty()) {
            paint("&" + node.anchor, Colour::kAnchor);
        }
        if (shows_tag(node)) {
            out_ += node.anchor.empty() ? "" : " ";
            out_ += tag_text(node.tag);
        }
        return has_properties(node);
    }

    /// Whether anything was written. A block scalar's lines go `step` columns beyond the indent of
    /// what it stands in, and its header has the comment.
    bool inline_node(const Node& node, const ScalarPlace& place, int indent, int step = 0,
                     const std::string& comment = "") {
        if (node.kind == Kind::kAlias) {
            paint("*" + node.value, Colour::kAnchor);
            return true;
        }
        const bool properties = write_properties(node);
        if (is_collection(node)) {
            out_ += properties ? " " : "";
            flow(node, indent + step_);
            return true;
        }
        const ScalarText text = scalar_text(node, place, step);
        if (text.text.empty()) {
            return properties;
        }
        out_ += properties ? " " : "";
        if (!text.block) {
            paint(text.text, place.key ? Colour::kKey : colour_of(node));
            return true;
        }
        out_ += text.text;
        line_comment(node.line_comment, comment, indent);
        block_lines(text, indent + step);
        return true;
    }

    void block_lines(const ScalarText& text, int indent) {
        out_ += '\n';
        for (const std::string& line : text.lines) {
            if (!line.empty()) {
                pad(indent);
                paint(line, Colour::kString);
            }
            out_ += '\n';
        }
        line_done_ = true;
    }

    void flow(const Node& node, int indent) {
        const bool map = node.kind == Kind::kMapping;
        const bool lines = has_comment_inside(node);
        out_ += map ? '{' : '[';
        const std::size_t stride = map ? 2 : 1;
        for (std::size_t i = 0; i + stride <= node.content.size(); i += stride) {
            const Node& item = *node.content[i];
            const Node* value = map ? node.content[i + 1].get() : nullptr;
            const bool last = i + 2 * stride > node.content.size();
            if (lines) {
                flow_line(item, value, indent, last);
                continue;
            }
            flow_entry(item, value, indent);
            out_ += last ? "" : ", ";
        }
        if (lines) {
            pad(indent - step_);
        }
        out_ += map ? '}' : ']';
    }

    void flow_line(const Node& item, const Node* value, int indent, bool last) {
        out_ += out_.ends_with('\n') ? "" : "\n";
        comment_lines(item.head_comment, indent);
        comment_lines(value == nullptr ? "" : value->head_comment, indent);
        pad(indent);
        flow_entry(item, value, indent);
        out_ += last ? "" : ",";
        line_comment(item.line_comment, value == nullptr ? "" : value->line_comment, indent);
        out_ += '\n';
        comment_lines(value == nullptr ? "" : value->foot_comment, indent);
        comment_lines(item.foot_comment, indent);
    }

    void flow_entry(const Node& item, const Node* value, int indent) {
        const bool entry = value != nullptr;
        inline_node(item, ScalarPlace{true, entry}, indent);
        if (!entry) {
            return;
        }
        out_ += item.kind == Kind::kAlias ? " : " : ": ";
        inline_node(*value, ScalarPlace{true, false}, indent);
    }

    static Colour colour_of(const Node& node) {
        if (node.tag == "!!int" || node.tag == "!!float" || node.tag == "!!bool") {
            return Colour::kNumber;
        }
        return node.tag == "!!null" ? Colour::kNone : Colour::kString;
    }

    void paint(const std::string& text, Colour colour) {
        if (!options_.colour || colour == Colour::kNone || text.empty()) {
            out_ += text;
            return;
        }
        out_ += escape_of(colour);
        out_ += text;
        out_ += "\x1b[0m";
    }

    void pad(int columns) { out_.append(static_cast<std::size_t>(columns), ' '); }

    const EncodeOptions& options_;
    int step_ = 2;
    int foot_indent_ = -1;
    bool line_done_ = false;  // a block scalar has ended the line
    std::string out_;
};

}  // namespace

Result<std::string> encode_yaml(const Node& node, const EncodeOptions& options) {
    return Writer(options).document(node);
}

}  // namespace lima::text::yq
