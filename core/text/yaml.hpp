// YAML as a tree with positions: what every reader of lima.yaml works on. Built from libyaml's
// events (start and end marks); scalars keep their text, style and tag, so that "1" and 1 stay
// apart. YAML 1.2 core scalars; duplicate keys, tabs and unknown anchors are errors with line and
// column. Merge keys (<<) and aliases are resolved for reading; an aliased node keeps the mark of
// where it is used. Value type: a Node owns its children.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json_fwd.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lima::text {

/// One-based line and column, zero-based byte offset into the text.
struct Mark {
    int line = 0;
    int column = 0;
    std::size_t offset = 0;
};

enum class Kind { kNull, kScalar, kSequence, kMapping };

struct Node {
    Kind kind = Kind::kNull;
    std::string value;    // the scalar's text
    bool quoted = false;  // quoted or block scalar: always a string
    std::string tag;      // explicit tag such as "!!binary", else empty
    Mark begin;
    Mark end;
    bool alias = false;       // came through an alias or a merge key: not to be edited in place
    std::vector<Node> items;  // sequence
    struct Entry;
    std::vector<Entry> entries;  // mapping, in order
    bool flow = false;           // [a, b] or {a: b}
    bool block = false;          // a | or > scalar
    std::string anchor;          // the node's own anchor, without &

    /// The value at the key, or nullptr.
    const Node* find(std::string_view key) const;
    bool is_null() const;
};

struct Node::Entry {
    std::string key;
    Mark key_begin;
    Node value;
    Mark key_end;
    bool merged = false;  // came through a merge key
};

struct Misread {
    Mark at;
    Error error;
};

/// A text with its mistakes: a key that is given twice does not stop the reading (the first value
/// counts), and when something does, `root` has what came before it.
struct ReadYaml {
    Node root;
    std::vector<Misread> mistakes;
    bool complete = true;
};
ReadYaml read_yaml(std::string_view text, std::string_view file);

/// An empty or comment-only text is a null node. Errors read "FILE:LINE:COLUMN: what" and show the
/// line.
Result<Node> parse_yaml(std::string_view text, std::string_view file);
/// All documents of a stream.
Result<std::vector<Node>> parse_yaml_stream(std::string_view text, std::string_view file);
/// How a plain scalar becomes a value. kCore: YAML 1.2. kGo: what Lima's decoder does
/// (spec/config.md A.1): underscores, 0b and leading-zero octals are numbers, a float has exactly
/// one dot.
enum class Schema { kCore, kGo };
/// null, true/false, numbers, else string; quoted is always string; !!binary is decoded.
Json to_json(const Node& node, Schema schema = Schema::kCore);
/// The bytes of a !!binary scalar.
Result<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes);
/// "FILE:3:7: message" with the source line and a caret below it.
Error error_at(std::string_view text, std::string_view file, const Mark& mark,
               std::string_view message);

/// Block style, two spaces, sequences at their parent's indent, quoting by Go's rules
/// (spec/config.md 8.5). Text that is no UTF-8 becomes !!binary.
std::string emit_yaml(const Json& value);
/// One line: [a, "b, c"] and {k: v}.
std::string emit_flow(const Json& value);

}  // namespace lima::text
