// Where the operators are written down, one file for each theme. Internal to core/text/yq.
#pragma once

#include "core/text/yq/operators.hpp"

#include <vector>

namespace lima::text::yq {

const std::vector<Operator>& path_operators();
const std::vector<Operator>& entry_operators();
const std::vector<Operator>& list_operators();
const std::vector<Operator>& string_operators();
const std::vector<Operator>& attribute_operators();
const std::vector<Operator>& encoding_operators();
const std::vector<Operator>& outside_operators();
const std::vector<Operator>& date_operators();

/// One result for each node.
template <class Call>
Result<Nodes> each_node(const Context& context, Call call) {
    Nodes out;
    out.reserve(context.nodes.size());
    for (const NodePtr& node : context.nodes) {
        LIMA_TRY(NodePtr result, call(node));
        if (result != nullptr) {
            out.push_back(std::move(result));
        }
    }
    return out;
}

/// "the value at a.b is a !!str", for messages about a wrong type.
std::string what_is_there(const Node& node);

}  // namespace lima::text::yq
