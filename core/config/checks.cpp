#include "core/config/checks.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace lima::config {
namespace {

/// "portForwards" is begun with by "portForwards[0].proto", not by "portForwardsX".
bool begins_with(std::string_view path, std::string_view field) {
    return path.starts_with(field) &&
           (path.size() == field.size() || path[field.size()] == '.' || path[field.size()] == '[');
}

std::size_t first_index(std::string_view path) {
    std::size_t index = 0;
    if (const std::size_t open = path.find('['); open != std::string_view::npos) {
        std::from_chars(path.data() + open + 1, path.data() + path.size(), index);
    }
    return index;
}

}  // namespace

void Problems::forget_about(const std::string& path) {
    const std::string entry = path.substr(0, path.find(']'));
    const auto related = [&path, &entry](const std::string& other) {
        const bool same_entry = entry.size() < path.size() && other.starts_with(entry + "]");
        return same_entry || begins_with(other, path) || begins_with(path, other);
    };
    std::erase_if(list_, [&related](const Problem& problem) {
        return related(problem.path) ||
               std::any_of(problem.needs.begin(), problem.needs.end(), related);
    });
}

void Problems::sort(std::span<const char* const> order) {
    const auto rank = [order](const Problem& problem) {
        std::size_t best = order.size();
        std::size_t length = 0;
        for (std::size_t i = 0; i < order.size(); ++i) {
            const std::string_view field = order[i];
            if (begins_with(problem.path, field) && field.size() > length) {
                best = i;
                length = field.size();
            }
        }
        return std::tuple(best, first_index(problem.path));
    };
    std::stable_sort(list_.begin(), list_.end(),
                     [&rank](const Problem& a, const Problem& b) { return rank(a) < rank(b); });
}

std::string go_list(const std::vector<std::string>& items) { return "[" + join(items, " ") + "]"; }

bool contains(const std::vector<std::string>& items, const std::string& item) {
    return std::find(items.begin(), items.end(), item) != items.end();
}

}  // namespace lima::config
