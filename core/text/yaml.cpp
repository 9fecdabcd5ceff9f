#include "core/text/yaml.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace lima::text {
namespace {

// Bounds of what a hand-written configuration can need; beyond them is an attack or an accident.
constexpr int kMaxDepth = 100;
constexpr std::size_t kMaxAliasedNodes = 100'000;
constexpr std::string_view kBom = "\xef\xbb\xbf";
constexpr std::string_view kCoreTagPrefix = "tag:yaml.org,2002:";

/// libyaml counts characters, we count bytes. Cheap for ASCII, a table for the rest.
class OffsetTable {
public:
    explicit OffsetTable(std::string_view text)
        : size_(text.size()), skipped_(text.starts_with(kBom) ? kBom.size() : 0) {
        text.remove_prefix(skipped_);
        if (std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; })) {
            return;
        }
        for (std::size_t i = 0; i < text.size(); ++i) {
            if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) {
                offsets_.push_back(i + skipped_);
            }
        }
        offsets_.push_back(size_);
    }
    std::size_t bytes(std::size_t characters) const {
        if (offsets_.empty()) {
            return std::min(characters + skipped_, size_);
        }
        return characters < offsets_.size() ? offsets_[characters] : size_;
    }
    Mark mark(const yaml_mark_t& mark) const {
        return Mark{static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1,
                    bytes(mark.index)};
    }

private:
    std::size_t size_;
    std::size_t skipped_;  // libyaml is not shown the byte order mark: it would shift the first
                           // line's columns
    std::vector<std::size_t> offsets_;
};

/// Owns one event.
class Event {
public:
    Event() = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() { yaml_event_delete(&raw); }
    yaml_event_t raw{};
};

bool is_null_word(std::string_view word) {
    return word.empty() || word == "~" || word == "null" || word == "Null" || word == "NULL";
}

std::string tag_of(const yaml_char_t* tag) {
    if (tag == nullptr) {
        return {};
    }
    const std::string_view text(reinterpret_cast<const char*>(tag));
    if (text.starts_with(kCoreTagPrefix)) {
        return "!!" + std::string(text.substr(kCoreTagPrefix.size()));
    }
    return std::string(text);
}

std::string text_of(const yaml_char_t* text) {
    return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
}

std::size_t count_nodes(const Node& node) {
    std::size_t count = 1;
    for (const Node& item : node.items) {
        count += count_nodes(item);
    }
    for (const Node::Entry& entry : node.entries) {
        count += count_nodes(entry.value);
    }
    return count;
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
    TreeBuilder(std::string_view text, std::string_view file)
        : text_(text), file_(file), offsets_(text) {
        yaml_parser_initialize(&parser_);
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        const std::string_view input = text.substr(text.starts_with(kBom) ? kBom.size() : 0);
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(input.data()),
                                     input.size());
    }
    TreeBuilder(const TreeBuilder&) = delete;
    TreeBuilder& operator=(const TreeBuilder&) = delete;
    ~TreeBuilder() { yaml_parser_delete(&parser_); }

    /// The next document, or nullopt at the end of the stream.
    Result<std::optional<Node>> document() {
        while (true) {
            Event event;
            LIMA_DO(next(event));
            switch (event.raw.type) {
                case YAML_STREAM_START_EVENT:
                case YAML_DOCUMENT_END_EVENT:
                    continue;
                case YAML_DOCUMENT_START_EVENT: {
                    anchors_.clear();
                    aliased_ = 0;
                    Event first;
                    LIMA_DO(next(first));
                    LIMA_TRY(Node root, node(first, 0));
                    return std::optional<Node>(std::move(root));
                }
                default:
                    return std::optional<Node>();
            }
        }
    }

    /// Whatever follows the first document does not count, but garbage behind it is a mistake to
    /// report.
    Result<void> check_rest() {
        for (int i = 0; i < 2; ++i) {  // the document's end, and what comes then
            Event event;
            LIMA_DO(next(event));
            if (event.raw.type == YAML_STREAM_END_EVENT) {
                break;
            }
        }
        return {};
    }

