// copyToHost: files of the guest that are wanted on the host once it is ready
// (spec/host-guest.md 1.7). Blocking, on a worker.
#pragma once

#include "core/base/error.hpp"
#include "core/config/fields.hpp"
#include "core/hostagent/guest_shell.hpp"

#include <filesystem>
#include <vector>

namespace lima::hostagent {

/// Relative host paths lie in the instance directory. One error for each rule that failed.
std::vector<Error> copy_to_host(const std::vector<config::CopyToHost>& rules, CommandRunner& guest,
                                const std::filesystem::path& instance_dir);

/// Removes the host files of the rules with deleteOnStop.
void delete_copies(const std::vector<config::CopyToHost>& rules,
                   const std::filesystem::path& instance_dir);

}  // namespace lima::hostagent
