// Which variables of the host's environment `shell --preserve-env` sends (spec/cli.md 7.6). Pure.
#pragma once

#include "core/base/error.hpp"

#include <string>
#include <vector>

namespace lima::cli {

/// The built-in block list.
const std::vector<std::string>& default_env_block();

/// block: text of LIMA_SHELLENV_BLOCK ("+A,B" extends the built-in list), allow: of
/// LIMA_SHELLENV_ALLOW; empty: unset.
Result<std::vector<std::string>> preserved_env(const std::vector<std::string>& environment,
                                               const std::string& block, const std::string& allow);

}  // namespace lima::cli