private:
    Result<void> next(Event& event) {
        if (yaml_parser_parse(&parser_, &event.raw) == 0) {
            return fail(syntax_error());
        }
        return {};
    }

    Error syntax_error() const {
        if (parser_.error == YAML_MEMORY_ERROR) {
            return Error(Code::kResourceExhausted, fmt::format("{}: out of memory", file_));
        }
        if (parser_.error == YAML_READER_ERROR) {
            return reader_error();
        }
        const Mark mark = offsets_.mark(parser_.problem_mark);
        const std::string problem = parser_.problem == nullptr ? "not YAML" : parser_.problem;
        if (mark.offset < text_.size() && text_[mark.offset] == '\t') {
            return error_at(text_, file_, mark,
                            "a tab is used for indentation or before a value: YAML wants spaces");
        }
        if (const auto tab = tab_indent(mark.line)) {
            return error_at(text_, file_, *tab, "a tab is used for indentation: YAML wants spaces");
        }
        std::string message = "not valid YAML: " + problem;
        if (parser_.context != nullptr) {
            message += fmt::format(" {} (which begins at line {})", parser_.context,
                                   parser_.context_mark.line + 1);
        }
        return error_at(text_, file_, mark, message);
    }

    Error reader_error() const {
        Mark mark;
        mark.offset = std::min(parser_.problem_offset + (text_.starts_with(kBom) ? kBom.size() : 0),
                               text_.size());
        const std::string_view before = text_.substr(0, mark.offset);
        mark.line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
        const std::size_t line_start = before.rfind('\n') + 1;
        mark.column = static_cast<int>(mark.offset - line_start) + 1;
        std::string message = parser_.problem == nullptr ? "unreadable" : parser_.problem;
        if (parser_.problem_value >= 0) {
            message += fmt::format(" (0x{:02x})", parser_.problem_value);
        }
        return error_at(text_, file_, mark, message);
    }

    /// A tab in the indentation of the line, or of the one before (libyaml often notices late).
    std::optional<Mark> tab_indent(int line) const {
        const auto all = lines(text_);
        for (int candidate : {line, line - 1}) {
            if (candidate < 1 || candidate > static_cast<int>(all.size())) {
                continue;
            }
            const std::string_view row = all[candidate - 1];
            const std::size_t content = row.find_first_not_of(" \t");
            const std::size_t tab = row.substr(0, content).find('\t');
            if (tab != std::string_view::npos && content != std::string_view::npos) {
                return Mark{candidate, static_cast<int>(tab) + 1,
                            static_cast<std::size_t>(row.data() - text_.data()) + tab};
            }
        }
        return std::nullopt;
    }

    Result<Node> node(const Event& event, int depth) {
        const Mark begin = offsets_.mark(event.raw.start_mark);
        if (depth > kMaxDepth) {
            return fail(error_at(text_, file_, begin,
                                 fmt::format("nested more than {} levels deep", kMaxDepth)));
        }
        switch (event.raw.type) {
            case YAML_ALIAS_EVENT:
                return alias(event);
            case YAML_SCALAR_EVENT:
                return scalar(event);
            case YAML_SEQUENCE_START_EVENT:
                return sequence(event, depth);
            case YAML_MAPPING_START_EVENT:
                return mapping(event, depth);
            default:
                return fail(error_at(text_, file_, begin, "a value is missing here"));
        }
    }

    Result<Node> alias(const Event& event) {
        const Mark begin = offsets_.mark(event.raw.start_mark);
        const std::string name = text_of(event.raw.data.alias.anchor);
        const auto found = anchors_.find(name);
        if (found == anchors_.end()) {
            const char* reason = open_anchors_.contains(name) ? "the anchor `{}` contains itself"
                                                              : "unknown anchor `{}`";
            return fail(error_at(text_, file_, begin, fmt::format(fmt::runtime(reason), name)));
        }
        aliased_ += found->second.count;
        if (aliased_ > kMaxAliasedNodes) {
            return fail(
                error_at(text_, file_, begin,
                         fmt::format("the aliases of this file expand to more than {} values",
                                     kMaxAliasedNodes)));
        }
        Node copy = found->second.node;
        mark_as_alias(copy, begin, offsets_.mark(event.raw.end_mark));
        return copy;
    }

    Result<Node> scalar(const Event& event) {
        const auto& data = event.raw.data.scalar;
        Node out;
        out.kind = Kind::kScalar;
        out.value.assign(reinterpret_cast<const char*>(data.value), data.length);
        out.quoted = data.style != YAML_PLAIN_SCALAR_STYLE;
        out.block =
            data.style == YAML_LITERAL_SCALAR_STYLE || data.style == YAML_FOLDED_SCALAR_STYLE;
        out.tag = tag_of(data.tag);
        out.begin = offsets_.mark(event.raw.start_mark);
        out.end = offsets_.mark(event.raw.end_mark);
        out.anchor = text_of(data.anchor);
        if (out.tag == "!!null" || (!out.quoted && out.tag.empty() && is_null_word(out.value))) {
            out.kind = Kind::kNull;
        }
        remember(out);
        return out;
    }

    Result<Node> sequence(const Event& event, int depth) {
        const auto& data = event.raw.data.sequence_start;
        Node out;
        out.kind = Kind::kSequence;
        out.tag = tag_of(data.tag);
        out.begin = offsets_.mark(event.raw.start_mark);
        out.flow = data.style == YAML_FLOW_SEQUENCE_STYLE;
        out.anchor = text_of(data.anchor);
        open(out);
        while (true) {
            Event item;
            LIMA_DO(next(item));
            if (item.raw.type == YAML_SEQUENCE_END_EVENT) {
                out.end = offsets_.mark(item.raw.end_mark);
                break;
            }
            LIMA_TRY(Node value, node(item, depth + 1));
            out.items.push_back(std::move(value));
        }
        remember(out);
        return out;
    }

    Result<Node> mapping(const Event& event, int depth) {
        const auto& data = event.raw.data.mapping_start;
        Node out;
        out.kind = Kind::kMapping;
        out.tag = tag_of(data.tag);
        out.begin = offsets_.mark(event.raw.start_mark);
        out.flow = data.style == YAML_FLOW_MAPPING_STYLE;
        out.anchor = text_of(data.anchor);
        open(out);
        std::map<std::string, int, std::less<>> seen;  // key -> line
        std::vector<Node> merges;
        while (true) {
            Event item;
            LIMA_DO(next(item));
            if (item.raw.type == YAML_MAPPING_END_EVENT) {
                out.end = offsets_.mark(item.raw.end_mark);
                break;
            }
            LIMA_TRY(Node key, node(item, depth + 1));
            Event value_event;
            LIMA_DO(next(value_event));
            LIMA_TRY(Node value, node(value_event, depth + 1));
            LIMA_DO(check_key(key, seen));
            if (key.value == "<<" && !key.quoted && !key.alias) {
                LIMA_DO(check_merge(value));
                merges.push_back(std::move(value));
                continue;
            }
            out.entries.push_back(
                Node::Entry{std::move(key.value), key.begin, std::move(value), key.end, false});
        }
        for (const Node& merge : merges) {
            merge_into(out, merge);
        }
        remember(out);
        return out;
    }

    Result<void> check_key(const Node& key, std::map<std::string, int, std::less<>>& seen) const {
        if (key.kind != Kind::kScalar && key.kind != Kind::kNull) {
            return fail(
                error_at(text_, file_, key.begin, "a key must be a plain word or a string"));
        }
        const auto [at, fresh] = seen.emplace(key.value, key.begin.line);
        if (!fresh) {
            return fail(error_at(text_, file_, key.begin,
                                 fmt::format("duplicate key {}: it is already set at line {}",
                                             name_quote(key.value), at->second)));
        }
        return {};
    }

    Result<void> check_merge(const Node& value) const {
        const bool list = value.kind == Kind::kSequence &&
                          std::all_of(value.items.begin(), value.items.end(),
                                      [](const Node& n) { return n.kind == Kind::kMapping; });
        if (value.kind != Kind::kMapping && !list && !value.is_null()) {
            return fail(error_at(text_, file_, value.begin,
                                 "a merge key (<<) takes a map or a list of maps"));
        }
        return {};
    }

    /// Keys written out win over merged ones; earlier merges win over later ones.
    static void merge_into(Node& out, const Node& source) {
        for (const Node& item : source.items) {
            merge_into(out, item);
        }
        for (const Node::Entry& entry : source.entries) {
            if (out.find(entry.key) != nullptr) {
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
            anchors_[node.anchor] = Anchor{node, count_nodes(node)};
        }
    }

    struct Anchor {
        Node node;
        std::size_t count = 0;
    };

    std::string_view text_;
    std::string_view file_;
    OffsetTable offsets_;
    yaml_parser_t parser_{};
    std::map<std::string, Anchor, std::less<>> anchors_;
    std::set<std::string, std::less<>> open_anchors_;
    std::size_t aliased_ = 0;
};

