// Any text: the parser answers with a tree whose marks lie in the text, or with an error that names
// a place. What was read means the same after it was printed, as a block and as one line. yaml-cpp
// reads the same values.
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/part.hpp"
#include "core/text/yaml.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/yaml_cpp.hpp"

#include <algorithm>

namespace lima::fuzz {
namespace {

/// libyaml breaks lines at these too; editors do not.
bool has_odd_breaks(std::string_view text) {
    for (std::size_t at = text.find('\r'); at != std::string_view::npos;
         at = text.find('\r', at + 1)) {
        if (text.substr(at + 1, 1) != "\n") {
            return true;
        }
    }
    return text.find("\xC2\x85") != std::string_view::npos ||
           text.find("\xE2\x80\xA8") != std::string_view::npos ||
           text.find("\xE2\x80\xA9") != std::string_view::npos;
}

class Marks {
public:
    explicit Marks(std::string_view text) : text_(text), count_lines_(!has_odd_breaks(text)) {}

    void check(const text::Node& node, std::size_t from, std::size_t to) const {
        check(node.begin, node.end, from, to);
        if (node.alias) {
            return;  // its parts stand elsewhere
        }
        for (const text::Node& item : node.items) {
            check(item, node.begin.offset, node.end.offset);
        }
        for (const text::Node::Entry& entry : node.entries) {
            check(entry.key_begin, entry.key_end, node.begin.offset, node.end.offset);
            check(entry.value, node.begin.offset, node.end.offset);
        }
    }

private:
    void check(const text::Mark& begin, const text::Mark& end, std::size_t from,
               std::size_t to) const {
        require(from <= begin.offset && begin.offset <= end.offset && end.offset <= to,
                "a node at {} to {} is not between {} and {}", begin.offset, end.offset, from, to);
        require(begin.line >= 1 && begin.column >= 1, "line {}, column {}", begin.line,
                begin.column);
        if (count_lines_) {
            const auto before = text_.substr(0, begin.offset);
            const auto line = std::count(before.begin(), before.end(), '\n') + 1;
            require(line == begin.line, "offset {} is in line {}, not {}", begin.offset, line,
                    begin.line);
        }
    }

    std::string_view text_;
    bool count_lines_;
};

/// Text, and nothing that steers a terminal.
bool harmless(std::string_view message) {
    return utf8::valid(message) && std::none_of(message.begin(), message.end(), [](char c) {
               return (c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == '\x7F';
           });
}

void reads_back(const Json& value, const std::string& printed) {
    const auto tree = text::parse_yaml(printed, "printed");
    require(tree.has_value(), "what was printed is refused: {}\n{}",
            tree ? "" : tree.error().text(), printed);
    const Json again = text::to_json(*tree, text::Schema::kGo);
    require(text::same_value(value, again), "printed as\n{}\n{} is read as {}", printed,
            dump_json(value), dump_json(again));
}

/// A name behind & or * that ends where the other parser sees its end too.
bool plain_anchors(std::string_view text) {
    for (std::size_t at = text.find_first_of("&*"); at != std::string_view::npos;
         at = text.find_first_of("&*", at + 1)) {
        const std::size_t end = std::min(
            text.find_first_not_of(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", at + 1),
            text.size());
        if (end < text.size() &&
            std::string_view(" \n,]}").find(text[end]) == std::string_view::npos) {
            return false;
        }
    }
    return true;
}

/// Only what both parsers know: no tabs and odd line breaks, tags, directives, explicit and merge
/// keys.
bool comparable(std::string_view text) {
    const bool plain = std::all_of(text.begin(), text.end(),
                                   [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
    return plain && text.size() < 4096 && text.find_first_of("!%?") == std::string_view::npos &&
           text.find("<<") == std::string_view::npos &&
           // yaml-cpp makes one byte of each, which is no UTF-8
           text.find("\\_") == std::string_view::npos &&
           text.find("\\N") == std::string_view::npos && plain_anchors(text);
}

/// libyaml takes "-\n>" for a list with a text, where the text should stand deeper than the dash.
bool well_indented(const text::Node& node) {
    const auto deeper = [](const text::Node& child, int column) {
        return child.is_null() || child.alias || child.begin.column > column;
    };
    for (const text::Node& item : node.items) {
        if (!well_indented(item) || (!node.flow && !deeper(item, node.begin.column))) {
            return false;
        }
    }
    for (const text::Node::Entry& entry : node.entries) {
        const int least = entry.key_begin.column - (entry.value.items.empty() ? 0 : 1);
        if (!well_indented(entry.value) || (!node.flow && !deeper(entry.value, least))) {
            return false;
        }
    }
    return true;
}

}  // namespace

LIMA_FUZZ_TARGET(yaml) {
    const auto tree = text::parse_yaml(input, "t.yaml");
    const auto documents = text::parse_yaml_stream(input, "t.yaml");
    require(tree.has_value() || !documents, "one document is refused, all of them are not");
    if (!tree) {
        const std::string& message = tree.error().text();
        require(message.starts_with("t.yaml:"), "no place in: {}", message);
        require(harmless(message), "the terminal is not safe from {}", go_quote(message));
        return;
    }
    if (tree->begin.line > 0) {  // no document at all stands nowhere
        Marks(input).check(*tree, 0, input.size());
    }
    const Json value = text::to_json(*tree, text::Schema::kGo);
    reads_back(value, text::emit_yaml(value));
    reads_back(value, text::emit_flow(value));
    (void)text::to_json(*tree, text::Schema::kCore);
    // A text alone over several lines is another for yaml-cpp.
    if (!comparable(input) || tree->kind == text::Kind::kScalar || !well_indented(*tree)) {
        return;
    }
    if (const auto theirs = test::yaml_cpp_read(std::string(input))) {
        const std::string difference = test::yaml_cpp_difference(*tree, *theirs);
        require(difference.empty(), "we or yaml-cpp: {}", difference);
    }
}

}  // namespace lima::fuzz
