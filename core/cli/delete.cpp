// limactl delete INSTANCE...
#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/many.hpp"

namespace lima::cli {

namespace {

Result<void> remove_one(const instance::Context& context, const std::string& name, bool force) {
    LIMA_DO(store::check_instance_name(name));
    const auto dir = context.home.instance_dir(name);
    if (!fs::exists_nofollow(dir)) {
        log::warn("Ignoring non-existent instance {}", name_quote(name));
        return {};
    }
    auto removed = instance::remove(context, name, force);
    if (!removed) {
        return fail(
            std::move(removed.error()).wrap("failed to delete instance " + name_quote(name)));
    }
    log::info("Deleted {} ({})", name_quote(name), name_quote(dir.string()));
    return {};
}

}  // namespace

void add_delete(Cli& cli) {
    Command& command = cli.add({.name = "delete",
                                .aliases = {"remove", "rm"},
                                .args = "INSTANCE [INSTANCE, ...]",
                                .summary = "Delete an instance of Lima",
                                .group = Group::kBasic,
                                .min_args = 1,
                                .complete = complete_instances});
    auto force = std::make_shared<bool>(false);
    command.flags().boolean("f,force", *force, "Kill the processes of the instance first");
    command.run([force](Cli& c, const Args& args) -> Result<int> {
        LIMA_TRY(auto* context, c.context());
        return for_each_instance(
            args, [&](const std::string& name) { return remove_one(*context, name, *force); });
    });
}

}  // namespace lima::cli
