#include "core/text/rewrite.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/text/scalar.hpp"
#include "core/text/sequence_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace lima::text {
namespace {

struct Splice {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string text;
    std::size_t order = 0;
};

bool is_block_collection(const Node& node) {
    return (node.kind == Kind::kMapping || node.kind == Kind::kSequence) && !node.flow &&
           !node.alias;
}

/// Someone chose this style; [] and {} are written like that for want of another.
bool is_filled_flow(const Node& node) {
    return node.flow && !(node.items.empty() && node.entries.empty());
}

bool is_filled_collection(const Json& value) {
    return (value.is_object() || value.is_array()) && !value.empty();
}

/// Where a value stands: behind the key of a mapping, behind the dash of a sequence, or alone.
struct Place {
    const Node::Entry* entry = nullptr;
    bool item = false;
    bool flow = false;       // inside [ ] or { }
    std::size_t indent = 0;  // column of the key or dash
};

class Rewriter {
public:
    Rewriter(std::string_view text, std::string_view file) : text_(text), file_(file) {
        crlf_ = text.find("\r\n") != std::string_view::npos;
    }

    Result<std::string> run(const Node& root, const Json& wanted) {
        LIMA_DO(value(root, wanted, Place{}));
        return apply();
    }

private:
    // --- positions in the text ---

    std::size_t line_start(std::size_t at) const {
        const std::size_t newline = at == 0 ? std::string_view::npos : text_.rfind('\n', at - 1);
        return newline == std::string_view::npos ? 0 : newline + 1;
    }
    /// The end of the line without its line break.
    std::size_t line_end(std::size_t at) const {
        std::size_t end = std::min(text_.find('\n', at), text_.size());
        return end > at && text_[end - 1] == '\r' ? end - 1 : end;
    }
    std::size_t next_line(std::size_t at) const {
        const std::size_t newline = text_.find('\n', at);
        return newline == std::string_view::npos ? text_.size() : newline + 1;
    }
    bool is_first_on_line(std::size_t at) const {
        const std::string_view before = text_.substr(line_start(at), at - line_start(at));
        return before.find_first_not_of(' ') == std::string_view::npos;
    }

    /// Where the value's own text ends: libyaml's end of a block reaches to the next token, over
    /// comments.
    std::size_t content_end(const Node& node) const {
        if (node.alias || node.flow) {
            return node.end.offset;
        }
        if (node.block) {
            return block_scalar_end(node);
        }
        if (!is_block_collection(node)) {
            return node.end.offset;
        }
        std::size_t end = node.begin.offset;
        for (const Node& item : node.items) {
            end = std::max(end, content_end(item));
        }
        for (const Node::Entry& entry : node.entries) {
            end = std::max({end, entry.key_end.offset, content_end(entry.value)});
        }
        return end;
    }

    std::size_t block_scalar_end(const Node& node) const {
        std::size_t end = node.end.offset;
        const std::string_view header =
            text_.substr(node.begin.offset, line_end(node.begin.offset) - node.begin.offset);
        const bool keep = header.substr(0, header.find('#')).find('+') != std::string_view::npos;
        const std::string_view strip = keep ? "" : "\n\r \t";
        if (end > node.begin.offset && text_[end - 1] == '\n') {
            --end;
        }
        if (end > node.begin.offset && text_[end - 1] == '\r') {
            --end;
        }
        while (end > node.begin.offset && strip.find(text_[end - 1]) != std::string_view::npos) {
            --end;
        }
        return end;
    }

    /// Just behind the colon of an entry.
    std::size_t after_colon(const Node::Entry& entry) const {
        const std::size_t colon = text_.find(':', entry.key_end.offset);
        return colon == std::string_view::npos ? entry.key_end.offset : colon + 1;
    }

