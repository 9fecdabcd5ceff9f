// The operators that have names: one table, from which the parser knows how many arguments each
// takes, the evaluator what to call, and the help what to say. Internal to core/text/yq.
#pragma once

#include "core/text/yq/ast.hpp"
#include "core/text/yq/evaluator.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lima::text::yq {

struct Operator {
    enum class Arguments {
        kExpressions,  // separated by ;
        kName,         // of an environment variable
        kOptions,      // words separated by commas
    };
    const char* name;
    int least;
    int most;
    Result<Nodes> (*run)(Evaluator& evaluator, const Context& context, const Ast& call);
    const char* doc;
    /// Not null: EXPRESSION NAME = VALUE sets it at each node.
    Result<void> (*set)(Evaluator& evaluator, Node& node, const Node& value,
                        const Ast& call) = nullptr;
    Arguments arguments = Arguments::kExpressions;
};

/// Underscores and case do not count: to_entries is toEntries. Null when there is none.
const Operator* find_operator(std::string_view name);
/// The name that was perhaps meant; empty when nothing comes near.
std::string similar_operator(std::string_view name);
/// How many arguments it takes, for a message.
std::string describe_arguments(const Operator& operation);
/// All of them, by theme.
const std::vector<const Operator*>& all_operators();

}  // namespace lima::text::yq
