#include "core/text/yaml.hpp"

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/scalar.hpp"
#include "core/text/yaml_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>

namespace lima::text {
namespace {

// Bounds of what a hand-written configuration can need; beyond them is an attack or an accident.
constexpr int kMaxDepth = 100;
constexpr std::size_t kMaxAliasedNodes = 100'000;
constexpr std::size_t kMaxDuplicates = 100;  // that are told

/// How much an alias of the node brings in.
struct Extent {
    std::size_t nodes = 1;
    int depth = 0;
};

Extent extent_of(const Node& node) {
    Extent out;
    const auto add = [&out](const Node& child) {
        const Extent inner = extent_of(child);
        out.nodes += inner.nodes;
        out.depth = std::max(out.depth, inner.depth + 1);
    };
    for (const Node& item : node.items) {
        add(item);
    }
    for (const Node::Entry& entry : node.entries) {
        add(entry.value);
    }
    return out;
}

/// A copy stands where the alias stands: its marks name the use, not the anchor.
void mark_as_alias(Node& node, const Mark& begin, const Mark& end) {
    node.alias = true;
    node.begin = begin;
    node.end = end;
    node.anchor.clear();
    for (Node& item : node.items) {
        mark_as_alias(item, begin, end);
    }
    for (Node::Entry& entry : node.entries) {
        entry.key_begin = begin;
        entry.key_end = end;
        mark_as_alias(entry.value, begin, end);
    }
}

/// Recursive descent over libyaml's events.
class TreeBuilder {
public:
    TreeBuilder(std::string_view text, std::string_view file) : events_(text, file) {}

    /// The next document, or false at the end of the stream. On an error `root` has what was read
    /// before it.
    Result<bool> document(Node& root) {
        while (true) {
            YamlEvent event;
            LIMA_DO(events_.next(event));
            switch (event.raw.type) {
                case YAML_STREAM_START_EVENT:
                case YAML_DOCUMENT_END_EVENT:
                    continue;
                case YAML_DOCUMENT_START_EVENT: {
                    anchors_.clear();
                    aliased_ = 0;
                    YamlEvent first;
                    LIMA_DO(events_.next(first));
                    LIMA_DO(node(first, 0, root));
                    return true;
                }
                default:
                    return false;
            }
        }
    }

    /// Whatever follows the first document does not count, but garbage behind it is a mistake to
    /// report.
    Result<void> check_rest() {
        for (int i = 0; i < 2; ++i) {  // the document's end, and what comes then
            YamlEvent event;
            LIMA_DO(events_.next(event));
            if (event.raw.type == YAML_STREAM_END_EVENT) {
                break;
            }
        }
        return {};
    }

    /// Mistakes that do not stop the reading.
    std::vector<Misread>& duplicates() { return duplicates_; }

private:
    Result<void> node(const YamlEvent& event, int depth, Node& out) {
        const Mark begin = events_.mark(event.raw.start_mark);
        if (depth > kMaxDepth) {
            return too_deep(begin);
        }
        switch (event.raw.type) {
            case YAML_ALIAS_EVENT:
                return alias(event, depth, out);
            case YAML_SCALAR_EVENT:
                scalar(event, out);
                return {};
            case YAML_SEQUENCE_START_EVENT:
                return sequence(event, depth, out);
            case YAML_MAPPING_START_EVENT:
                return mapping(event, depth, out);
            default:
                return fail(events_.error(begin, "a value is missing here"));
        }
    }

    Failure too_deep(const Mark& mark) const {
        return fail(events_.error(mark, fmt::format("nested more than {} levels deep", kMaxDepth)));
    }

    Result<void> alias(const YamlEvent& event, int depth, Node& out) {
        const Mark begin = events_.mark(event.raw.start_mark);
        const std::string name = text_of(event.raw.data.alias.anchor);
        const auto found = anchors_.find(name);
        if (found == anchors_.end()) {
            const char* reason = open_anchors_.contains(name) ? "the anchor `{}` contains itself"
                                                              : "unknown anchor `{}`";
            return fail(events_.error(begin, fmt::format(fmt::runtime(reason), name)));
        }
        if (depth + found->second.extent.depth > kMaxDepth) {
            return too_deep(begin);
        }
        aliased_ += found->second.extent.nodes;
        if (aliased_ > kMaxAliasedNodes) {
            return fail(events_.error(
                begin, fmt::format("the aliases of this file expand to more than {} values",
                                   kMaxAliasedNodes)));
        }
        out = found->second.node;
        mark_as_alias(out, begin, events_.mark(event.raw.end_mark));
        return {};
    }