    /// The dash that introduces an item of a block sequence.
    std::size_t dash_of(const Node& sequence, const Node& item) const {
        std::size_t at = item.begin.offset;
        while (at > 0 && (text_[at - 1] == ' ' || text_[at - 1] == '\n' || text_[at - 1] == '\r')) {
            --at;
        }
        if (at > 0 && text_[at - 1] == '-') {
            return at - 1;
        }
        // A comment stands between the dash and its value.
        const std::size_t column = sequence.begin.column > 0 ? sequence.begin.column - 1 : 0;
        for (at = line_start(item.begin.offset); at > sequence.begin.offset;
             at = line_start(at - 1)) {
            if (at + column < text_.size() && text_[at + column] == '-') {
                return at + column;
            }
        }
        return sequence.begin.offset;
    }

    static std::size_t key_indent(const Node& mapping) {
        for (const Node::Entry& entry : mapping.entries) {
            if (!entry.merged) {
                return static_cast<std::size_t>(entry.key_begin.column - 1);
            }
        }
        return static_cast<std::size_t>(mapping.begin.column - 1);
    }

    // --- texts to put in ---

    void splice(std::size_t begin, std::size_t end, std::string text) {
        if (crlf_) {
            text = replace_all(std::move(text), "\n", "\r\n");
        }
        splices_.push_back(Splice{begin, end, std::move(text), splices_.size()});
    }

    /// One line for a scalar or an empty collection.
    static std::string one_line(const Json& wanted) {
        std::string text = emit_yaml(wanted);
        text.pop_back();
        return text.find('\n') == std::string::npos ? text : emit_flow(wanted);
    }

    /// A new scalar keeps the quotes of the old one.
    std::string scalar_like(const Node& old, const Json& wanted) const {
        if (wanted.is_string() && old.kind == Kind::kScalar && old.quoted && !old.block) {
            const auto& plain = wanted.get_ref<const std::string&>();
            const char quote = text_[old.begin.offset];
            const bool simple =
                !needs_escapes(plain) && plain.find_first_of("\n\t") == std::string::npos;
            if (quote == '"' && simple) {
                return go_quote(plain);
            }
            if (quote == '\'' && simple) {
                return "'" + replace_all(plain, "'", "''") + "'";
            }
        }
        return one_line(wanted);
    }

    /// A block with each line moved right, without its last line break.
    static std::string indented(const std::string& block, std::size_t indent) {
        std::string out;
        for (std::string_view line : lines(block)) {
            if (!out.empty()) {
                out += '\n';
            }
            if (!line.empty()) {
                out.append(indent, ' ');
                out += line;
            }
        }
        // A literal that keeps its final empty lines needs them.
        if (block.ends_with("\n\n")) {
            out += '\n';
        }
        return out;
    }

    // --- the comparison ---

    Result<void> value(const Node& node, const Json& wanted, const Place& place) {
        if (same_value(to_json(node, Schema::kGo), wanted)) {
            return {};
        }
        if (node.alias) {
            return fail(
                error_at(text_, file_, node.begin,
                         "this value comes through an alias: write it out here, or edit the anchor")
                    .with_code(Code::kFailedPrecondition));
        }
        if (node.kind == Kind::kMapping && !node.entries.empty() && wanted.is_object() &&
            !wanted.empty()) {
            return mapping(node, wanted, place);
        }
        if (node.kind == Kind::kSequence && !node.items.empty() && wanted.is_array() &&
            !wanted.empty()) {
            return sequence(node, wanted, place);
        }
        replace(node, wanted, place);
        return {};
    }

