#include "core/text/sequence_diff.hpp"

#include "core/base/json.hpp"
#include "core/text/part.hpp"

#include <algorithm>

namespace lima::text {
namespace {

constexpr int kEqual = 1'000'000;
constexpr int kMember = 10;

/// How much of an item is left in another one: nothing when one cannot have become the other.
int likeness(const Json& a, const Json& b) {
    if (same_value(a, b)) {
        return kEqual;
    }
    if (a.is_object() != b.is_object() || a.is_array() != b.is_array()) {
        return 0;
    }
    int score = 1;
    if (a.is_object()) {
        for (const auto& [key, value] : a.items()) {
            const auto other = b.find(key);
            score += other != b.end() && same_value(value, *other) ? kMember : 0;
        }
    }
    return score;
}

DiffStep pair_of(const Json& before, const Json& after, std::size_t i, std::size_t k, int score) {
    const auto half = static_cast<int>(std::max(before[i].size(), after[k].size()) * kMember / 2);
    const bool members = before[i].is_object() && score > half;
    return {static_cast<int>(i), static_cast<int>(k), score == kEqual || members};
}

/// The pairs, in order, that keep the most.
std::vector<DiffStep> align(const Json& before, const Json& after) {
    const std::size_t rows = before.size();
    const std::size_t columns = after.size();
    using Table = std::vector<std::vector<std::int64_t>>;
    Table score(rows, std::vector<std::int64_t>(columns, 0));
    Table best(rows + 1, std::vector<std::int64_t>(columns + 1, 0));
    for (std::size_t i = rows; i-- > 0;) {
        for (std::size_t k = columns; k-- > 0;) {
            score[i][k] = likeness(before[i], after[k]);
            const std::int64_t paired = score[i][k] == 0 ? 0 : best[i + 1][k + 1] + score[i][k];
            best[i][k] = std::max({paired, best[i + 1][k], best[i][k + 1]});
        }
    }
    std::vector<DiffStep> pairs;
    std::size_t i = 0;
    std::size_t k = 0;
    while (i < rows && k < columns) {
        if (score[i][k] != 0 && best[i][k] == best[i + 1][k + 1] + score[i][k]) {
            pairs.push_back(pair_of(before, after, i, k, static_cast<int>(score[i][k])));
            ++i;
            ++k;
        } else if (best[i + 1][k] >= best[i][k + 1]) {
            ++i;
        } else {
            ++k;
        }
    }
    return pairs;
}

/// For lists so long that the table would be large.
std::vector<DiffStep> position_by_position(const Json& before, const Json& after) {
    std::vector<DiffStep> pairs;
    for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
        if (const int score = likeness(before[i], after[i]); score != 0) {
            pairs.push_back(pair_of(before, after, i, i, score));
        }
    }
    return pairs;
}

}  // namespace

std::vector<DiffStep> diff_sequences(const Json& before, const Json& after) {
    constexpr std::size_t kMaxCells = 250'000;
    auto pairs = before.size() * after.size() <= kMaxCells ? align(before, after)
                                                           : position_by_position(before, after);
    pairs.push_back(DiffStep{static_cast<int>(before.size()), static_cast<int>(after.size())});
    std::vector<DiffStep> out;
    int from = 0;
    int to = 0;
    for (const DiffStep& pair : pairs) {
        // What was left over on both sides replaces each other.
        while (from < pair.from && to < pair.to) {
            out.push_back(DiffStep{from++, to++});
        }
        while (from < pair.from) {
            out.push_back(DiffStep{from++, -1});
        }
        while (to < pair.to) {
            out.push_back(DiffStep{-1, to++});
        }
        if (pair.from < static_cast<int>(before.size())) {
            out.push_back(pair);
            from = pair.from + 1;
            to = pair.to + 1;
        }
    }
    return out;
}

}  // namespace lima::text
