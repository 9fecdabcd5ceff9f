// limactl hostagent: kept as a command for scripts and service files; becomes lima-hostagent.
#include "core/base/exec.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/cli.hpp"

namespace lima::cli {

namespace {

struct Options {
    std::string pidfile;
    std::string socket;
    bool run_gui = false;
    std::string guestagent;
    std::string nerdctl_archive;
    bool progress = false;
};

Result<int> run(Cli& cli, const Options& options, const Args& args) {
    LIMA_TRY(auto* context, cli.context());
    if (options.socket.empty()) {
        return fail(Error(Code::kInvalidArgument, "socket must be specified")
                        .with_hint("pass --socket PATH"));
    }
    Args words{context->hostagent.string()};
    if (cli.debug()) {
        words.emplace_back("--debug");
    }
    for (const auto& [flag, value] :
         {std::pair{"--pidfile", &options.pidfile}, std::pair{"--socket", &options.socket},
          std::pair{"--guestagent", &options.guestagent},
          std::pair{"--nerdctl-archive", &options.nerdctl_archive}}) {
        if (!value->empty()) {
            words.insert(words.end(), {flag, *value});
        }
    }
    if (options.run_gui) {
        words.emplace_back("--run-gui");
    }
    if (options.progress) {
        words.emplace_back("--progress");
    }
    words.push_back(args[0]);
    return exec_program(words[0], words);
}

}  // namespace

void add_hostagent(Cli& cli) {
    Command& command = cli.add({.name = "hostagent",
                                .args = "INSTANCE",
                                .summary = "Run the host agent of an instance",
                                .group = Group::kHidden,
                                .min_args = 1,
                                .max_args = 1,
                                .complete = complete_instances});
    auto options = std::make_shared<Options>();
    Flags flags = command.flags();
    flags.text("p,pidfile", options->pidfile, "Write the PID to this file");
    flags.text("socket", options->socket, "Path of the HTTP socket");
    flags.boolean("run-gui", options->run_gui, "Run the GUI on the main thread");
    flags.text("guestagent", options->guestagent, "Path of the guest agent binary");
    flags.text("nerdctl-archive", options->nerdctl_archive, "Path of the nerdctl archive");
    flags.boolean("progress", options->progress, "Report the progress of provisioning");
    command.run([options](Cli& c, const Args& args) { return run(c, *options, args); });
}

}  // namespace lima::cli