    void replace(const Node& node, const Json& wanted, const Place& place) {
        const std::size_t begin = node.begin.offset;
        const std::size_t end = content_end(node);
        if (place.entry == nullptr && !place.item) {
            replace_root(node, wanted);
        } else if (place.flow || place.item) {
            const bool glued = begin == end && begin > 0 && text_[begin - 1] != ' ';
            const std::string text = place.flow || is_filled_collection(wanted)
                                         ? emit_flow(wanted)
                                         : scalar_like(node, wanted);
            splice(begin, end, (glued ? " " : "") + text);
        } else if (is_filled_collection(wanted) && is_filled_flow(node)) {
            splice(begin, end, emit_flow(wanted));
        } else if (is_filled_collection(wanted)) {
            replace_by_block(node, wanted, place);
        } else if (is_block_collection(node)) {
            const std::size_t colon = after_colon(*place.entry);
            splice(colon, colon, " " + one_line(wanted));
            splice(block_begin(node, place), line_end(end), "");
        } else {
            splice(begin, end, (begin == end ? " " : "") + scalar_like(node, wanted));
        }
    }

    /// Where a block collection begins, with the line break before it; an anchor on the key's line
    /// belongs to it.
    std::size_t block_begin(const Node& node, const Place& place) const {
        const std::size_t colon = after_colon(*place.entry);
        return node.begin.line == place.entry->key_begin.line ? colon : line_end(colon);
    }

    void replace_by_block(const Node& node, const Json& wanted, const Place& place) {
        const std::size_t end = content_end(node);
        const std::size_t indent = place.indent + (wanted.is_array() ? 0 : 2);
        const std::string block = "\n" + indented(emit_yaml(wanted), indent);
        if (is_block_collection(node)) {
            splice(block_begin(node, place), line_end(end), block);
            return;
        }
        // The old value goes, a comment behind it stays.
        splice(after_colon(*place.entry), end, "");
        splice(line_end(end), line_end(end), block);
    }

    void replace_root(const Node& node, const Json& wanted) {
        const std::size_t end = content_end(node);
        const bool alone = end > node.begin.offset && is_first_on_line(node.begin.offset) &&
                           trim(text_.substr(end, line_end(end) - end)).empty();
        splice(node.begin.offset, alone ? next_line(end) : end, "");
        const bool open_line = !text_.empty() && !text_.ends_with('\n');
        splice(text_.size(), text_.size(), (open_line ? "\n" : "") + emit_yaml(wanted));
    }

    Result<void> mapping(const Node& node, const Json& wanted, const Place& place) {
        Json added = Json::object();
        for (const auto& [key, item] : wanted.items()) {
            if (node.find(key) == nullptr) {
                added[key] = item;
            }
        }
        std::vector<const Node::Entry*> kept;
        bool removed = false;
        for (const Node::Entry& entry : node.entries) {
            const auto target = wanted.find(entry.key);
            if (entry.merged) {
                LIMA_DO(merged_entry(entry, target == wanted.end() ? nullptr : &*target, added));
            } else if (target == wanted.end()) {
                removed = true;
            } else {
                kept.push_back(&entry);
            }
        }
        if ((removed && node.flow) || (kept.empty() && removed)) {
            replace(node, wanted, place);
            return {};
        }
        for (const Node::Entry* entry : kept) {
            LIMA_DO(value(entry->value, wanted[entry->key],
                          Place{entry, false, node.flow || place.flow, key_indent(node)}));
        }
        if (removed) {
            remove_entries(node, kept);
        }
        if (!added.empty()) {
            add_entries(node, kept, added, place);
        }
        return {};
    }

    /// A key that a merge brings in can be overridden by writing it out; it cannot be taken away.
    Result<void> merged_entry(const Node::Entry& entry, const Json* target, Json& added) {
        if (target == nullptr) {
            return fail(
                error_at(text_, file_, entry.key_begin,
                         fmt::format("{} comes through a merge key: it cannot be removed here",
                                     name_quote(entry.key)))
                    .with_code(Code::kFailedPrecondition));
        }
        if (!same_value(to_json(entry.value, Schema::kGo), *target)) {
            added[entry.key] = *target;
        }
        return {};
    }

