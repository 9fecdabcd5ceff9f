#include "core/cli/format/query.hpp"

#include "core/base/text.hpp"

namespace lima::cli {

Result<Query> Query::parse(const std::vector<std::string>& expressions, const std::string& flag) {
    LIMA_TRY(auto expression, text::yq::parse(join(expressions, " | ")), "error in {}", flag);
    return Query(std::move(expression), flag);
}

Result<std::vector<Json>> Query::run(const Json& record) const {
    LIMA_TRY(const auto nodes, text::yq::evaluate(expression_, text::yq::from_json(record)),
             "cannot evaluate {}", flag_);
    std::vector<Json> results;
    for (const auto& node : nodes) {
        results.push_back(text::yq::to_json(*node));
    }
    return results;
}

}  // namespace lima::cli
