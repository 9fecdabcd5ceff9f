// The tokens and the tree of a Go template. For the implementation of go_template.hpp only.
#pragma once

#include "core/base/json.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lima::text::gotmpl {

enum class Kind {
    kError,  // the text says what is wrong
    kEnd,    // of the template
    kText,
    kLeftDelim,
    kRightDelim,
    kSpace,
    kBool,
    kCharConstant,
    kNumber,
    kString,
    kRawString,
    kNil,
    kDot,
    kField,     // ".name"
    kVariable,  // "$" or "$name"
    kIdentifier,
    kKeyword,
    kAssign,
    kDeclare,
    kComma,
    kPipe,
    kLeftParen,
    kRightParen,
    kCharacter,  // any other
};

struct Token {
    Kind kind = Kind::kEnd;
    std::size_t pos = 0;
    std::size_t line = 1;
    std::string text;
};

/// Ends in kEnd or kError.
std::vector<Token> lex(std::string_view text);

enum class NodeKind {
    kList,
    kText,
    kAction,
    kIf,
    kRange,
    kWith,
    kTemplate,
    kBreak,
    kContinue,
    // below an action
    kPipe,
    kCommand,
    kIdentifier,
    kField,
    kVariable,
    kChain,
    kDot,
    kNil,
    kBool,
    kNumber,
    kString,
};

/// One kind of node for all: what a member means depends on the kind.
struct Node {
    NodeKind kind = NodeKind::kList;
    std::size_t pos = 0;
    std::string text;  // text; a literal or identifier as written; a template's name
    std::vector<std::string>
        names;  // field, chain: the path; variable: "$x" and a path; pipe: what it declares
    bool assigns = false;  // pipe: = and not :=
    Json value;            // the value of a literal
    std::vector<std::unique_ptr<Node>>
        children;                // list; pipe: commands; command: arguments; chain: its operand
    std::unique_ptr<Node> pipe;  // action, if, range, with, template
    std::unique_ptr<Node> body;
    std::unique_ptr<Node> otherwise;
};

using NodePtr = std::unique_ptr<Node>;
using Trees = std::map<std::string, NodePtr>;

/// As in error messages: the node in source form, blanks normalised.
std::string describe(const Node& node);

/// The template and those that it defines, by name. `has_function` says which functions may be
/// called.
Result<Trees> parse_trees(std::string_view text, const std::string& name,
                          const std::function<bool(const std::string&)>& has_function);

}  // namespace lima::text::gotmpl
