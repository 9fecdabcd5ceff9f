#include "core/text/weave.hpp"

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/chunk.hpp"
#include "core/text/layout.hpp"
#include "core/text/scalar.hpp"
#include "core/text/splice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lima::text {
namespace {

/// Where a value stands: behind the key of a mapping, behind the dash of a sequence, or alone.
struct Place {
    const Node::Entry* entry = nullptr;
    bool item = false;
    bool flow = false;       // inside [ ] or { }
    std::size_t indent = 0;  // column of the key or dash
};

bool is_filled_collection(const Json& value) {
    return (value.is_object() || value.is_array()) && !value.empty();
}

/// One line for a scalar or an empty collection.
std::string one_line(const Json& wanted) {
    std::string text = emit_yaml(wanted);
    text.pop_back();
    return text.find('\n') == std::string::npos ? text : emit_flow(wanted);
}

/// Finds out what has to be cut and put in.
class Weaver {
public:
    Weaver(const Document& document, const WeaveOptions& options)
        : text_(document.text), layout_(document.text), root_(document.root), options_(options) {}

    std::vector<Splice> run(const Part& wanted) {
        value(root_, wanted, Place{});
        strip_last_scalar();
        return std::move(splices_);
    }

private:
    /// When more comes below a block scalar that has no final line break, it has to say so.
    void strip_last_scalar() {
        const auto chomp = layout_.unfinished_scalar(root_);
        if (!chomp) {
            return;
        }
        bool grows = false;
        for (const Splice& splice : splices_) {
            if (splice.begin < chomp->first && chomp->first <= splice.end) {
                return;
            }
            grows = grows || (splice.begin == text_.size() && splice.lines.size() > 1);
        }
        if (grows) {
            splice(chomp->first, chomp->second, one("-"));
        }
    }

    void splice(std::size_t begin, std::size_t end, Lines lines) {
        splices_.push_back(Splice{begin, end, std::move(lines), splices_.size()});
    }
    void cut(std::size_t begin, std::size_t end) { splice(begin, end, {}); }

    void value(const Node& node, const Part& part, const Place& place) {
        const bool open = !node.alias;
        if (part.kind == Part::Kind::kSame) {
            return;
        }
        if (open && part.kind == Part::Kind::kMapping && !node.entries.empty() &&
            !part.fields.empty()) {
            mapping(node, part, place);
        } else if (open && part.kind == Part::Kind::kSequence && !node.items.empty() &&
                   !part.items.empty()) {
            sequence(node, part, place);
        } else {
            replace(node, part, place);
        }
    }

    // --- a value instead of another ---

    /// A new scalar keeps the quotes of the old one.
    std::string scalar_like(const Node& old, const Json& wanted) const {
        if (wanted.is_string() && old.kind == Kind::kScalar && old.quoted && !old.block &&
            !old.alias) {
            const auto& plain = wanted.get_ref<const std::string&>();
            const char quote = text_[old.begin.offset];
            const bool simple = utf8::valid(plain) && !needs_escapes(plain) &&
                                plain.find_first_of("\n\t") == std::string::npos;
            if (quote == '"' && simple) {
                return go_quote(plain);
            }
            if (quote == '\'' && simple) {
                return "'" + replace_all(plain, "'", "''") + "'";
            }
        }
        return one_line(wanted);
    }

    void replace(const Node& node, const Part& part, const Place& place) {
        const std::size_t begin = node.begin.offset;
        const std::size_t end = layout_.content_end(node);
        const Json wanted = to_json(part);
        const bool filled = is_filled_collection(wanted);
        if (place.entry == nullptr && !place.item) {
            replace_root(node, part);
        } else if (auto like = block_like(layout_, node, wanted)) {
            splice(begin, end, std::move(*like));
        } else if (place.item && !place.flow && filled && layout_.is_one_line_scalar(node)) {
            spread_item(node, part);
        } else if (place.item && !place.flow && filled && !is_filled_flow(node)) {
            replace_item(node, part);
        } else if (place.flow || place.item) {
            const bool glued = begin == end && begin > 0 && text_[begin - 1] != ' ';
            const std::string text =
                place.flow || filled ? emit_flow(wanted) : scalar_like(node, wanted);
            splice(begin, end, one((glued ? " " : "") + text + layout_.header_comment(node)));
        } else if (filled && is_filled_flow(node)) {
            splice(begin, end, one(emit_flow(wanted)));
        } else if (filled) {
            replace_by_block(node, part, place);
        } else if (part.kind == Part::Kind::kValue && part.style != Part::Style::kPlain) {
            const BlockText block =
                block_text(part.value.get_ref<const std::string&>(), part.style);
            Lines lines;
            for (const std::string& line : block.lines) {
                lines.push_back(Line{line, {}});
            }
            move_right(lines, place.indent + 2);
            put_below(node, place, block.header, std::move(lines));
        } else if (part.kind == Part::Kind::kCopy && part.entry != nullptr && !node.block) {
            replace_with_comments(node, part, place);
        } else if (is_block_collection(node)) {
            const std::size_t colon = layout_.after_colon(*place.entry);
            splice(colon, colon, one(" " + one_line(wanted)));
            cut(block_begin(node, place), layout_.line_end(end));
        } else {
            splice(begin, end,
                   one((begin == end ? " " : "") + scalar_like(node, wanted) +
                       layout_.header_comment(node)));
        }
    }

