#include "core/text/yaml_events.hpp"
#include "core/text/yq/yaml_comments.hpp"
#include "core/text/yq/yaml_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace lima::text::yq {
namespace {

/// Aliases are followed by whoever reads the values: what they expand to is bounded here.
constexpr std::size_t kMaxAliasedNodes = 100'000;

class Reader {
public:
    Reader(std::string_view text, std::string_view file)
        : text_(text), file_(file), events_(text, file) {}

    Result<std::vector<NodePtr>> run() {
        while (true) {
            YamlEvent event;
            LIMA_DO(events_.next(event));
            switch (event.raw.type) {
                case YAML_DOCUMENT_START_EVENT:
                    LIMA_DO(document(event));
                    break;
                case YAML_DOCUMENT_END_EVENT:
                    end_document(event);
                    break;
                case YAML_STREAM_END_EVENT:
                    finish();
                    return std::move(documents_);
                default:
                    break;
            }
        }
    }

private:
    struct Anchor {
        NodePtr node;
        std::size_t weight = 0;  // nodes, with aliases followed
        int depth = 0;
    };
    /// What reading a node tells about it.
    struct Read {
        NodePtr node;
        std::size_t end = 0;  // behind its content, before the white space and comments that follow
        std::size_t weight = 1;
        int depth = 1;
    };
    /// Where a node stands while it is read.
    struct Context {
        int depth = 0;
        int place = -1;  // the place around it
        bool key = false;
    };

    Result<void> document(const YamlEvent& event) {
        anchors_.clear();
        aliased_ = 0;
        DocumentPart part;
        part.begin = events_.mark(event.raw.start_mark).offset;
        part.first_place = places_.size();
        if (!parts_.empty() && parts_.back().end == text_.size()) {
            parts_.back().end = part.begin;
        }
        YamlEvent first;
        LIMA_DO(events_.next(first));
        const std::size_t at = add_place(events_.mark(first.raw.start_mark), -1);
        LIMA_TRY(const Read root, node(first, Context{1, static_cast<int>(at), false}));
        places_[at].node = root.node.get();
        places_[at].end = root.end;
        places_[at].column = 0;
        part.last_place = places_.size();
        part.end = text_.size();
        if (parts_.empty() && event.raw.data.document_start.implicit == 0) {
            part.separator = part.begin;
        }
        parts_.push_back(part);
        documents_.push_back(root.node);
        return {};
    }

    /// Behind "..." a comment belongs to the next document.
    void end_document(const YamlEvent& event) {
        if (event.raw.data.document_end.implicit == 0) {
            parts_.back().end = events_.mark(event.raw.end_mark).offset;
        }
    }

