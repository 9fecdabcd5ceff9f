// Help texts, made from the command tree (spec/cli.md 1.6).
#pragma once

#include "core/cli/kit/cli.hpp"

namespace lima::cli {

std::string help_text(const Command& command);
void print_help(const Command& command);
/// The command that `help A B` means; a note on stderr and the root when there is none.
const Command& help_target(const Command& root, const Args& words);

}  // namespace lima::cli
