// The process lima-run-driver, from its command line to its exit code.
#pragma once

#include <string>
#include <vector>

namespace lima::remote {

/// On the main thread, which the driver's window gets when there is one.
int run(const std::vector<std::string>& argv);

}  // namespace lima::remote