    void remove_entries(const Node& node, const std::vector<const Node::Entry*>& kept) {
        const auto is_kept = [&kept](const Node::Entry& entry) {
            return std::find(kept.begin(), kept.end(), &entry) != kept.end();
        };
        for (const Node::Entry& entry : node.entries) {
            if (entry.merged || is_kept(entry)) {
                continue;
            }
            const std::size_t begin = entry.key_begin.offset;
            if (is_first_on_line(begin)) {
                splice(line_start(begin), next_line(content_end(entry.value)), "");
                continue;
            }
            // Behind a dash: the next key that stays moves up, and what is between goes with this
            // one.
            splice(begin, kept.front()->key_begin.offset, "");
            if (kept.front() != &node.entries.back()) {
                remove_after(node, kept);
            }
            return;
        }
    }

    void remove_after(const Node& node, const std::vector<const Node::Entry*>& kept) {
        bool behind = false;
        for (const Node::Entry& entry : node.entries) {
            behind = behind || &entry == kept.front();
            if (behind && !entry.merged &&
                std::find(kept.begin(), kept.end(), &entry) == kept.end()) {
                splice(line_start(entry.key_begin.offset), next_line(content_end(entry.value)), "");
            }
        }
    }

    void add_entries(const Node& node, const std::vector<const Node::Entry*>& kept,
                     const Json& added, const Place& place) {
        std::size_t end = kept.empty() ? content_end(node) : 0;
        for (const Node::Entry* entry : kept) {
            end = std::max(end, std::max(content_end(entry->value), after_colon(*entry)));
        }
        if (node.flow) {
            for (const auto& [key, item] : added.items()) {
                const std::string pair = emit_flow(Json{{key, item}});
                splice(end, end, ", " + pair.substr(1, pair.size() - 2));
            }
            return;
        }
        std::size_t at = line_end(end);
        const bool root = place.entry == nullptr && !place.item;
        if (root && only_comments_after(at)) {
            at = line_end(text_.find_last_not_of(" \t\r\n"));
        }
        splice(at, at, "\n" + indented(emit_yaml(added), key_indent(node)));
    }

    bool only_comments_after(std::size_t at) const {
        for (std::string_view line : lines(text_.substr(next_line(at)))) {
            const std::string_view content = trim(line);
            if (!content.empty() && content.front() != '#') {
                return false;
            }
        }
        return true;
    }

    Result<void> sequence(const Node& node, const Json& wanted, const Place& place) {
        const Json old = to_json(node, Schema::kGo);
        const auto steps = diff_sequences(old, wanted);
        const bool removed =
            std::any_of(steps.begin(), steps.end(), [](const DiffStep& s) { return s.to < 0; });
        const bool any_kept = std::any_of(
            steps.begin(), steps.end(), [](const DiffStep& s) { return s.from >= 0 && s.to >= 0; });
        if (!any_kept || (removed && node.flow)) {
            replace(node, wanted, place);
            return {};
        }
        if (node.flow) {
            return flow_items(node, wanted, steps);
        }
        return block_items(node, wanted, steps);
    }

    Result<void> flow_items(const Node& node, const Json& wanted,
                            const std::vector<DiffStep>& steps) {
        std::string before_first;
        const Node* last = nullptr;
        for (const DiffStep& step : steps) {
            if (step.from >= 0) {
                last = &node.items[step.from];
                LIMA_DO(value(*last, wanted[step.to], Place{nullptr, true, true, 0}));
            } else if (last != nullptr) {
                splice(content_end(*last), content_end(*last), ", " + emit_flow(wanted[step.to]));
            } else {
                before_first += emit_flow(wanted[step.to]) + ", ";
            }
        }
        if (!before_first.empty()) {
            splice(node.items.front().begin.offset, node.items.front().begin.offset, before_first);
        }
        return {};
    }

