// Tab completion: the hidden protocol command __complete, and the shell scripts that call it
// (spec/cli.md 1.8).
#pragma once

#include "core/cli/kit/cli.hpp"

namespace lima::cli {

/// Prints candidates for the last word, one a line, and ":N" with the directive bits.
Result<int> print_completions(Cli& cli, const Args& words, bool descriptions);

/// The script for bash, zsh, fish or powershell.
Result<std::string> completion_script(const std::string& shell, bool descriptions);

}  // namespace lima::cli
