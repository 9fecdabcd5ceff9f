// limactl shell INSTANCE [COMMAND...]
#include "core/base/exec.hpp"
#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/guest_script.hpp"
#include "core/cli/kit/prompt.hpp"
#include "core/cli/kit/shell_env.hpp"
#include "core/cli/kit/ssh_target.hpp"
#include "core/cli/kit/terminal.hpp"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

extern char** environ;

namespace lima::cli {

namespace {

struct Options {
    std::optional<std::string> instance;
    std::optional<std::string> shell;
    std::optional<std::string> workdir;
    bool reconnect = false;
    bool preserve_env = false;
    std::optional<bool> start;
};

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

/// The instance's name; what is left of args is the command.
Result<std::string> take_name(const Options& options, Args& args) {
    if (options.instance) {
        return *options.instance;
    }
    if (args.empty()) {
        return fail(Error(Code::kInvalidArgument, "shell requires instance name as first argument")
                        .with_hint("limactl shell INSTANCE [COMMAND...]; see `limactl list`"));
    }
    std::string name = args[0];
    args.erase(args.begin());
    if (!args.empty() && args[0] == "--") {
        args.erase(args.begin());
    }
    return name;
}

Result<store::Instance> running_instance(Cli& cli, instance::Context& context,
                                         const Options& options, const std::string& name) {
    auto found = instance::inspect(context, name);
    if (!found) {
        if (found.error().code() != Code::kNotFound) {
            return found;
        }
        return fail(
            Error(Code::kNotFound, fmt::format("instance {} does not exist", name_quote(name)))
                .with_hint(fmt::format(
                    "create it with `limactl create --name={}`, or see `limactl list`", name)));
    }
    if (found->status != store::status::kStopped) {
        return found;
    }
    const bool wanted =
        options.start
            ? *options.start
            : cli.tty() &&
                  confirm(fmt::format("Instance {} is stopped. Do you want to start it now?",
                                      go_quote(name)),
                          true);
    if (!wanted) {
        return fail(
            Error(Code::kFailedPrecondition,
                  fmt::format("instance {} is stopped", name_quote(name)))
                .with_hint(fmt::format("run `limactl start {}` to start the instance", name)));
    }
    LIMA_DO(instance::start(context, name, {}));
    return instance::inspect(context, name);
}

/// Ends the master connection, so that the next one sees new groups and settings.
Result<void> drop_master(const ssh::Target& target) {
    if (!fs::exists_nofollow(target.control_path)) {
        return {};
    }
    const auto config = target.control_path.parent_path() / store::file::kSshConfig;
    lima::SpawnOptions exit_master;
    exit_master.argv = {
        "ssh",          "-F", config.string(), "-O", "exit", "-p", std::to_string(target.port),
        target.hostname};
    LIMA_TRY(const Output output, run(exit_master));
    if (output.status.ok()) {
        return {};
    }
    if (connect_unix(target.control_path.string())) {
        return failf(Code::kInternal, "failed to close the ssh master connection: {}",
                     trim(output.err));
    }
    log::warn("Removing the stale ssh control socket {}", name_quote(target.control_path.string()));
    LIMA_DO(fs::remove_if_exists(target.control_path));
    return {};
}

Result<Args> ssh_argv(const ssh::Client& client, const ssh::Target& target,
                      const std::string& script) {
    Args argv = ssh::command_line(client, ssh::options(client, target));
    if (is_terminal(STDOUT_FILENO)) {
        argv.emplace_back("-t");
    }
    if (std::getenv("COLORTERM") != nullptr) {
        argv.insert(argv.end(), {"-o", "SendEnv=COLORTERM"});
    }
    // Before 8.9 ssh prints "Shared connection closed" at level ERROR.
    const bool quiet = client.version != 0 && client.version < 80900;
    argv.insert(argv.end(), {"-o", quiet ? "LogLevel=QUIET" : "LogLevel=ERROR", "-p",
                             std::to_string(target.port), target.address, "--", script});
    return argv;
}

Result<int> run_shell(Cli& cli, const Options& options, Args args) {
    LIMA_TRY(auto* context, cli.context());
    LIMA_TRY(const std::string name, take_name(options, args));
    if (!args.empty() &&
        (args[0] == "create" || args[0] == "start" || args[0] == "delete" || args[0] == "shell")) {
        log::warn("Perhaps you meant `limactl {}`?", join(args, " "));
    }
    LIMA_TRY(const auto instance, running_instance(cli, *context, options, name));
    LIMA_TRY(const auto target, ssh_target(*context, instance));
    LIMA_TRY(const auto client, ssh::detect_client());
    if (options.reconnect) {
        LIMA_DO(drop_master(target));
    }
    GuestScriptInput input;
    input.workdir = options.workdir;
    input.shell = options.shell;
    input.command = args;
    input.config = &*instance.config;
    input.host_home = context->host.home;
    std::error_code error;
    input.host_cwd = std::filesystem::current_path(error);
    if (options.preserve_env) {
        std::vector<std::string> environment;
        for (char** entry = environ; *entry != nullptr; ++entry) {
            environment.emplace_back(*entry);
        }
        LIMA_TRY(input.env, preserved_env(environment, variable("LIMA_SHELLENV_BLOCK"),
                                          variable("LIMA_SHELLENV_ALLOW")));
    }
    LIMA_TRY(auto argv, ssh_argv(client, target, guest_script(input)));
    log::debug("executing ssh: {}", join(argv, " "));
    // ssh takes our place: its status, its terminal, its signals.
    LIMA_TRY(const auto program, find_program(argv[0]));
    return exec_program(program, std::move(argv));
}

}  // namespace

void add_shell(Cli& cli) {
    Command& command = cli.add(
        {.name = "shell",
         .args = "INSTANCE [COMMAND...]",
         .summary = "Execute a shell in an instance",
         .details = "Execute a shell, or a command, in an instance.\n\nThe `lima` command is a "
                    "shorthand: its instance is "
                    "$LIMA_INSTANCE, or \"default\". Flags must come before the instance's name; "
                    "the exit status is the "
                    "command's.",
         .examples =
             "  $ limactl shell default uname -a\n  $ limactl shell --workdir /tmp default ls -l",
         .group = Group::kBasic,
         .raw_tail = true,
         .complete = complete_instances});
    auto options = std::make_shared<Options>();
    Flags flags = command.flags();
    flags.text("instance", options->instance, "Instance; all positionals are the command then")
        .hidden = true;
    flags.text("shell", options->shell, "Shell to run, e.g. /bin/bash");
    flags.text("workdir", options->workdir, "Working directory in the guest");
    flags.boolean("reconnect", options->reconnect,
                  "Reconnect to the guest, to see new groups for example");
    flags.boolean("preserve-env", options->preserve_env,
                  "Send the environment of the host, but for blocked names");
    flags.boolean("start", options->start, "Start the instance when it is stopped");
    command.run([options](Cli& c, const Args& args) { return run_shell(c, *options, args); });
}

}  // namespace lima::cli