/// A byte order mark makes the first key unknown, as in the original; the message about it can then
/// say why.
void keep_bom(std::string_view text, Node& root) {
    if (text.starts_with(kBom) && root.kind == Kind::kMapping && !root.entries.empty() &&
        root.entries.front().key_begin.offset == kBom.size()) {
        root.entries.front().key.insert(0, kBom);
    }
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

Result<Node> parse_yaml(std::string_view text, std::string_view file) {
    TreeBuilder builder(text, file);
    LIMA_TRY(std::optional<Node> first, builder.document());
    if (!first) {
        return Node{};
    }
    LIMA_DO(builder.check_rest());
    keep_bom(text, *first);
    return std::move(*first);
}

Result<std::vector<Node>> parse_yaml_stream(std::string_view text, std::string_view file) {
    TreeBuilder builder(text, file);
    std::vector<Node> out;
    while (true) {
        LIMA_TRY(std::optional<Node> document, builder.document());
        if (!document) {
            return out;
        }
        out.push_back(std::move(*document));
    }
}

Error error_at(std::string_view text, std::string_view file, const Mark& mark,
               std::string_view message) {
    std::string out = fmt::format("{}:{}:{}: {}", file, mark.line, mark.column, message);
    const auto all = lines(text);
    if (mark.line < 1 || mark.line > static_cast<int>(all.size())) {
        return Error(Code::kInvalidArgument, std::move(out));
    }
    constexpr std::size_t kWidth = 120;
    std::string_view row = all[mark.line - 1];
    std::size_t column = mark.column > 0 ? static_cast<std::size_t>(mark.column) - 1 : 0;
    if (row.size() > kWidth) {
        // A window around the place; cut in bytes, which is good enough for a line that long.
        const std::size_t from =
            column > kWidth / 2 ? std::min(column - kWidth / 2, row.size()) : 0;
        row = row.substr(from, kWidth);
        column -= from;
    }
    std::string pad;
    std::size_t characters = 0;
    for (char c : row) {
        if ((static_cast<unsigned char>(c) & 0xC0U) == 0x80U) {
            continue;
        }
        if (characters++ >= column) {
            break;
        }
        pad += c == '\t' ? '\t' : ' ';
    }
    out += fmt::format("\n{:>6} | {}\n       | {}^", mark.line, row, pad);
    return Error(Code::kInvalidArgument, std::move(out));
}

}  // namespace lima::text
