// What an expression consists of. Internal to core/text/yq.
#pragma once

#include "core/text/yq/node.hpp"

#include <memory>
#include <string>
#include <vector>

namespace lima::text::yq {

struct Ast;
struct Operator;
using AstPtr = std::shared_ptr<const Ast>;

/// What `*`, `*=`, `=` and the like do differently: the letters behind them.
struct Flags {
    bool append = false;        // + lists are joined
    bool existing = false;      // ? only keys that are there
    bool only_new = false;      // n only keys that are not there
    bool deep = false;          // d lists are merged item by item
    bool clobber_tags = false;  // c tags of the user's are replaced too
};

struct Ast {
    enum class Type {
        kSelf,          // .
        kRecurse,       // .. and, with `keys`, ...
        kKey,           // .name: text
        kIndex,         // target [ expression ]: two parts
        kEach,          // target [ ]: one part
        kSlice,         // target [ from : to ]: three parts, of which the ends may be null
        kLiteral,       // value
        kText,          // a string with \(…) in it: the parts make it up
        kVariable,      // $text
        kPipe,          // one after the other
        kUnion,         // ,
        kBind,          // part 0 as $text | part 1; `reference` for `ref`
        kReduce,        // part 0 as $text ireduce ( part 1 ; part 2 )
        kCollect,       // [ part 0 ], or [ ] without one
        kObject,        // { key : value … }: parts in pairs
        kAssign,        // =, and with `update` |=
        kBinary,        // text is the operator
        kBinaryAssign,  // text is the operator, without its =
        kCall,          // an operator with a name
        kAttribute,     // part 0 NAME = part 1, with `update` |=; `operation` sets it
    };
    Type type = Type::kSelf;
    std::size_t column = 0;  // byte offset into the expression
    int depth = 1;
    std::string text;
    NodePtr value;
    std::vector<AstPtr> parts;
    const Operator* operation = nullptr;
    Flags flags;
    bool keys = false;
    bool optional = false;  // ? behind it: what cannot be looked up is nothing
    bool update = false;
    bool reference = false;
};

}  // namespace lima::text::yq
