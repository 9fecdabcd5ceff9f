// limactl create [LOCATOR]
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/format/progress.hpp"
#include "core/cli/kit/new_instance.hpp"
#include "core/cli/kit/terminal.hpp"

#include <unistd.h>

namespace lima::cli {

namespace {

Result<int> run(Cli& cli, const NewInstanceFlags& values, const Args& args) {
    LIMA_TRY(const bool listed, print_lists(cli, values));
    if (listed) {
        return 0;
    }
    LIMA_TRY(auto* context, cli.context());
    context->progress = make_progress(!cli.json_log() && is_terminal(STDERR_FILENO));
    LIMA_TRY(const auto instance, resolve_instance(cli, Mode::kCreate, values, args));
    if (!instance) {
        return 1;
    }
    LIMA_DO(instance::prepare(*context, *instance));
    log::info("Run `limactl start {}` to start the instance.", instance->name);
    return 0;
}

}  // namespace

void add_create(Cli& cli) {
    Command& command = cli.add(
        {.name = "create",
         .args = "FILE.yaml|URL|template:NAME|-",
         .summary = "Create an instance of Lima",
         .details =
             "Create an instance of Lima from a template: a file, a URL, template:NAME, or - "
             "for standard input.\n\nOn a terminal a menu offers to edit the configuration "
             "or to take another template; --yes goes without.\nFlags count more than what "
             "the template says.",
         .examples =
             "  Create an instance \"default\" from the default template:\n  $ limactl create\n\n"
             "  Create an instance \"docker\" from a template:\n  $ limactl create --name=docker "
             "template:docker\n\n"
             "  See the templates:\n  $ limactl create --list-templates\n\n"
             "  Change the configuration on the way:\n  $ limactl create --cpus=2 --mount=/src:w "
             "--set "
             "'.mountType=\"9p\"'\n\n"
             "  From standard input:\n  $ cat template.yaml | limactl create --name=local -",
         .group = Group::kBasic,
         .max_args = 1,
         .complete = complete_templates,
         .complete_files = true});
    auto values = std::make_shared<NewInstanceFlags>();
    add_new_instance_flags(command.flags(), *values);
    command.run([values](Cli& c, const Args& args) { return run(c, *values, args); });
}

}  // namespace lima::cli