    void scalar(const YamlEvent& event, Node& out) {
        const auto& data = event.raw.data.scalar;
        out.kind = Kind::kScalar;
        out.value.assign(reinterpret_cast<const char*>(data.value), data.length);
        out.quoted = data.style != YAML_PLAIN_SCALAR_STYLE;
        out.block =
            data.style == YAML_LITERAL_SCALAR_STYLE || data.style == YAML_FOLDED_SCALAR_STYLE;
        out.tag = tag_of(data.tag);
        out.begin = events_.mark(event.raw.start_mark);
        out.end = events_.mark(event.raw.end_mark);
        out.anchor = text_of(data.anchor);
        if (out.tag == "!!null" || (!out.quoted && out.tag.empty() && is_null_word(out.value))) {
            out.kind = Kind::kNull;
        }
        remember(out);
    }

    Result<void> sequence(const YamlEvent& event, int depth, Node& out) {
        const auto& data = event.raw.data.sequence_start;
        out.kind = Kind::kSequence;
        out.tag = tag_of(data.tag);
        out.begin = events_.mark(event.raw.start_mark);
        out.flow = data.style == YAML_FLOW_SEQUENCE_STYLE;
        out.anchor = text_of(data.anchor);
        open(out);
        while (true) {
            YamlEvent item;
            LIMA_DO(events_.next(item));
            if (item.raw.type == YAML_SEQUENCE_END_EVENT) {
                out.end = events_.mark(item.raw.end_mark);
                break;
            }
            out.items.emplace_back();
            LIMA_DO(node(item, depth + 1, out.items.back()));
        }
        remember(out);
        return {};
    }

    Result<void> mapping(const YamlEvent& event, int depth, Node& out) {
        const auto& data = event.raw.data.mapping_start;
        out.kind = Kind::kMapping;
        out.tag = tag_of(data.tag);
        out.begin = events_.mark(event.raw.start_mark);
        out.flow = data.style == YAML_FLOW_MAPPING_STYLE;
        out.anchor = text_of(data.anchor);
        open(out);
        std::map<std::string, int, std::less<>> seen;  // key -> line
        std::vector<Node> merges;
        while (true) {
            YamlEvent item;
            LIMA_DO(events_.next(item));
            if (item.raw.type == YAML_MAPPING_END_EVENT) {
                out.end = events_.mark(item.raw.end_mark);
                break;
            }
            Node key;
            LIMA_DO(node(item, depth + 1, key));
            YamlEvent value_event;
            LIMA_DO(events_.next(value_event));
            LIMA_DO(check_key(key));
            const bool first = is_first(key, seen);
            if (!first || (key.value == "<<" && !key.quoted && !key.alias)) {
                Node value;
                LIMA_DO(node(value_event, depth + 1, value));
                if (first) {
                    LIMA_DO(check_merge(value));
                    merges.push_back(std::move(value));
                }
                continue;
            }
            out.entries.push_back(
                Node::Entry{std::move(key.value), key.begin, Node{}, key.end, false});
            LIMA_DO(node(value_event, depth + 1, out.entries.back().value));
        }
        if (!merges.empty()) {
            merge_all(out, merges);
        }
        remember(out);
        return {};
    }

    Result<void> check_key(const Node& key) const {
        if (key.kind != Kind::kScalar && key.kind != Kind::kNull) {
            return fail(events_.error(key.begin, "a key must be a plain word or a string"));
        }
        return {};
    }

    /// Of a key that is there twice the first value is kept.
    bool is_first(const Node& key, std::map<std::string, int, std::less<>>& seen) {
        const auto [at, fresh] = seen.emplace(key.value, key.begin.line);
        if (!fresh && duplicates_.size() < kMaxDuplicates) {
            duplicates_.push_back(
                {key.begin,
                 events_.error(key.begin,
                               fmt::format("duplicate key {}: it is already set at line {}, so "
                                           "remove one of them",
                                           name_quote(key.value), at->second))});
        }
        return fresh;
    }

    Result<void> check_merge(const Node& value) const {
        const bool list = value.kind == Kind::kSequence &&
                          std::all_of(value.items.begin(), value.items.end(),
                                      [](const Node& n) { return n.kind == Kind::kMapping; });
        if (value.kind != Kind::kMapping && !list && !value.is_null()) {
            return fail(
                events_.error(value.begin, "a merge key (<<) takes a map or a list of maps"));
        }
        return {};
    }

    static void merge_all(Node& out, const std::vector<Node>& merges) {
        std::set<std::string, std::less<>> keys;
        for (const Node::Entry& entry : out.entries) {
            keys.insert(entry.key);
        }
        for (const Node& merge : merges) {
            merge_into(out, merge, keys);
        }
    }

    /// Keys written out win over merged ones; earlier merges win over later ones.
    static void merge_into(Node& out, const Node& source,
                           std::set<std::string, std::less<>>& keys) {
        for (const Node& item : source.items) {
            merge_into(out, item, keys);
        }
        for (const Node::Entry& entry : source.entries) {
            if (!keys.insert(entry.key).second) {
                continue;
            }
            Node::Entry copy = entry;
            copy.merged = true;
            copy.key_begin = source.begin;
            copy.key_end = source.end;
            mark_as_alias(copy.value, source.begin, source.end);
            out.entries.push_back(std::move(copy));
        }
    }

