// What NAME or LOCATOR on the command line of create and start means, and how a new instance comes
// from it (spec/cli.md 7.1, 7.2).
#pragma once

#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/edit_flags.hpp"

namespace lima::cli {

struct NewInstanceFlags {
    std::string name;
    bool list_templates = false;
    bool list_drivers = false;
    EditFlags edit;
};

void add_new_instance_flags(Flags flags, NewInstanceFlags& values);

/// Handles --list-templates and --list-drivers: true when it printed.
Result<bool> print_lists(Cli& cli, const NewInstanceFlags& values);

enum class Mode { kCreate, kStart };

/// The instance to work with: an existing one (start, with the edits applied), or a new one made
/// from the template. nullopt: the user left the menu, and has been told that nothing was made.
Result<std::optional<store::Instance>> resolve_instance(Cli& cli, Mode mode,
                                                        const NewInstanceFlags& values,
                                                        const Args& args);

}  // namespace lima::cli