    void finish() {
        const bool nothing = documents_.empty();
        if (nothing) {
            documents_.push_back(make_null());
            documents_.front()->value.clear();
            places_.push_back(Place{});
            places_.front().node = documents_.front().get();
            places_.front().begin = text_.size() + 1;
            DocumentPart all;
            all.end = text_.size();
            all.last_place = 1;
            parts_.push_back(all);
        }
        std::sort(extents_.begin(), extents_.end(),
                  [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
        // A byte order mark is as good as white space.
        std::string spaced;
        if (text_.starts_with(kBom)) {
            spaced = std::string(kBom.size(), ' ').append(text_.substr(kBom.size()));
        }
        attach_comments(spaced.empty() ? text_ : spaced, parts_, places_, extents_);
        if (nothing && documents_.front()->head_comment.empty()) {
            documents_.clear();
        }
        for (std::size_t i = 0; i < documents_.size(); ++i) {
            number(*documents_[i], static_cast<int>(i));
        }
    }

    static void number(Node& node, int document) {
        node.document = document;
        for (const NodePtr& item : node.content) {
            number(*item, document);
        }
    }

    std::size_t add_place(const Mark& mark, int parent) {
        Place place;
        place.parent = parent;
        place.line = mark.line;
        place.column = mark.column;
        place.begin = mark.offset;
        place.lead = mark.offset;
        places_.push_back(place);
        return places_.size() - 1;
    }

    Result<Read> node(const YamlEvent& event, const Context& context) {
        const Mark begin = events_.mark(event.raw.start_mark);
        if (context.depth > kMaxDepth) {
            return too_deep(begin);
        }
        if (++count_ > kMaxNodes) {
            return fail(events_.error(begin, fmt::format("more than {} values", kMaxNodes)));
        }
        switch (event.raw.type) {
            case YAML_ALIAS_EVENT:
                return alias(event, context);
            case YAML_SCALAR_EVENT:
                return scalar(event, context);
            case YAML_SEQUENCE_START_EVENT:
                return sequence(event, context);
            case YAML_MAPPING_START_EVENT:
                return mapping(event, context);
            default:
                return fail(events_.error(begin, "a value is missing here"));
        }
    }

    Failure too_deep(const Mark& at) const {
        return fail(events_.error(at, fmt::format("nested more than {} levels deep", kMaxDepth)));
    }

    NodePtr make(Kind kind, const Mark& begin, const yaml_char_t* tag, const yaml_char_t* anchor) {
        auto out = std::make_shared<Node>();
        out->kind = kind;
        out->line = begin.line;
        out->column = begin.column;
        out->tag = tag_of(tag);
        out->tag_written = !out->tag.empty();
        out->anchor = text_of(anchor);
        return out;
    }

    Result<Read> alias(const YamlEvent& event, const Context& context) {
        const Mark begin = events_.mark(event.raw.start_mark);
        const std::string name = text_of(event.raw.data.alias.anchor);
        const auto found = anchors_.find(name);
        if (found == anchors_.end()) {
            const char* reason =
                open_.contains(name) ? "the anchor `{}` contains itself" : "unknown anchor `{}`";
            return fail(events_.error(begin, fmt::format(fmt::runtime(reason), name)));
        }
        aliased_ += found->second.weight;
        if (aliased_ > kMaxAliasedNodes) {
            return fail(events_.error(
                begin, fmt::format("the aliases of this file expand to more than {} values",
                                   kMaxAliasedNodes)));
        }
        if (context.depth + found->second.depth > kMaxDepth) {
            return too_deep(begin);
        }
        Read out;
        out.node = make(Kind::kAlias, begin, nullptr, nullptr);
        out.node->value = name;
        out.node->target = found->second.node;
        out.node->tag.clear();
        out.end = events_.mark(event.raw.end_mark).offset;
        out.weight = found->second.weight;
        out.depth = found->second.depth;
        extents_.push_back(Extent{begin.offset, out.end});
        return out;
    }

    static Style style_of(yaml_scalar_style_t style) {
        switch (style) {
            case YAML_SINGLE_QUOTED_SCALAR_STYLE:
                return Style::kSingleQuoted;
            case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
                return Style::kDoubleQuoted;
            case YAML_LITERAL_SCALAR_STYLE:
                return Style::kLiteral;
            case YAML_FOLDED_SCALAR_STYLE:
                return Style::kFolded;
            default:
                return Style::kDefault;
        }
    }

    Result<Read> scalar(const YamlEvent& event, const Context& context) {
        const auto& data = event.raw.data.scalar;
        const Mark begin = events_.mark(event.raw.start_mark);
        Read out;
        out.node = make(Kind::kScalar, begin, data.tag, data.anchor);
        Node& node = *out.node;
        node.value.assign(reinterpret_cast<const char*>(data.value), data.length);
        node.style = style_of(data.style);
        if (node.tag == "!") {  // no guess wanted
            node.tag = "!!str";
        }
        if (node.tag.empty()) {
            node.tag = node.style == Style::kDefault ? guess_tag(node.value) : "!!str";
            if (node.tag == "!!merge" && !context.key) {
                node.tag = "!!str";
            }
        }
        out.end = events_.mark(event.raw.end_mark).offset;
        const std::size_t content = skip_properties(begin.offset, out.end);
        if (node.style == Style::kLiteral || node.style == Style::kFolded) {
            take_header_comment(node, content);
            out.end = trim_end(content, out.end);
        }
        extents_.push_back(Extent{content, out.end});
        remember(out);
        return out;
    }

    /// Behind the anchor and the tag; comments may stand between them and the scalar.
    std::size_t skip_properties(std::size_t at, std::size_t end) const {
        while (at < end) {
            const char c = text_[at];
            if (c == '&' || c == '!') {
                at = std::min(text_.find_first_of(" \t\r\n", at), end);
            } else if (c == '#') {
                at = std::min(text_.find('\n', at), end);
            } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
                ++at;
            } else {
                break;
            }
        }
        return at;
    }

    void take_header_comment(Node& node, std::size_t content) const {
        const std::size_t end = std::min(text_.find('\n', content), text_.size());
        const std::string_view header = text_.substr(content, end - content);
        if (const std::size_t at = header.find(" #"); at != std::string_view::npos) {
            std::string_view comment = header.substr(at + 1);
            while (comment.ends_with('\r') || comment.ends_with(' ')) {
                comment.remove_suffix(1);
            }
            node.line_comment = comment;
        }
    }

    std::size_t trim_end(std::size_t begin, std::size_t end) const {
        while (end > begin + 1 &&
               std::string_view(" \t\r\n").find(text_[end - 1]) != std::string_view::npos) {
            --end;
        }
        return end;
    }

    Result<Read> sequence(const YamlEvent& event, const Context& context) {
        const auto& data = event.raw.data.sequence_start;
        const Mark begin = events_.mark(event.raw.start_mark);
        Read out;
        out.node = make(Kind::kSequence, begin, data.tag, data.anchor);
        collection(out, data.style == YAML_FLOW_SEQUENCE_STYLE, "!!seq", begin);
        const bool flow = out.node->style == Style::kFlow;
        // A block's mark is its first dash, unless an anchor or a tag stands before it.
        const bool plain = !out.node->tag_written && out.node->anchor.empty();
        int dashes = plain ? begin.column : 0;
        while (true) {
            YamlEvent item;
            LIMA_DO(events_.next(item));
            if (item.raw.type == YAML_SEQUENCE_END_EVENT) {
                if (flow) {
                    out.end = events_.mark(item.raw.end_mark).offset;
                }
                break;
            }
            const Mark mark = events_.mark(item.raw.start_mark);
            if (!flow && dashes == 0) {
                dashes = dash_column(mark);
            }
            const std::size_t at = add_place(mark, context.place);
            if (!flow) {
                places_[at].column = dashes;
                places_[at].lead = dash_before(mark.offset);
            }
            LIMA_TRY(Read value,
                     this->node(item, Context{context.depth + 1, static_cast<int>(at), false}));
            places_[at].node = value.node.get();
            places_[at].end = value.end;
            grow(out, value);
            append(*out.node, std::move(value.node));
        }
        remember(out);
        return out;
    }

    /// The column of the dash that leads to the item, from 1.
    int dash_column(const Mark& item) const {
        std::size_t at = item.offset;
        while (at > 0 && text_[at - 1] == ' ') {
            --at;
        }
        if (at > 0 && text_[at - 1] == '-') {
            const std::size_t line = text_.rfind('\n', at - 1);
            return static_cast<int>(at - (line == std::string_view::npos ? 0 : line + 1));
        }
        return item.column;
    }

    /// The dash right before the item; 0 when something else stands between.
    std::size_t dash_before(std::size_t at) const {
        while (at > 0 &&
               std::string_view(" \t\r\n").find(text_[at - 1]) != std::string_view::npos) {
            --at;
        }
        return at > 0 && text_[at - 1] == '-' ? at - 1 : 0;
    }

    void collection(Read& out, bool flow, const char* tag, const Mark& begin) {
        out.node->style = flow ? Style::kFlow : Style::kDefault;
        if (out.node->tag.empty() || out.node->tag == "!") {
            out.node->tag = tag;
        }
        out.end = begin.offset;
        if (!out.node->anchor.empty()) {
            open_.insert(out.node->anchor);
            anchors_.erase(out.node->anchor);
        }
    }

    static void grow(Read& out, const Read& part) {
        out.weight += part.weight;
        out.depth = std::max(out.depth, part.depth + 1);
        out.end = std::max(out.end, part.end);
    }

    Result<Read> mapping(const YamlEvent& event, const Context& context) {
        const auto& data = event.raw.data.mapping_start;
        const Mark begin = events_.mark(event.raw.start_mark);
        Read out;
        out.node = make(Kind::kMapping, begin, data.tag, data.anchor);
        collection(out, data.style == YAML_FLOW_MAPPING_STYLE, "!!map", begin);
        while (true) {
            YamlEvent key_event;
            LIMA_DO(events_.next(key_event));
            if (key_event.raw.type == YAML_MAPPING_END_EVENT) {
                if (out.node->style == Style::kFlow) {
                    out.end = events_.mark(key_event.raw.end_mark).offset;
                }
                break;
            }
            LIMA_DO(entry(out, key_event, context));
        }
        remember(out);
        return out;
    }

    Result<void> entry(Read& out, const YamlEvent& key_event, const Context& context) {
        const std::size_t at = add_place(events_.mark(key_event.raw.start_mark), context.place);
        const int place = static_cast<int>(at);
        LIMA_TRY(Read key, node(key_event, Context{context.depth + 1, place, true}));
        places_[at].node = key.node.get();
        YamlEvent value_event;
        LIMA_DO(events_.next(value_event));
        const Mark begin = events_.mark(value_event.raw.start_mark);
        // A comment above a value that stands on a line of its own belongs to the value.
        const bool alone = begin.line > places_[at].line && is_inline(value_event);
        const std::size_t own = alone ? add_place(begin, place) : at;
        LIMA_TRY(Read value,
                 node(value_event, Context{context.depth + 1, static_cast<int>(own), false}));
        if (alone) {
            places_[own].node = value.node.get();
            places_[own].end = value.end;
        }
        places_[at].value = value.node.get();
        places_[at].end = std::max(key.end, value.end);
        places_[at].value_follows = alone || !is_inline(value_event);
        grow(out, key);
        grow(out, value);
        append(*out.node, std::move(key.node), std::move(value.node));
        return {};
    }

    /// Scalars with a text, aliases and flow collections.
    static bool is_inline(const YamlEvent& event) {
        switch (event.raw.type) {
            case YAML_SEQUENCE_START_EVENT:
                return event.raw.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
            case YAML_MAPPING_START_EVENT:
                return event.raw.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
            default:
                return event.raw.start_mark.index < event.raw.end_mark.index;
        }
    }

    void remember(const Read& read) {
        if (!read.node->anchor.empty()) {
            open_.erase(read.node->anchor);
            anchors_[read.node->anchor] = Anchor{read.node, read.weight, read.depth};
        }
    }

    std::string_view text_;
    std::string_view file_;
    YamlEvents events_;
    std::vector<NodePtr> documents_;
    std::vector<DocumentPart> parts_;
    std::vector<Place> places_;
    std::vector<Extent> extents_;
    std::map<std::string, Anchor, std::less<>> anchors_;
    std::set<std::string, std::less<>> open_;
    std::size_t aliased_ = 0;
    std::size_t count_ = 0;
};

}  // namespace

Result<std::vector<NodePtr>> decode_yaml(std::string_view text, std::string_view file,
                                         const DecodeOptions&) {
    return Reader(text, file).run();
}

}  // namespace lima::text::yq