    void open(const Node& node) {
        if (!node.anchor.empty()) {
            open_anchors_.insert(node.anchor);
            anchors_.erase(node.anchor);
        }
    }

    void remember(const Node& node) {
        if (!node.anchor.empty()) {
            open_anchors_.erase(node.anchor);
            anchors_[node.anchor] = Anchor{node, extent_of(node)};
        }
    }

    struct Anchor {
        Node node;
        Extent extent;
    };

    YamlEvents events_;
    std::map<std::string, Anchor, std::less<>> anchors_;
    std::set<std::string, std::less<>> open_anchors_;
    std::size_t aliased_ = 0;
    std::vector<Misread> duplicates_;
};

/// A byte order mark makes the first key unknown, as in the original; the message about it can then
/// say why.
void keep_bom(std::string_view text, Node& root) {
    if (text.starts_with(kBom) && root.kind == Kind::kMapping && !root.entries.empty() &&
        root.entries.front().key_begin.offset == kBom.size()) {
        root.entries.front().key.insert(0, kBom);
    }
}

std::optional<std::string_view> line_of(std::string_view text, int number) {
    for (int line = 1; !text.empty() && number > 0; ++line) {
        const std::size_t end = text.find('\n');
        if (line == number) {
            const auto row = text.substr(0, end);
            return row.ends_with('\r') ? row.substr(0, row.size() - 1) : row;
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return std::nullopt;
}

struct Shown {
    std::string text;
    std::string before;  // blanks as wide as what is before the place
};

/// A line for the terminal, with nothing in it that would steer that; of a long one a window around
/// the column.
Shown show_line(std::string_view row, std::size_t column) {
    constexpr std::size_t kWidth = 120;
    const std::size_t from = row.size() > kWidth && column > kWidth / 2 ? column - kWidth / 2 : 0;
    Shown out;
    for (std::size_t at = 0; !row.empty() && at < from + kWidth; ++at) {
        const utf8::Rune rune = utf8::decode(row);
        const std::string_view bytes = row.substr(0, rune.size);
        row.remove_prefix(rune.size);
        if (at < from) {
            continue;
        }
        const bool tab = bytes == "\t";
        out.text += tab || (rune.valid && utf8::is_printable(rune.value)) ? bytes : "\uFFFD";
        if (at < column) {
            out.before += tab ? '\t' : ' ';
        }
    }
    return out;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    for (const Entry& entry : entries) {
        if (entry.key == key) {
            return &entry.value;
        }
    }
    return nullptr;
}

bool Node::is_null() const { return kind == Kind::kNull; }

ReadYaml read_yaml(std::string_view text, std::string_view file) {
    // Where the reading stopped: everything else that is known is before it.
    constexpr Mark kEnd{std::numeric_limits<int>::max(), 0, 0};
    ReadYaml out;
    TreeBuilder builder(text, file);
    const auto found = builder.document(out.root);
    out.mistakes = std::move(builder.duplicates());
    if (!found) {
        out.mistakes.push_back({kEnd, found.error()});
        out.complete = false;
    } else if (*found) {
        if (auto rest = builder.check_rest(); !rest) {
            out.mistakes.push_back({kEnd, std::move(rest.error())});
            out.complete = false;
        }
        keep_bom(text, out.root);
    }
    return out;
}

Result<Node> parse_yaml(std::string_view text, std::string_view file) {
    ReadYaml read = read_yaml(text, file);
    if (!read.mistakes.empty()) {
        return fail(std::move(read.mistakes.front().error));
    }
    return std::move(read.root);
}

Result<std::vector<Node>> parse_yaml_stream(std::string_view text, std::string_view file) {
    TreeBuilder builder(text, file);
    std::vector<Node> out;
    while (true) {
        Node document;
        LIMA_TRY(const bool found, builder.document(document));
        if (!builder.duplicates().empty()) {
            return fail(std::move(builder.duplicates().front().error));
        }
        if (!found) {
            return out;
        }
        out.push_back(std::move(document));
    }
}

Error error_at(std::string_view text, std::string_view file, const Mark& mark,
               std::string_view message) {
    std::string out = fmt::format("{}:{}:{}: {}", file, mark.line, mark.column, message);
    if (const auto row = line_of(text, mark.line)) {
        const std::size_t column = mark.column > 0 ? static_cast<std::size_t>(mark.column) - 1 : 0;
        const Shown shown = show_line(*row, column);
        out += fmt::format("\n{:>6} | {}\n       | {}^", mark.line, shown.text, shown.before);
    }
    return Error(Code::kInvalidArgument, std::move(out));
}

}  // namespace lima::text
