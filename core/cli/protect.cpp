// limactl protect and unprotect INSTANCE...
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/many.hpp"

namespace lima::cli {

namespace {

Result<void> set(const instance::Context& context, const std::string& name, bool value) {
    LIMA_TRY(const bool changed, instance::set_protected(context, name, value),
             "failed to inspect instance {}", name_quote(name));
    if (!changed) {
        log::warn("Instance {} {}. Skipping.", name_quote(name),
                  value ? "is already protected" : "isn't protected");
    } else {
        log::info("{} {}", value ? "Protected" : "Unprotected", name_quote(name));
    }
    return {};
}

void add_one(Cli& cli, bool value) {
    Command& command =
        cli.add({.name = value ? "protect" : "unprotect",
                 .args = "INSTANCE [INSTANCE, ...]",
                 .summary = value ? "Protect an instance to prohibit accidental removal"
                                  : "Unprotect an instance",
                 .group = Group::kAdvanced,
                 .min_args = 1,
                 .complete = complete_instances});
    command.run([value](Cli& c, const Args& args) -> Result<int> {
        LIMA_TRY(auto* context, c.context());
        return for_each_instance(
            args, [&](const std::string& name) { return set(*context, name, value); });
    });
}

}  // namespace

void add_protect(Cli& cli) {
    add_one(cli, true);
    add_one(cli, false);
}

}  // namespace lima::cli