    /// "- a # comment" becomes "- name: a # comment" with more fields below.
    void spread_item(const Node& node, const Part& part) {
        Lines lines = joined(chunks_of(part, text_));
        Lines first = Lines(lines.begin(), lines.begin() + 1);
        lines.erase(lines.begin());
        splice(node.begin.offset, node.end.offset, std::move(first));
        if (!lines.empty()) {
            move_right(lines, static_cast<std::size_t>(node.begin.column) - 1);
            const std::size_t at = layout_.line_end(node.end.offset);
            splice(at, at, below(std::move(lines), at == text_.size()));
        }
    }

    /// A map or list instead of what was behind the dash.
    void replace_item(const Node& node, const Part& part) {
        const std::size_t begin = node.begin.offset;
        const bool glued = begin > 0 && text_[begin - 1] != ' ';
        const std::size_t column = begin - layout_.line_start(begin) + (glued ? 1 : 0);
        Lines lines = joined(chunks_of(part, text_));
        move_right(lines, column);
        lines.front().text.replace(0, column, glued ? " " : "");
        splice(begin, layout_.line_end(layout_.content_end(node)), std::move(lines));
    }

    /// Where a block collection begins, with the line break before it; an anchor on the key's line
    /// belongs to it.
    std::size_t block_begin(const Node& node, const Place& place) const {
        const std::size_t colon = layout_.after_colon(*place.entry);
        return node.begin.line == place.entry->key_begin.line ? colon : layout_.line_end(colon);
    }

    /// The old value goes, what is behind it on the line stays; `head` follows the colon, `lines`
    /// come below.
    void put_below(const Node& node, const Place& place, const std::string& head, Lines lines) {
        const std::size_t end = layout_.content_end(node);
        const std::size_t colon = layout_.after_colon(*place.entry);
        const std::size_t at = layout_.line_end(std::max(colon, end));
        lines = lines.empty() ? std::move(lines) : below(std::move(lines), at == text_.size());
        if (is_block_collection(node)) {
            if (!head.empty()) {
                splice(colon, colon, one(" " + head));
            }
            splice(block_begin(node, place), layout_.line_end(end), std::move(lines));
            return;
        }
        const std::string first = (head.empty() ? "" : " " + head) + layout_.header_comment(node);
        splice(colon, std::max(colon, end), first.empty() ? Lines{} : one(first));
        splice(at, at, std::move(lines));
    }

    void replace_by_block(const Node& node, const Part& part, const Place& place) {
        Lines lines = joined(chunks_of(part, text_));
        move_right(lines, place.indent + (to_json(part).is_array() ? 0 : 2));
        put_below(node, place, "", std::move(lines));
    }

    /// A value of another text brings what is said about it there.
    void replace_with_comments(const Node& node, const Part& part, const Place& place) {
        const Chunk chunk = chunk_of_field(Field{place.entry->key, nullptr, part}, text_);
        const std::size_t key = place.entry->key_begin.offset;
        const std::size_t begin = layout_.attached_begin(key, 0);
        if (begin > 0 && !chunk.comments.empty() && layout_.is_first_on_line(key)) {
            Lines comments = chunk.comments;
            move_right(comments, place.indent);
            splice(begin, layout_.line_start(key), above(std::move(comments)));
        }
        Lines body = chunk.body;
        move_right(body, place.indent);
        body.front().text.erase(0, place.indent);
        splice(key, layout_.line_end(layout_.content_end(node)), std::move(body));
    }

