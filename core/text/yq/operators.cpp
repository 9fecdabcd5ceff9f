#include "core/text/yq/operators.hpp"

#include "core/base/text.hpp"
#include "core/text/yq/operator_themes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace lima::text::yq {
namespace {

std::string plain(std::string_view name) {
    std::string out = to_lower(name);
    std::erase(out, '_');
    return out;
}

const std::unordered_map<std::string, const Operator*>& by_name() {
    static const auto kTable = [] {
        std::unordered_map<std::string, const Operator*> out;
        for (const Operator* const each : all_operators()) {
            out.emplace(plain(each->name), each);
        }
        return out;
    }();
    return kTable;
}

}  // namespace

const std::vector<const Operator*>& all_operators() {
    static const auto kAll = [] {
        std::vector<const Operator*> out;
        for (const auto theme :
             {path_operators, entry_operators, list_operators, string_operators,
              attribute_operators, encoding_operators, outside_operators, date_operators}) {
            for (const Operator& each : theme()) {
                out.push_back(&each);
            }
        }
        return out;
    }();
    return kAll;
}

const Operator* find_operator(std::string_view name) {
    const auto found = by_name().find(plain(name));
    return found == by_name().end() ? nullptr : found->second;
}

std::string similar_operator(std::string_view name) {
    const std::string wanted = plain(name);
    std::string best;
    std::size_t best_distance = wanted.size() < 5 ? 1 : 2;
    for (const Operator* const each : all_operators()) {
        const std::size_t distance = edit_distance(wanted, plain(each->name));
        if (distance <= best_distance && wanted.size() > 2) {
            best_distance = distance - (distance > 0 ? 1 : 0);
            best = each->name;
        }
    }
    return best;
}

std::string describe_arguments(const Operator& operation) {
    if (operation.most == 0) {
        return fmt::format("{} takes no arguments", name_quote(operation.name));
    }
    const std::string count = operation.least == operation.most
                                  ? fmt::format("{}", operation.least)
                                  : fmt::format("{} to {}", operation.least, operation.most);
    return fmt::format("{} takes {} argument{} in brackets, separated by `;`",
                       name_quote(operation.name), count, operation.most == 1 ? "" : "s");
}

}  // namespace lima::text::yq
