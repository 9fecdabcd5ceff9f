// What lima.host.network/1 answers, as a function of values.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace lima::driver {

/// mode and sockets by the keys of lima_host_network.lookup, from _config/networks.yaml and its
/// defaults.
Result<std::map<std::string, std::string>> lookup_network(const std::filesystem::path& lima_home,
                                                          const std::string& network);

}  // namespace lima::driver
