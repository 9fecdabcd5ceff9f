// The second opinion: what yaml-cpp reads in a text that we have changed.
#pragma once

#include "core/base/error.hpp"
#include "core/text/yaml.hpp"

#include <string_view>

namespace lima::text {

/// Fails when yaml-cpp sees other values in the new text than our tree of it has, though it saw
/// those of the old text as we do. Where it already differs on the old text - it knows no merge
/// keys, and some odd layouts not - it has no say.
Result<void> read_back(std::string_view old_text, const Node& old_tree, std::string_view new_text,
                       const Node& new_tree);

}  // namespace lima::text