    void replace_root(const Node& node, const Part& part) {
        const std::size_t end = layout_.content_end(node);
        const bool alone = end > node.begin.offset && layout_.is_first_on_line(node.begin.offset) &&
                           trim(text_.substr(end, layout_.line_end(end) - end)).empty();
        std::size_t rest = alone ? layout_.next_line(end) : end;
        while (alone && rest < text_.size() && layout_.is_blank_line(rest)) {
            rest = layout_.next_line(rest);
        }
        cut(node.begin.offset, rest);
        const std::vector<Chunk> chunks = chunks_of(part, text_);
        Lines lines = above(joined(chunks));
        // What stays above, which may be a comment about the file.
        const std::string_view left =
            rest < text_.size() ? text_ : text_.substr(0, node.begin.offset);
        const bool apart = !left.empty() && !left.ends_with("\n\n") && !chunks.empty() &&
                           !chunks.front().comments.empty();
        if (apart) {
            lines.insert(lines.begin(), Line{});
        }
        if (!left.empty() && !left.ends_with('\n')) {
            lines.insert(lines.begin(), Line{});
        }
        splice(text_.size(), text_.size(), std::move(lines));
    }

    // --- maps ---

    static const Field* field_of(const Part& part, const Node::Entry& entry) {
        const auto found = std::find_if(part.fields.begin(), part.fields.end(),
                                        [&](const Field& field) { return field.here == &entry; });
        return found == part.fields.end() ? nullptr : &*found;
    }

    void mapping(const Node& node, const Part& part, const Place& place) {
        std::vector<const Node::Entry*> kept;
        bool removed = false;
        for (const Node::Entry& entry : node.entries) {
            if (entry.merged) {
                continue;
            }
            if (field_of(part, entry) != nullptr) {
                kept.push_back(&entry);
            } else {
                removed = true;
            }
        }
        if (removed && kept.empty()) {
            replace(node, part, place);
            return;
        }
        for (const Node::Entry* entry : kept) {
            const Field& field = *field_of(part, *entry);
            if (field.key != entry->key) {
                splice(entry->key_begin.offset, entry->key_end.offset, one(field.key));
            }
            value(entry->value, field.value,
                  Place{entry, false, node.flow || place.flow, Layout::key_indent(node)});
        }
        if (removed && node.flow) {
            remove_flow_entries(node, kept);
        } else if (removed) {
            remove_entries(node, kept);
        }
        add_fields(node, kept, part, place);
    }

    bool is_kept(const std::vector<const Node::Entry*>& kept, const Node::Entry& entry) const {
        return entry.merged || std::find(kept.begin(), kept.end(), &entry) != kept.end();
    }

    void cut_flow_parts(const std::vector<FlowPart>& parts) {
        for (const auto& [begin, end] : flow_cuts(parts)) {
            cut(begin, end);
        }
    }

    void remove_flow_entries(const Node& node, const std::vector<const Node::Entry*>& kept) {
        std::vector<FlowPart> parts;
        for (const Node::Entry& entry : node.entries) {
            if (!entry.merged) {
                const std::size_t end =
                    std::max(entry.key_end.offset, layout_.content_end(entry.value));
                parts.push_back({entry.key_begin.offset, end, is_kept(kept, entry)});
            }
        }
        cut_flow_parts(parts);
    }

    void remove_entries(const Node& node, const std::vector<const Node::Entry*>& kept) {
        const std::size_t first_kept = kept.front()->key_begin.offset;
        bool moved_up = false;
        const Node* before = nullptr;  // the value before, if it stays
        for (const Node::Entry& entry : node.entries) {
            const std::size_t begin = entry.key_begin.offset;
            if (is_kept(kept, entry) || (moved_up && begin < first_kept)) {
                before = entry.merged ? before : &entry.value;
                continue;
            }
            if (layout_.is_first_on_line(begin)) {
                const bool head = &node == &root_ && &entry == &node.entries.front();
                remove_lines(begin, layout_.content_end(entry), Layout::key_indent(node), head,
                             before);
            } else {
                // Behind a dash: the next key that stays moves up, and what is between goes.
                cut(begin, first_kept);
                moved_up = true;
            }
        }
    }

    /// The lines of an entry or item that is first on its line. The comment at the head of the
    /// file is about the file. `before` is the value before that stays: it must not get the empty
    /// lines behind what goes.
    void remove_lines(std::size_t at, std::size_t content_end, std::size_t indent, bool head,
                      const Node* before) {
        std::size_t begin = layout_.line_start(at);
        std::size_t end = layout_.next_line(content_end);
        if (options_.comments_go) {
            begin = head ? begin : layout_.attached_begin(at, 0);
            end = layout_.next_line(layout_.tail_end(content_end, indent));
            layout_.tidy(begin, end);
        }
        while (before != nullptr && layout_.keeps_empty_lines(*before) && end < text_.size() &&
               layout_.is_blank_line(end)) {
            end = layout_.next_line(end);
        }
        cut(begin, end);
    }

