// The tree that yq expressions work on: YAML as it was written, with styles, tags, anchors and
// comments, so that what an expression leaves alone is printed as it stood. Other formats (JSON,
// properties, CSV, INI, TOML, XML) are read into the same tree. Nodes are shared: the same node may
// be a result and stand in its document, which is what makes assignment work. A node does not own
// its parent; whoever evaluates keeps the documents alive. Not thread-safe.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json_fwd.hpp"

#include <cstdint>
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
    /// "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!binary", or a tag of
    /// the user's such as "!thing".
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
    /// How it stands there. What is looked up and not found is a null that will be put in place
    /// once something is assigned to it; a value that a merge key brings in becomes a key of its
    /// own then.
    enum class Standing { kThere, kAbsent, kMerged, kComputed };
    Standing standing = Standing::kThere;
    int document = 0;
    int file = 0;
    int line = 0;  // from 1, in the text it was read from; 0 for what was made
    int column = 0;

    /// A key of a mapping: it stands in one, and no key leads to it.
    bool is_key() const { return parent != nullptr && parent->kind == Kind::kMapping && !key; }
};

/// No tree, written out, is deeper or has more nodes than this: readers and the evaluator refuse
/// what is. Recursion over a tree may count on it.
constexpr int kMaxDepth = 500;
constexpr std::size_t kMaxNodes = 2'000'000;

/// What the unquoted word is: "!!null", "!!bool", "!!int", "!!float", "!!timestamp", "!!merge" or
/// "!!str".
std::string_view guess_tag(std::string_view word);

NodePtr make_scalar(std::string tag, std::string value);
NodePtr make_string(std::string value);
NodePtr make_null();
NodePtr make_bool(bool value);
NodePtr make_int(std::int64_t value);
NodePtr make_float(double value);
NodePtr make_sequence();
NodePtr make_mapping();

/// A copy that shares nothing and stands nowhere. Aliases in it of anchors in it name the copies.
NodePtr clone(const Node& node);
/// The node, or what it stands for when it is an alias.
const Node& follow(const Node& node);
Node& follow(Node& node);
/// The value at the key of a mapping, through an alias; null pointer when there is none.
NodePtr find(const Node& mapping, std::string_view key);
/// Appends to a mapping (a later one with the same key is the caller's mistake) or to a sequence,
/// and sets where it stands.
void append(Node& mapping, NodePtr key, NodePtr value);
void append(Node& sequence, NodePtr item);
/// Puts `from`'s content, tag, style and comments in the place of `to`'s, which stays where it
/// stands.
void replace_content(Node& to, const Node& from);
/// Sets parent, key and index of what it contains, after `content` was changed.
void settle(Node& node);

/// The values alone; aliases are followed, merge keys resolved. Integers beyond 64 bits become
/// floats.
Json to_json(const Node& node);
NodePtr from_json(const Json& value);

}  // namespace lima::text::yq
