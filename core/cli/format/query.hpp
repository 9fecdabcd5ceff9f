// yq expressions on what commands print: --yq and --filter of list, --yq of info (spec/cli.md 7.8,
// 9.1).
#pragma once

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/text/yq/evaluate.hpp"

#include <string>
#include <vector>

namespace lima::cli {

class Query {
public:
    /// The expressions are one pipeline. `flag` is for messages.
    static Result<Query> parse(const std::vector<std::string>& expressions,
                               const std::string& flag);
    Result<std::vector<Json>> run(const Json& record) const;

private:
    Query(text::yq::Expression expression, std::string flag)
        : expression_(std::move(expression)), flag_(std::move(flag)) {}

    text::yq::Expression expression_;
    std::string flag_;
};

}  // namespace lima::cli
