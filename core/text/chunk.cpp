#include "core/text/chunk.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/layout.hpp"
#include "core/text/scalar.hpp"

#include <algorithm>

namespace lima::text {
namespace {

/// Cuts lines out of one document.
class Cutter {
public:
    explicit Cutter(const Document& document) : document_(document), layout_(document.text) {}

    Chunk entry(const Node& mapping, const Node::Entry& entry) const {
        const std::size_t key = entry.key_begin.offset;
        if (mapping.flow) {
            return Chunk{{}, cut(key, layout_.content_end(entry), entry.key_begin, 0), false, true};
        }
        const std::size_t indent = column(entry.key_begin);
        const std::size_t end = layout_.tail_end(layout_.content_end(entry), indent);
        Chunk out = with_comments(key, indent, bound_of(mapping, entry), entry.key_begin);
        out.body = cut(key, end, entry.key_begin, indent);
        return out;
    }

    Chunk item(const Node& sequence, const Node& item) const {
        if (sequence.flow) {
            Chunk out{
                {}, cut(item.begin.offset, layout_.content_end(item), item.begin, 0), false, true};
            out.body.front().text.insert(0, "- ");
            out.body.front().origin.shift += 2;
            for (std::size_t i = 1; i < out.body.size(); ++i) {
                out.body[i].text.insert(0, "  ");
                out.body[i].origin.shift += 2;
            }
            return out;
        }
        const std::size_t dash = layout_.dash_of(sequence, item);
        const Mark mark = mark_of(dash, item.begin);
        const std::size_t indent = column(mark);
        const std::size_t content = std::max(layout_.content_end(item), dash + 1);
        Chunk out = with_comments(dash, indent, bound_of(sequence, item, indent), mark);
        out.body = cut(dash, layout_.tail_end(content, indent), mark, indent);
        return out;
    }

    /// What is said about a list: directly above its key, and behind it.
    Lines said_about(const Node& mapping, const Node::Entry& entry) const {
        const std::size_t key = entry.key_begin.offset;
        Lines out;
        if (mapping.flow || !layout_.is_first_on_line(key)) {
            return out;
        }
        const std::size_t begin = layout_.attached_begin(key, bound_of(mapping, entry).at);
        out = above(begin, key, column(entry.key_begin), entry.key_begin);
        const std::size_t colon = layout_.after_colon(entry);
        const std::string_view rest =
            trim(std::string_view(document_.text).substr(colon, layout_.line_end(colon) - colon));
        if (rest.starts_with('#')) {
            out.push_back(Line{std::string(rest), origin(entry.key_begin.line, 0)});
        }
        return out;
    }

    /// The value alone, when it is written on one line.
    std::string one_line(const Node& node) const {
        const std::size_t end = layout_.content_end(node);
        const std::string_view text =
            std::string_view(document_.text).substr(node.begin.offset, end - node.begin.offset);
        return text.find('\n') == std::string_view::npos ? std::string(text) : std::string();
    }

private:
    static std::size_t column(const Mark& mark) {
        return static_cast<std::size_t>(std::max(mark.column, 1)) - 1;
    }

    Origin origin(int line, std::size_t removed) const {
        const auto index = static_cast<std::size_t>(line) - 1;
        Origin out = index < document_.origins.size() ? document_.origins[index] : Origin{};
        out.shift -= static_cast<int>(removed);
        return out;
    }

    /// The mark of an offset on the line of `near`, or on one above it.
    Mark mark_of(std::size_t at, const Mark& near) const {
        const std::size_t start = layout_.line_start(at);
        const auto between = std::string_view(document_.text).substr(at, near.offset - at);
        const auto lines = std::count(between.begin(), between.end(), '\n');
        return Mark{near.line - static_cast<int>(lines), static_cast<int>(at - start) + 1, at};
    }

    /// [begin, end), whose first line begins at `mark`; the others lose up to `indent` columns.
    Lines cut(std::size_t begin, std::size_t end, const Mark& mark, std::size_t indent) const {
        Lines out;
        int line = mark.line;
        for (std::string_view row :
             lines(std::string_view(document_.text).substr(begin, end - begin))) {
            const std::size_t spaces = std::min(row.find_first_not_of(' '), row.size());
            const std::size_t removed = out.empty() ? 0 : std::min(indent, spaces);
            out.push_back(Line{std::string(row.substr(removed)),
                               origin(line, out.empty() ? column(mark) : removed)});
            ++line;
        }
        if (out.empty()) {
            out.push_back(Line{"", origin(line, 0)});
        }
        return out;
    }

    /// The comment and empty lines from `begin` up to the line of `mark`.
    Lines above(std::size_t begin, std::size_t at, std::size_t indent, const Mark& mark) const {
        const std::size_t end = layout_.line_start(at);
        const auto all = lines(std::string_view(document_.text).substr(begin, end - begin));
        Lines out;
        int line = mark.line - static_cast<int>(all.size());
        for (std::string_view row : all) {
            const std::size_t spaces = std::min(row.find_first_not_of(' '), row.size());
            const std::size_t removed = std::min(indent, spaces);
            out.push_back(Line{std::string(trim(row).empty() ? "" : row.substr(removed)),
                               origin(line++, removed)});
        }
        return out;
    }