    Result<void> block_items(const Node& node, const Json& wanted,
                             const std::vector<DiffStep>& steps) {
        const std::size_t first_dash = dash_of(node, node.items.front());
        const std::size_t indent = first_dash - line_start(first_dash);
        const Node* last = nullptr;  // the item before, if it stays
        std::string pending;         // new items before the first one that stays
        for (const DiffStep& step : steps) {
            if (step.from >= 0 && step.to >= 0) {
                const Node& item = node.items[step.from];
                if (!pending.empty()) {
                    const std::size_t dash = dash_of(node, item);
                    splice(dash, dash, pending.substr(indent) + "\n" + std::string(indent, ' '));
                    pending.clear();
                }
                last = &item;
                LIMA_DO(value(item, wanted[step.to], Place{nullptr, true, false, indent}));
            } else if (step.from >= 0) {
                remove_item(node, step.from);
            } else {
                const std::string block =
                    indented(emit_yaml(Json::array({wanted[step.to]})), indent);
                if (last == nullptr) {
                    pending += (pending.empty() ? "" : "\n") + block;
                } else {
                    const std::size_t at = line_end(content_end(*last));
                    splice(at, at, "\n" + block);
                }
            }
        }
        return {};
    }

    void remove_item(const Node& node, int index) {
        const Node& item = node.items[index];
        const std::size_t dash = dash_of(node, item);
        if (is_first_on_line(dash)) {
            splice(line_start(dash), next_line(std::max(content_end(item), dash)), "");
            return;
        }
        // Behind another dash: up to the next item, which then stands there.
        const bool last = index + 1 == static_cast<int>(node.items.size());
        splice(dash, last ? line_end(content_end(item)) : dash_of(node, node.items[index + 1]), "");
    }

    Result<std::string> apply() {
        if (splices_.empty()) {
            return std::string(text_);
        }
        // Insertions at one place stay in their order.
        std::sort(splices_.begin(), splices_.end(), [](const Splice& a, const Splice& b) {
            return std::pair(a.begin, a.order) < std::pair(b.begin, b.order);
        });
        std::string out;
        std::size_t cursor = 0;
        for (const Splice& splice : splices_) {
            if (splice.begin < cursor) {
                return fail(Code::kFailedPrecondition, "the changes overlap");
            }
            out += text_.substr(cursor, splice.begin - cursor);
            out += splice.text;
            cursor = splice.end;
        }
        out += text_.substr(std::min(cursor, text_.size()));
        // A block put behind an unfinished last line ends its own.
        if (splices_.back().end == text_.size() &&
            splices_.back().text.starts_with(crlf_ ? "\r\n" : "\n") && !out.ends_with('\n')) {
            out += crlf_ ? "\r\n" : "\n";
        }
        return out;
    }

    std::string_view text_;
    std::string_view file_;
    bool crlf_ = false;
    std::vector<Splice> splices_;
};

}  // namespace

bool same_value(const Json& a, const Json& b) {
    if (a.is_object() && b.is_object()) {
        return a.size() == b.size() &&
               std::all_of(a.items().begin(), a.items().end(), [&b](const auto& item) {
                   const auto other = b.find(item.key());
                   return other != b.end() && same_value(item.value(), *other);
               });
    }
    if (a.is_array() && b.is_array()) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_value);
    }
    return a == b;
}

Result<std::string> rewrite(std::string_view text, std::string_view file, const Node& root,
                            const Json& wanted) {
    if (!wanted.is_object()) {
        return fail(Code::kInvalidArgument, fmt::format("{} must stay a map of fields", file));
    }
    if (same_value(to_json(root, Schema::kGo), wanted) || (root.is_null() && wanted.empty())) {
        return std::string(text);
    }
    LIMA_TRY(std::string out, Rewriter(text, file).run(root, wanted));
    auto check = parse_yaml(out, file);
    const Json got = check ? to_json(*check, Schema::kGo) : Json();
    const bool both_empty = got.is_null() && wanted.empty();
    if (!check || (!same_value(got, wanted) && !both_empty)) {
        return fail(
            Error(Code::kFailedPrecondition,
                  fmt::format("{} cannot be changed like this without touching other parts of it",
                              file))
                .with_hint(
                    "an anchor (&) or an unusual layout is in the way: edit the file by hand"));
    }
    return out;
}

}  // namespace lima::text
