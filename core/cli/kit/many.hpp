// Commands on several instances: each is tried, the errors come together.
#pragma once

#include "core/base/error.hpp"

#include <functional>
#include <string>
#include <vector>

namespace lima::cli {

/// Exit status 0, or one error with a line for each that failed.
Result<int> for_each_instance(const std::vector<std::string>& names,
                              const std::function<Result<void>(const std::string&)>& work);

}  // namespace lima::cli
