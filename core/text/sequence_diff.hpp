// Which items of a list stayed, went and came: the shortest such story.
#pragma once

#include "core/base/json_fwd.hpp"

#include <vector>

namespace lima::text {

/// from and to: the item stays, perhaps changed; only from: it went; only to: it came.
struct DiffStep {
    int from = -1;
    int to = -1;
    bool alike = false;  // most of the item is still there
};

/// In the order of the result. Items that are equal are paired first, then those that have most in
/// common, then what is left.
std::vector<DiffStep> diff_sequences(const Json& before, const Json& after);

}  // namespace lima::text
