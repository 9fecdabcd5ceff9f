// limactl restart [INSTANCE]
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/format/progress.hpp"
#include "core/cli/kit/ready.hpp"
#include "core/cli/kit/terminal.hpp"
#include "core/cli/kit/yaml_edit.hpp"

#include <unistd.h>

namespace lima::cli {

namespace {

struct Options {
    EditFlags edit;
    bool force = false;
    bool progress = false;
};

Result<int> run(Cli& cli, const Options& options, const Args& args) {
    LIMA_TRY(auto* context, cli.context());
    context->progress = make_progress(!cli.json_log() && is_terminal(STDERR_FILENO));
    const std::string name = args.empty() ? "default" : args[0];
    LIMA_TRY(const auto instance, instance::inspect(*context, name), "cannot restart {}",
             name_quote(name));
    LIMA_TRY(const bool changed, edit_existing(cli, name, options.edit, "limactl restart"));
    if (changed) {
        log::info("Changed the configuration of {}", name_quote(name));
    }
    if (options.force || instance.status == store::status::kRunning) {
        instance::StopOptions stop;
        stop.force = options.force;
        LIMA_DO(instance::stop(*context, name, stop));
    } else {
        log::warn("Instance {} is not running, starting it", name_quote(name));
    }
    instance::StartOptions start;
    start.progress = options.progress;
    start.on_ready = print_ready;
    LIMA_DO(instance::start(*context, name, start));
    return 0;
}

}  // namespace

void add_restart(Cli& cli) {
    Command& command = cli.add({.name = "restart",
                                .args = "[INSTANCE]",
                                .summary = "Restart a running instance",
                                .group = Group::kBasic,
                                .max_args = 1,
                                .complete = complete_instances});
    auto options = std::make_shared<Options>();
    Flags flags = command.flags();
    flags.boolean("f,force", options->force, "Kill the processes of the instance, then start it");
    flags.boolean("progress", options->progress, "Show the provisioning progress of cloud-init");
    add_edit_flags(flags, options->edit, EditScope::kEdit);
    command.run([options](Cli& c, const Args& args) { return run(c, *options, args); });
}

}  // namespace lima::cli
