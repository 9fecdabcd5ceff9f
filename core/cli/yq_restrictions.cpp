// What yq expressions may not do: a topic of the help, no command.
#include "core/cli/commands.hpp"
#include "core/cli/kit/cli.hpp"

namespace lima::cli {

void add_yq_restrictions(Cli& cli) {
    cli.root().add(
        {.name = "yq-restrictions",
         .summary = "What yq expressions may not do",
         .details =
             R"(limactl evaluates yq v4 expressions for --set, list --yq, list --filter, info --yq and
template yq. An expression of theirs may come with a template or from a script, so it sees nothing
but the document that it is given:

  env, strenv, envsubst            answer "env operations have been disabled"
  load, load_str, load_xml, ...    answer "file operations have been disabled"
  system                           answers "system operations are disabled"

"limactl yq", and limactl called by the name yq, is a program for files of the user's own. There env
and load work, and --security-disable-env-ops and --security-disable-file-ops refuse them. The
system operator is refused everywhere: --security-enable-system-operator is accepted and changes
nothing.)",
         .group = Group::kTopic});
}

}  // namespace lima::cli
