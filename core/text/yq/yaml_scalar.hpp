// How a scalar is spelled in YAML: in its own style where that can hold it, else in the next one
// that can. Internal to core/text/yq.
#pragma once

#include "core/text/yq/node.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lima::text::yq {

struct ScalarPlace {
    bool flow = false;  // inside [ ] or { }
    bool key = false;
};

/// A scalar on one line, or the header of a block scalar with its lines, which are yet to be
/// indented.
struct ScalarText {
    std::string text;
    std::vector<std::string> lines;  // of a block; empty ones stay empty
    bool block = false;
};

/// `indent` is the number of columns that a block's lines are indented by, for the header of those
/// that begin with a space.
ScalarText scalar_text(const Node& node, const ScalarPlace& place, int indent);

}  // namespace lima::text::yq
