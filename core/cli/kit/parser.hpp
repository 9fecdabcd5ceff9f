// Parsing behind cli.hpp: the one place that knows CLI11. Words in, the command to run with its
// positionals out; errors in the wording that scripts match (spec/cli.md 1.7).
#pragma once

#include "core/cli/kit/cli.hpp"

namespace lima::cli {

struct Parsed {
    Command* command = nullptr;
    Args args;
    bool help = false;
};

/// args without argv[0].
Result<Parsed> parse(Command& root, const Args& args);

/// The message for a wrong number of positionals.
Result<void> check_arity(const Command& command, std::size_t count);

/// Commands with a similar name, for "did you mean".
std::vector<std::string> suggestions(const Command& parent, const std::string& word);

}  // namespace lima::cli
