// Completion of --set: the fields of lima.yaml as the beginnings of assignments, and their values
// where only a few make sense. Made from the field table of core/config.
#pragma once

#include "core/base/host.hpp"

#include <string>
#include <vector>

namespace lima::cli {

/// ".cpus=\tnumber of CPUs …", ".ssh.localPort=\t…"; behind the = ".plain=true".
std::vector<std::string> complete_set(const std::string& word);

/// Sizes in GiB for --memory: powers of two up to half of the host's, and that half.
std::vector<std::string> memory_sizes(std::int64_t host_bytes);

}  // namespace lima::cli