    /// Where the comments above something can begin.
    struct Bound {
        std::size_t at = 0;
        bool head_of_file = false;
    };

    Chunk with_comments(std::size_t at, std::size_t indent, const Bound& bound,
                        const Mark& mark) const {
        Chunk out;
        out.copied = true;
        if (!layout_.is_first_on_line(at)) {
            return out;
        }
        // What stands above the first key and apart from it is about the file.
        const std::size_t begin = bound.head_of_file ? layout_.attached_begin(at, bound.at)
                                                     : layout_.lead_begin(at, bound.at);
        out.comments = above(begin, at, indent, mark);
        const auto filled = [](const Line& line) { return !line.text.empty(); };
        const auto from = std::find_if(out.comments.begin(), out.comments.end(), filled);
        out.spaced = from != out.comments.begin() && bound.at != 0;
        out.comments.erase(out.comments.begin(), from);
        return out;
    }

    Bound bound_of(const Node& mapping, const Node::Entry& entry) const {
        const Node::Entry* before = nullptr;
        for (const Node::Entry& other : mapping.entries) {
            if (&other == &entry) {
                break;
            }
            before = other.merged ? before : &other;
        }
        if (before == nullptr) {
            return Bound{0, &mapping == &document_.root};
        }
        const std::size_t indent = column(before->key_begin);
        return Bound{layout_.next_line(layout_.tail_end(layout_.content_end(*before), indent))};
    }

    Bound bound_of(const Node& sequence, const Node& item, std::size_t indent) const {
        const Node* before = nullptr;
        for (const Node& other : sequence.items) {
            if (&other == &item) {
                break;
            }
            before = &other;
        }
        if (before == nullptr) {
            return Bound{};
        }
        const std::size_t end =
            std::max(layout_.content_end(*before), layout_.dash_of(sequence, *before) + 1);
        return Bound{layout_.next_line(layout_.tail_end(end, indent))};
    }

