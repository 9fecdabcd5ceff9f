// limactl show-ssh INSTANCE
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/ssh_target.hpp"
#include "core/cli/kit/terminal.hpp"

namespace lima::cli {

namespace {

Result<int> run(Cli& cli, const std::string& format, const Args& args) {
    LIMA_TRY(auto* context, cli.context());
    log::warn("`limactl show-ssh` is deprecated. Instead, use `ssh -F {} lima-{}`.",
              (context->home.instance_dir(args[0]) / store::file::kSshConfig).string(), args[0]);
    auto instance = instance::inspect(*context, args[0]);
    if (!instance) {
        return fail(Error(instance.error().code(),
                          fmt::format("instance {} does not exist", name_quote(args[0])))
                        .with_hint("create it with `limactl create --name=" + args[0] +
                                   "`, or see `limactl list`"));
    }
    LIMA_TRY(const auto target, ssh_target(*context, *instance));
    LIMA_TRY(const auto client, ssh::detect_client());
    LIMA_TRY(const auto text, ssh::render(client, target, format));
    print(text);
    return 0;
}

}  // namespace

void add_show_ssh(Cli& cli) {
    Command& command =
        cli.add({.name = "show-ssh",
                 .args = "INSTANCE",
                 .summary = "Show the ssh command line (DEPRECATED; use `ssh -F` instead)",
                 .group = Group::kAdvanced,
                 .min_args = 1,
                 .max_args = 1,
                 .complete = complete_instances});
    auto format = std::make_shared<std::string>("cmd");
    command.flags().text("f,format", *format, "Format: cmd, args, options, config").complete =
        [](Cli&, const std::string&) {
            return std::vector<std::string>{"cmd", "args", "options", "config"};
        };
    command.run([format](Cli& c, const Args& args) { return run(c, *format, args); });
}

}  // namespace lima::cli
