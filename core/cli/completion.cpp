// limactl completion {bash|zsh|fish|powershell}
#include "core/cli/commands.hpp"
#include "core/cli/kit/complete.hpp"
#include "core/cli/kit/terminal.hpp"

namespace lima::cli {

void add_completion(Cli& cli) {
    Command& group =
        cli.add({.name = "completion",
                 .summary = "Generate the autocompletion script for the specified shell",
                 .group = Group::kOther});
    cli.add({.name = "help",
             .args = "[command]",
             .summary = "Help about any command",
             .group = Group::kOther});
    for (const std::string shell : {"bash", "fish", "powershell", "zsh"}) {
        Command& command = group.add({.name = shell,
                                      .summary = "Generate the autocompletion script for " + shell,
                                      .max_args = 0});
        auto bare = std::make_shared<bool>(false);
        command.flags().boolean("no-descriptions", *bare, "disable completion descriptions");
        command.run([shell, bare](Cli&, const Args&) -> Result<int> {
            LIMA_TRY(const auto script, completion_script(shell, !*bare));
            print(script);
            return 0;
        });
    }
}

}  // namespace lima::cli
