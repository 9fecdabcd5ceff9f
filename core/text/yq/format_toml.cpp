// TOML is read by toml++, which knows where each value stands: order, spelling of numbers and
// comments are taken from the text there.
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/yq/formats.hpp"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <algorithm>
#include <set>
#include <toml++/toml.h>
#include <utility>

namespace lima::text::yq {
namespace {

using Position = toml::source_position;

/// The text by lines and columns, and the comments in it, each of which is given out once.
class Source {
public:
    explicit Source(std::string_view text) : text_(text) {
        for (std::size_t at = 0; at <= text.size();) {
            begins_.push_back(at);
            const std::size_t end = text.find('\n', at);
            at = end == std::string_view::npos ? text.size() + 1 : end + 1;
        }
    }

    /// Columns count code points, from 1.
    std::size_t offset(const Position& position) const {
        if (position.line == 0 || position.line > begins_.size()) {
            return text_.size();
        }
        std::size_t at = begins_[position.line - 1];
        for (std::uint32_t i = 1; i < position.column && at < text_.size(); ++i) {
            at += utf8::decode(text_.substr(at)).size;
        }
        return std::min(at, text_.size());
    }

    std::string spelled(const toml::source_region& region) const {
        const std::size_t begin = offset(region.begin);
        const std::size_t end = std::max(offset(region.end), begin);
        return std::string(trim(text_.substr(begin, end - begin)));
    }

    std::string_view line(std::size_t number) const {
        if (number == 0 || number > begins_.size()) {
            return {};
        }
        const std::size_t begin = begins_[number - 1];
        return trim(text_.substr(begin, text_.find('\n', begin) - begin));
    }

    /// The comments in the lines above, if nothing stands before this in its own line.
    std::string above(const Position& position) {
        const std::size_t at = offset(position);
        const std::size_t begin = begins_[std::min<std::size_t>(position.line, begins_.size()) - 1];
        if (trim(text_.substr(begin, at - begin)).find_first_not_of('[') !=
            std::string_view::npos) {
            return {};
        }
        std::size_t first = position.line;
        while (first > 1 && is_free(first - 1)) {
            --first;
        }
        return take(first, position.line);
    }

    /// The comment behind it in the same line.
    std::string behind(const Position& position) {
        std::size_t at = offset(position);
        const std::size_t next = text_.find_first_not_of(" \t]", at);
        if (next != std::string_view::npos && text_[next] == ',') {
            at = next + 1;
        }
        at = text_.find_first_not_of(" \t]", at);
        if (at == std::string_view::npos || text_[at] != '#' || !behind_.insert(at).second) {
            return {};
        }
        return std::string(trim(text_.substr(at, text_.find('\n', at) - at)));
    }

    /// What stands at the end, below everything.
    std::string rest() {
        std::size_t first = begins_.size() + 1;
        while (first > 1 && is_free(first - 1)) {
            --first;
        }
        return take(first, begins_.size() + 1);
    }

private:
    bool is_free(std::size_t number) const {
        const std::string_view content = line(number);
        return (content.empty() || content.front() == '#') && used_.count(number) == 0;
    }

    std::string take(std::size_t first, std::size_t end) {
        std::string out;
        for (std::size_t number = first; number < end; ++number) {
            out += std::string(line(number)) + "\n";
            used_.insert(number);
        }
        return std::string(trim(out));
    }

    std::string_view text_;
    std::vector<std::size_t> begins_;
    std::set<std::size_t> used_;
    std::set<std::size_t> behind_;
};

class Reader {
public:
    explicit Reader(Source& source) : source_(source) {}

    NodePtr read(const toml::node& node) {
        NodePtr out = node.is_table()   ? table(*node.as_table())
                      : node.is_array() ? array(*node.as_array())
                                        : scalar(node);
        out->line = static_cast<int>(node.source().begin.line);
        out->column = static_cast<int>(node.source().begin.column);
        return out;
    }

private:
    NodePtr table(const toml::table& table) {
        NodePtr out = make_mapping();
        out->style = table.is_inline() ? Style::kFlow : Style::kDefault;
        std::vector<std::pair<const toml::key*, const toml::node*>> entries;
        for (const auto& [key, value] : table) {
            entries.emplace_back(&key, &value);
        }
        std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
            return a.first->source().begin < b.first->source().begin;
        });
        for (const auto& [key, value] : entries) {
            NodePtr name = make_string(std::string(key->str()));
            name->head_comment = source_.above(key->source().begin);
            NodePtr node = read(*value);
            const bool opened = value->is_table() && !value->as_table()->is_inline();
            if (opened) {
                name->line_comment = source_.behind(key->source().end);
            } else if (node->line_comment.empty()) {
                node->line_comment = source_.behind(value->source().end);
            }
            append(*out, std::move(name), std::move(node));
        }
        return out;
    }

    NodePtr array(const toml::array& array) {
        NodePtr out = make_sequence();
        bool written = true;  // as [a, b], not as several [[a]]
        for (const toml::node& item : array) {
            written = !item.is_table() || item.as_table()->is_inline();
            std::string above = source_.above(item.source().begin);
            NodePtr node = read(item);
            node->head_comment = std::move(above);
            if (written) {
                node->line_comment = source_.behind(item.source().end);
            }
            append(*out, std::move(node));
        }
        return out;
    }

    NodePtr scalar(const toml::node& node) {
        if (const auto* text = node.as_string()) {
            return make_string(text->get());
        }
        if (const auto* boolean = node.as_boolean()) {
            return make_bool(boolean->get());
        }
        std::string spelled = source_.spelled(node.source());
        if (node.is_integer()) {
            return make_scalar("!!int", std::move(spelled));
        }
        if (node.is_floating_point()) {
            if (spelled.ends_with("inf")) {
                spelled = spelled.starts_with('-') ? "-.inf" : ".inf";
            } else if (spelled.ends_with("nan")) {
                spelled = ".nan";
            }
            return make_scalar("!!float", std::move(spelled));
        }
        // A date or a time; YAML knows no time alone.
        return make_scalar(std::string(guess_tag(spelled)), spelled);
    }

    Source& source_;
};

}  // namespace

Result<Documents> decode_toml(std::string_view text, std::string_view file, const DecodeOptions&) {
    if (trim(text).empty()) {
        return Documents{};
    }
    Source source(text);
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
        return fail_at(text, file, source.offset(parsed.error().source().begin),
                       fmt::format("not valid TOML: {}", parsed.error().description()));
    }
    NodePtr root = Reader(source).read(parsed.table());
    root->foot_comment = source.rest();
    return Documents{root};
}

}  // namespace lima::text::yq