    const Document& document_;
    Layout layout_;
};

Json pair(const std::string& key, const Json& value) {
    Json out = Json::object();
    out[key] = value;
    return out;
}

Json single(const Json& value) {
    Json out = Json::array();
    out.push_back(value);
    return out;
}

std::string written_part(const Json& part) {
    std::string text = emit_yaml(part);
    if (text.ends_with("\n\n")) {
        // A literal that keeps its final empty lines would keep those that follow it too.
        const std::string flow = emit_flow(part);
        text = (part.is_array() ? "- " : "") + flow.substr(1, flow.size() - 2) + "\n";
    }
    return text;
}

Lines written(const Json& value) {
    std::string text;
    if (value.is_structured() && !value.empty()) {
        for (const auto& [key, item] : value.items()) {
            text += written_part(value.is_array() ? single(item) : pair(key, item));
        }
    } else {
        text = emit_yaml(value);
    }
    Lines out;
    for (std::string_view row : lines(text)) {
        out.push_back(Line{std::string(row), {}});
    }
    return out;
}

bool means(const Lines& body, const Json& value) {
    std::string text;
    for (const Line& line : body) {
        text += line.text + "\n";
    }
    const auto tree = parse_yaml(text, "");
    return tree && same_value(to_json(*tree, Schema::kGo), value);
}

/// An anchor in it would take the place of one of the same name.
bool clashes(const Node& node, std::string_view target) {
    if (!node.anchor.empty() && target.find("&" + node.anchor) != std::string_view::npos) {
        return true;
    }
    return std::any_of(node.items.begin(), node.items.end(),
                       [&](const Node& item) { return clashes(item, target); }) ||
           std::any_of(node.entries.begin(), node.entries.end(),
                       [&](const Node::Entry& entry) { return clashes(entry.value, target); });
}

void check(Chunk& chunk, const Node& node, const Json& value, std::string_view target) {
    if (clashes(node, target) || !means(chunk.body, value)) {
        chunk.body = written(value);
    }
}

}  // namespace

Chunk chunk_of_field(const Field& field, std::string_view target) {
    const Part& part = field.value;
    const Json value = pair(field.key, to_json(part));
    if (part.kind == Part::Kind::kCopy && part.entry != nullptr) {
        Chunk out = Cutter(*part.document).entry(*part.parent, *part.entry);
        check(out, *part.node, value, target);
        return out;
    }
    Chunk out{{}, written(value), false, false};
    if (part.kind == Part::Kind::kCopy && !part.node->block) {
        const std::string text = Cutter(*part.document).one_line(*part.node);
        const Lines line{Line{field.key + ": " + text, {}}};
        if (!text.empty() && !clashes(*part.node, target) && means(line, value)) {
            out.body = line;
        }
    }
    return out;
}

Chunk chunk_of_item(const Part& item, std::string_view target) {
    const Json value = single(to_json(item));
    if (item.kind != Part::Kind::kCopy || item.parent == nullptr ||
        item.parent->kind != Kind::kSequence) {
        return Chunk{{}, written(value), false, false};
    }
    const Cutter cutter(*item.document);
    Chunk out = cutter.item(*item.parent, *item.node);
    check(out, *item.node, value, target);
    if (item.list_key != nullptr) {
        Lines said = cutter.said_about(*item.list_parent, *item.list_key);
        out.comments.insert(out.comments.begin(), said.begin(), said.end());
    }
    return out;
}

std::vector<Chunk> chunks_of(const Part& part, std::string_view target) {
    std::vector<Chunk> out;
    if (part.kind == Part::Kind::kMapping) {
        for (const Field& field : part.fields) {
            out.push_back(chunk_of_field(field, target));
        }
    } else if (part.kind == Part::Kind::kSequence) {
        for (const Part& item : part.items) {
            out.push_back(chunk_of_item(item, target));
        }
    } else if (part.kind == Part::Kind::kCopy && part.node->kind == Kind::kMapping) {
        for (const Node::Entry& entry : part.node->entries) {
            const Part value = copy_of(*part.document, *part.node, entry);
            out.push_back(chunk_of_field(Field{entry.key, nullptr, value}, target));
        }
    } else if (part.kind == Part::Kind::kCopy && part.node->kind == Kind::kSequence) {
        for (const Node& item : part.node->items) {
            out.push_back(chunk_of_item(copy_of(*part.document, *part.node, item), target));
        }
        if (!out.empty() && part.entry != nullptr) {
            Lines said = Cutter(*part.document).said_about(*part.parent, *part.entry);
            out.front().comments.insert(out.front().comments.begin(), said.begin(), said.end());
        }
    } else {
        out.push_back(Chunk{{}, written(to_json(part)), false, false});
    }
    return out;
}

Lines joined(const std::vector<Chunk>& chunks) {
    Lines out;
    for (const Chunk& chunk : chunks) {
        if (chunk.spaced && !out.empty()) {
            out.push_back(Line{"", {}});
        }
        out.insert(out.end(), chunk.comments.begin(), chunk.comments.end());
        out.insert(out.end(), chunk.body.begin(), chunk.body.end());
    }
    return out;
}

void move_right(Lines& lines, std::size_t columns) {
    for (Line& line : lines) {
        if (!line.text.empty()) {
            line.text.insert(0, columns, ' ');
        }
        line.origin.shift += static_cast<int>(columns);
    }
}

BlockText block_text(const std::string& value, Part::Style style) {
    BlockText out;
    if (style == Part::Style::kBinary) {
        constexpr std::size_t kWidth = 76;
        const std::string code = encode_base64(value);
        out.header = code.size() <= kWidth ? "!!binary " + code : "!!binary |";
        for (std::size_t at = 0; code.size() > kWidth && at < code.size(); at += kWidth) {
            out.lines.push_back(code.substr(at, kWidth));
        }
        return out;
    }
    const std::size_t last = value.find_last_not_of('\n');
    if (last == std::string::npos) {
        out.header = go_quote(value);
        return out;
    }
    const std::size_t breaks = value.size() - 1 - last;
    // An indent is guessed from the first line that has something.
    out.header = value[value.find_first_not_of('\n')] == ' ' ? "|2" : "|";
    out.header += breaks == 0 ? "-" : breaks == 1 ? "" : "+";
    for (std::string_view row :
         split(value.substr(0, value.size() - (breaks == 0 ? 0 : 1)), '\n')) {
        out.lines.emplace_back(row);
    }
    return out;
}

std::optional<Lines> block_like(const Layout& layout, const Node& old, const Json& wanted) {
    if (!old.block || old.alias || !old.tag.empty() || !wanted.is_string()) {
        return std::nullopt;
    }
    const auto& value = wanted.get_ref<const std::string&>();
    const std::string_view text = value;
    // Empty lines at the end would mix with those of the text.
    if (text.find('\n') == std::string_view::npos || text.starts_with(' ') ||
        text.starts_with('\n') || text.ends_with("\n\n") || needs_escapes(text) ||
        !utf8::valid(text)) {
        return std::nullopt;
    }
    std::size_t start = layout.next_line(old.begin.offset);
    while (start < old.end.offset && layout.is_blank_line(start)) {
        start = layout.next_line(start);
    }
    const std::size_t first = layout.text().find_first_not_of(' ', start);
    if (start >= old.end.offset || first == std::string_view::npos) {
        return std::nullopt;
    }
    const BlockText block = block_text(value, Part::Style::kLiteral);
    Lines lines;
    for (const std::string& line : block.lines) {
        lines.push_back(Line{line, {}});
    }
    move_right(lines, first - start);
    lines.insert(lines.begin(), Line{block.header + layout.header_comment(old), {}});
    return lines;
}

}  // namespace lima::text
