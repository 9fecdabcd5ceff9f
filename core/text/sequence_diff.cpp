#include "core/text/sequence_diff.hpp"

#include "core/base/json.hpp"
#include "core/text/part.hpp"

namespace lima::text {
namespace {

/// Pairs of a longest common subsequence of before[b0, b1) and after[a0, a1).
std::vector<DiffStep> common_items(const Json& before, const Json& after) {
    const std::size_t rows = before.size();
    const std::size_t columns = after.size();
    std::vector<std::vector<int>> length(rows + 1, std::vector<int>(columns + 1, 0));
    std::vector<std::vector<bool>> equal(rows, std::vector<bool>(columns, false));
    for (std::size_t i = rows; i-- > 0;) {
        for (std::size_t k = columns; k-- > 0;) {
            equal[i][k] = same_value(before[i], after[k]);
            length[i][k] = equal[i][k] ? length[i + 1][k + 1] + 1
                                       : std::max(length[i + 1][k], length[i][k + 1]);
        }
    }
    std::vector<DiffStep> pairs;
    std::size_t i = 0;
    std::size_t k = 0;
    while (i < rows && k < columns) {
        if (equal[i][k]) {
            pairs.push_back(DiffStep{static_cast<int>(i++), static_cast<int>(k++)});
        } else if (length[i + 1][k] >= length[i][k + 1]) {
            ++i;
        } else {
            ++k;
        }
    }
    return pairs;
}

bool alike(const Json& a, const Json& b) {
    return a.is_object() == b.is_object() && a.is_array() == b.is_array();
}

}  // namespace

std::vector<DiffStep> diff_sequences(const Json& before, const Json& after) {
    // A list of lima.yaml is short; beyond that the table would be large, and position by position
    // is good enough.
    constexpr std::size_t kMaxCells = 1'000'000;
    std::vector<DiffStep> anchors;
    if (before.size() * after.size() <= kMaxCells) {
        anchors = common_items(before, after);
    }
    anchors.push_back(DiffStep{static_cast<int>(before.size()), static_cast<int>(after.size())});
    std::vector<DiffStep> out;
    int from = 0;
    int to = 0;
    for (const DiffStep& anchor : anchors) {
        while (from < anchor.from && to < anchor.to && alike(before[from], after[to])) {
            out.push_back(DiffStep{from++, to++});
        }
        while (from < anchor.from) {
            out.push_back(DiffStep{from++, -1});
        }
        while (to < anchor.to) {
            out.push_back(DiffStep{-1, to++});
        }
        if (anchor.from < static_cast<int>(before.size())) {
            out.push_back(anchor);
            from = anchor.from + 1;
            to = anchor.to + 1;
        }
    }
    return out;
}

}  // namespace lima::text
