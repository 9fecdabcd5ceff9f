// What a parsed chain of assignments consists of. Internal to core/text.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lima::text::expression {

struct Value;

/// One step of a path.
struct PathStep {
    enum class Type { kKey, kIndex, kEach, kSelect };
    Type type = Type::kKey;
    std::string key;
    int index = 0;
    std::shared_ptr<const Value> condition;  // kSelect
    std::size_t column = 0;                  // where it stands in the expression, from 0
};
using Path = std::vector<PathStep>;

/// Something that yields values: a constant, a path, a list or map of others, a sum, a comparison.
struct Value {
    enum class Type { kConstant, kPath, kList, kMap, kSum, kEqual, kNotEqual };
    Type type = Type::kConstant;
    Json constant;
    Path path;
    std::vector<Value> parts;       // kList, kMap, and both sides of the operators
    std::vector<std::string> keys;  // kMap
    std::size_t column = 0;
};

struct Statement {
    enum class Type { kNothing, kAssign, kAppend, kUpdate, kUnique, kDelete };
    Type type = Type::kNothing;
    Path target;
    Value value;
    Path by;  // kUnique: unique_by(path); empty for unique
    std::size_t column = 0;
};

Result<std::vector<Statement>> parse(std::string_view text);
/// The error with the expression and a caret below the column.
Error error_in(std::string_view text, std::size_t column, Code code, std::string_view message);

}  // namespace lima::text::expression
