// limactl stop [INSTANCE...]
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/many.hpp"

namespace lima::cli {

void add_stop(Cli& cli) {
    Command& command = cli.add({.name = "stop",
                                .args = "[INSTANCE...]",
                                .summary = "Stop an instance",
                                .group = Group::kBasic,
                                .complete = complete_instances});
    auto options = std::make_shared<instance::StopOptions>();
    command.flags().boolean("f,force", options->force, "Kill the processes of the instance");
    command.run([options](Cli& c, const Args& args) -> Result<int> {
        LIMA_TRY(auto* context, c.context());
        return for_each_instance(
            args.empty() ? Args{"default"} : args,
            [&](const std::string& name) { return instance::stop(*context, name, *options); });
    });
}

}  // namespace lima::cli
