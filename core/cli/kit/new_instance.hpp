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
/// from the template.
Result<store::Instance> resolve_instance(Cli& cli, Mode mode, const NewInstanceFlags& values,
                                         const Args& args);

/// Applies edit flags to the lima.yaml of an existing instance: checked first, then written. True
/// when it changed; a rejected text is saved as lima.REJECTED.yaml.
Result<bool> edit_existing(Cli& cli, const std::string& name, const EditFlags& values);

/// Writes ./lima.REJECTED.yaml and adds that to the error.
Error reject_yaml(Error error, const std::string& text);

}  // namespace lima::cli
