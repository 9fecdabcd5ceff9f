// The tree that yq expressions work on: YAML as it was written, with styles, tags, anchors and comments, so that what an
// expression leaves alone is printed as it stood. Other formats (JSON, properties, CSV, INI, TOML, XML) are read into the same
// tree. Nodes are shared: the same node may be a result and stand in its document, which is what makes assignment work. A node
// does not own its parent; whoever evaluates keeps the documents alive. Not thread-safe.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json_fwd.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lima::text::yq {

enum class Kind { kScalar, kSequence, kMapping, kAlias };

enum class Style { kDefault, kSingleQuoted, kDoubleQuoted, kLiteral, kFolded, kFlow };

struct Node;
using NodePtr = std::shared_ptr<Node>;

struct Node {
    Kind kind = Kind::kScalar;
    Style style = Style::kDefault;
    /// "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!binary", or a tag of the user's such as "!thing".
    std::string tag = "!!null";
    bool tag_written = false;  // print the tag though it could be guessed
    std::string value;         // the scalar's text, unquoted; an alias's name
    std::string anchor;        // without &
    NodePtr target;            // kAlias: the node that the name stands for
    // Comments with their #, lines joined by \n; empty lines between them are kept as empty lines.
    std::string head_comment;  // the lines above
    std::string line_comment;  // behind the value
    std::string foot_comment;  // the lines below, before the next node
    /// Items of a sequence; key, value, key, value … of a mapping.
    std::vector<NodePtr> content;
    // Where it stands. Null and -1 for what stands nowhere, such as a sum.
    Node* parent = nullptr;
    NodePtr key;     // the key node under which the parent mapping has it
    int index = -1;  // its place in the parent sequence
    int document = 0;
    int file = 0;
};

NodePtr make_scalar(std::string tag, std::string value);
NodePtr make_string(std::string value);
NodePtr make_null();
NodePtr make_bool(bool value);
NodePtr make_int(std::int64_t value);
NodePtr make_float(double value);
NodePtr make_sequence();
NodePtr make_mapping();

/// A copy that shares nothing and stands nowhere.
NodePtr clone(const Node& node);
/// The value at the key of a mapping, through an alias; null pointer when there is none.
NodePtr find(const Node& mapping, std::string_view key);
/// Appends to a mapping (a later one with the same key is the caller's mistake) or to a sequence, and sets where it stands.
void append(Node& mapping, NodePtr key, NodePtr value);
void append(Node& sequence, NodePtr item);

/// The values alone; aliases are followed, merge keys resolved. Integers beyond 64 bits become floats.
Json to_json(const Node& node);
NodePtr from_json(const Json& value);

}  // namespace lima::text::yq