    void add_fields(const Node& node, const std::vector<const Node::Entry*>& kept, const Part& part,
                    const Place& place) {
        std::vector<const Field*> added;
        for (const Field& field : part.fields) {
            // One that a merge key brings in is written out where it changes.
            if (field.here == nullptr ||
                (field.here->merged && field.value.kind != Part::Kind::kSame)) {
                added.push_back(&field);
            }
        }
        if (added.empty()) {
            return;
        }
        std::size_t end = kept.empty() ? layout_.content_end(node) : 0;
        for (const Node::Entry* entry : kept) {
            end = std::max(end, layout_.content_end(*entry));
        }
        if (node.flow) {
            for (const Field* field : added) {
                Json pair = Json::object();
                pair[field->key] = to_json(field->value);
                const std::string text = emit_flow(pair);
                splice(end, end, one(", " + text.substr(1, text.size() - 2)));
            }
            return;
        }
        std::vector<Chunk> chunks;
        for (const Field* field : added) {
            chunks.push_back(chunk_of_field(*field, text_));
        }
        const bool root = place.entry == nullptr && !place.item;
        Lines lines = joined(chunks);
        move_right(lines, Layout::key_indent(node));
        if (root && wants_space(node, chunks.front())) {
            lines.insert(lines.begin(), Line{});
        }
        const std::size_t at =
            root ? end_of_root(end) : layout_.end_of_map(end, Layout::key_indent(node));
        splice(before_cut(at), before_cut(at), below(std::move(lines), at == text_.size()));
    }

    /// Fields of another text are set off where fields are set off here.
    bool wants_space(const Node& root, const Chunk& first) const {
        if (!first.copied) {
            return false;
        }
        bool airy = first.spaced || !first.comments.empty();
        for (const Node::Entry& entry : root.entries) {
            const std::size_t start = layout_.attached_begin(entry.key_begin.offset, 0);
            airy = airy || (&entry != &root.entries.front() && start > 0 &&
                            layout_.is_blank_line(layout_.line_start(start - 1)));
        }
        return airy;
    }

    /// Behind the comments at the end of the file, when nothing else is there that stays.
    std::size_t end_of_root(std::size_t content_end) const {
        const std::size_t end = layout_.tail_end(content_end, 0);
        for (std::size_t start = layout_.next_line(end); start < text_.size();
             start = layout_.next_line(start)) {
            if (!layout_.is_blank_line(start) && !layout_.is_comment_line(start) &&
                !is_cut(start)) {
                return end;
            }
        }
        std::size_t last = text_.size();
        while (last > end && (is_cut(last - 1) || trim(text_.substr(last - 1, 1)).empty())) {
            --last;
        }
        return layout_.line_end(last);
    }

    /// The end of the line above, when the end of this one goes.
    std::size_t before_cut(std::size_t at) const {
        while (at > 0 && is_cut(at - 1)) {
            --at;
        }
        const bool line_goes = at > 0 && text_[at - 1] == '\n' && is_cut(at);
        return line_goes ? at - (at > 1 && text_[at - 2] == '\r' ? 2 : 1) : at;
    }

    /// In lines that go.
    bool is_cut(std::size_t at) const {
        return std::any_of(splices_.begin(), splices_.end(), [&](const Splice& splice) {
            return splice.begin <= at && at < splice.end && splice.lines.empty() &&
                   layout_.line_start(splice.begin) == splice.begin &&
                   (splice.end == text_.size() || text_[splice.end - 1] == '\n');
        });
    }

    // --- lists ---

    void sequence(const Node& node, const Part& part, const Place& place) {
        std::vector<const Node*> kept;
        for (const Part& item : part.items) {
            if (item.here != nullptr) {
                kept.push_back(item.here);
            }
        }
        if (kept.empty()) {
            replace(node, part, place);
        } else if (node.flow) {
            remove_flow_items(node, kept);
            flow_items(part);
        } else {
            remove_items(node, kept);
            block_items(node, part);
        }
    }

    void remove_flow_items(const Node& node, const std::vector<const Node*>& kept) {
        std::vector<FlowPart> parts;
        for (const Node& item : node.items) {
            const bool stays = std::find(kept.begin(), kept.end(), &item) != kept.end();
            parts.push_back({item.begin.offset, layout_.content_end(item), stays});
        }
        cut_flow_parts(parts);
    }

