// Elastic columns: every cell at least four wide and four spaces after it, the last one bare (Go's
// tabwriter as the original uses it).
#pragma once

#include <string>
#include <vector>

namespace lima::cli {

using Row = std::vector<std::string>;

std::string format_table(const std::vector<Row>& rows);

}  // namespace lima::cli