    void flow_items(const Part& part) {
        std::string before_first;
        const Node* last = nullptr;
        for (const Part& item : part.items) {
            if (item.here != nullptr) {
                const std::size_t begin = item.here->begin.offset;
                if (!before_first.empty()) {
                    splice(begin, begin, one(std::exchange(before_first, "")));
                }
                last = item.here;
                value(*last, item, Place{nullptr, true, true, 0});
            } else if (last != nullptr) {
                const std::size_t end = layout_.content_end(*last);
                splice(end, end, one(", " + emit_flow(to_json(item))));
            } else {
                before_first += emit_flow(to_json(item)) + ", ";
            }
        }
    }

    void block_items(const Node& node, const Part& part) {
        const std::size_t first_dash = layout_.dash_of(node, node.items.front());
        const std::size_t indent = first_dash - layout_.line_start(first_dash);
        const Node* last = nullptr;  // the item before, if it stays
        std::vector<Chunk> pending;  // new items
        const auto put_behind = [&] {
            Lines lines = joined(pending);
            move_right(lines, indent);
            const std::size_t end =
                std::max(layout_.content_end(*last), layout_.dash_of(node, *last) + 1);
            const std::size_t at =
                options_.comments_go ? layout_.tail_end(end, indent) : layout_.line_end(end);
            splice(before_cut(at), before_cut(at), below(std::move(lines), at == text_.size()));
            pending.clear();
        };
        for (const Part& item : part.items) {
            if (item.here == nullptr) {
                pending.push_back(chunk_of_item(item, text_));
                continue;
            }
            if (!pending.empty() && last != nullptr) {
                put_behind();
            } else if (!pending.empty()) {
                put_before(node, *item.here, indent, joined(pending));
                pending.clear();
            }
            last = item.here;
            value(*item.here, item, Place{nullptr, true, false, indent});
        }
        if (!pending.empty()) {
            put_behind();
        }
    }

    void put_before(const Node& node, const Node& item, std::size_t indent, Lines lines) {
        const std::size_t dash = layout_.dash_of(node, item);
        if (layout_.is_first_on_line(dash)) {
            // Above what is said about the item.
            const std::size_t at = layout_.attached_begin(dash, 0);
            move_right(lines, indent);
            splice(at, at, above(std::move(lines)));
            return;
        }
        move_right(lines, indent);
        lines.front().text.erase(0, indent);
        lines.push_back(Line{std::string(indent, ' '), {}});
        splice(dash, dash, std::move(lines));
    }

    void remove_items(const Node& node, const std::vector<const Node*>& kept) {
        const Node* before = nullptr;  // the item before, if it stays
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            const Node& item = node.items[i];
            if (std::find(kept.begin(), kept.end(), &item) != kept.end()) {
                before = &item;
                continue;
            }
            const std::size_t dash = layout_.dash_of(node, item);
            const std::size_t end = std::max(layout_.content_end(item), dash + 1);
            if (layout_.is_first_on_line(dash)) {
                remove_lines(dash, end, dash - layout_.line_start(dash), false, before);
                continue;
            }
            // Behind another dash: up to the next item that stays, which then stands there.
            while (&node.items[i] != kept.front()) {
                ++i;
            }
            before = kept.front();
            cut(dash, layout_.dash_of(node, *before));
        }
    }

    std::string_view text_;
    Layout layout_;
    const Node& root_;
    const WeaveOptions& options_;
    std::vector<Splice> splices_;
};

Failure does_not_fit(const std::string& file) {
    return fail(
        Error(
            Code::kFailedPrecondition,
            fmt::format("{} cannot be changed like this without touching other parts of it", file))
            .with_hint("an anchor (&) or an unusual layout is in the way: edit the file by hand"));
}

}  // namespace

Result<Document> weave(const Document& document, const Part& wanted, const WeaveOptions& options) {
    LIMA_TRY(Document out, splice(document, Weaver(document, options).run(wanted)));
    auto tree = parse_yaml(out.text, out.file);
    if (!tree) {
        return does_not_fit(document.file);
    }
    const Json value = to_json(wanted);
    const Json got = to_json(*tree, Schema::kGo);
    if (!same_value(got, value) && !(got.is_null() && value.empty())) {
        return does_not_fit(document.file);
    }
    out.root = std::move(*tree);
    return out;
}

}  // namespace lima::text
