#include "core/cli/kit/cli.hpp"

#include "core/base/fs.hpp"
#include "core/base/log_sink.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "core/cli/kit/complete.hpp"
#include "core/cli/kit/help.hpp"
#include "core/cli/kit/parser.hpp"
#include "core/cli/kit/plugins.hpp"
#include "core/cli/kit/terminal.hpp"
#include "core/text/yq/program.hpp"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace lima::cli {

std::unique_ptr<Command> make_root(Spec spec);
const Action& action_of(Command& command);

namespace {

log::Format stderr_format(bool json) {
    if (json) {
        return log::Format::kJson;
    }
    return is_terminal(STDERR_FILENO) ? log::Format::kTerminal : log::Format::kText;
}

/// The first word that is no flag, and where it stands; npos when there is none.
std::size_t first_word(const Args& args) {
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (args[i] == "--log-level" || args[i] == "--log-format") {
            ++i;
        } else if (!args[i].starts_with("-")) {
            return i;
        }
    }
    return std::string::npos;
}

Failure unknown_command(const Command& root, const std::string& word) {
    std::string text =
        fmt::format("unknown command {} for {}", go_quote(word), go_quote(root.spec().name));
    const auto close = suggestions(root, word);
    if (!close.empty()) {
        text += "\n\nDid you mean this?";
        for (const auto& name : close) {
            text += "\n\t" + name;
        }
        text += "\n";
    }
    return fail(Error(Code::kInvalidArgument, text)
                    .with_hint("see `limactl --help` for the list of commands"));
}

/// One fatal record with all that is known: the chain, and as fields the phase and the next step.
void print_fatal(const Error& error) {
    log::Fields fields;
    if (!error.phase().empty()) {
        fields.emplace_back("phase", error.phase());
    }
    if (!error.hint().empty()) {
        fields.emplace_back("hint", error.hint());
    }
    log::write(log::Level::kFatal, error.text(), fields);
}

}  // namespace

Cli::Cli() {
    Spec spec;
    spec.name = "limactl";
    spec.summary = "Lima: Linux virtual machines";
    spec.details = "Lima: Linux virtual machines with automatic file sharing and port forwarding";
    spec.examples =
        "  Start the default instance:\n  $ limactl start\n\n"
        "  Open a shell:\n  $ lima\n\n"
        "  Run a container:\n  $ lima nerdctl run -d --name nginx -p 8080:80 nginx:alpine\n\n"
        "  Stop the default instance:\n  $ limactl stop";
    root_ = make_root(std::move(spec));
    Flags flags = root_->flags();
    flags.text("log-level", globals_.log_level,
               "Set the logging level [trace, debug, info, warn, error, fatal, panic]");
    flags.text("log-format", globals_.log_format, "Set the logging format [text, json]");
    flags.boolean("debug", globals_.debug, "Debug mode");
    flags.boolean("tty", globals_.tty,
                  "Enable TUI interactions such as opening an editor. Defaults to true when stdout "
                  "is a terminal. "
                  "Set to false for automation");
    flags.boolean("y,yes", globals_.yes, "Alias of --tty=false");
    flags.boolean("v,version", globals_.version, "Version for limactl");
}

Cli::~Cli() = default;

bool Cli::tty() const {
    if (tty_override_) {
        return *tty_override_;
    }
    if (globals_.tty) {
        return *globals_.tty;
    }
    return !globals_.yes.value_or(false) && is_terminal(STDOUT_FILENO);
}

Result<instance::Context*> Cli::context() {
    if (!context_) {
        LIMA_TRY(auto made, instance::make_context());
        context_ = std::make_unique<instance::Context>(std::move(made));
        context_->debug = globals_.debug;
    }
    return context_.get();
}

Result<void> Cli::apply_globals() {
    if (globals_.debug) {
        log::set_level(log::Level::kDebug);
    }
    if (!globals_.log_level.empty()) {
        log::Level level{};
        if (!log::parse_level(globals_.log_level, level)) {
            return failf(Code::kInvalidArgument, "not a valid log level: {}",
                         go_quote(globals_.log_level));
        }
        log::set_level(level);
    }
    if (globals_.log_format != "text" && globals_.log_format != "json") {
        return fail(Error(Code::kInvalidArgument,
                          fmt::format("unsupported log-format: {}", go_quote(globals_.log_format)))
                        .with_hint("use text or json"));
    }
    log::install_stderr_sink(stderr_format(json_log()));
    if (globals_.tty && globals_.yes) {
        return failf(Code::kInvalidArgument, "cannot use both --tty and --yes");
    }
    return {};
}

Result<int> Cli::dispatch(const Args& args) {
    if (!args.empty() && (args[0] == "__complete" || args[0] == "__completeNoDesc")) {
        return print_completions(*this, Args(args.begin() + 1, args.end()),
                                 args[0] == "__complete");
    }
    const std::size_t at = first_word(args);
    if (at != std::string::npos && root_->find(args[at]) == nullptr && args[at] != "help") {
        if (auto plugin = find_plugin(args[at])) {
            LIMA_DO(
                parse(*root_, Args(args.begin(), args.begin() + static_cast<std::ptrdiff_t>(at))));
            LIMA_DO(apply_globals());
            return run_plugin(*plugin,
                              Args(args.begin() + static_cast<std::ptrdiff_t>(at) + 1, args.end()));
        }
        return unknown_command(*root_, args[at]);
    }
    if (at != std::string::npos && args[at] == "help") {
        print_help(help_target(
            *root_, Args(args.begin() + static_cast<std::ptrdiff_t>(at) + 1, args.end())));
        return 0;
    }
    LIMA_TRY(auto parsed, parse(*root_, args));
    if (parsed.help) {
        print_help(*parsed.command);
        return 0;
    }
    if (globals_.version) {
        std::printf("limactl version %s\n", std::string(version().substr(1)).c_str());
        return 0;
    }
    if (!parsed.command->runnable()) {
        print_help(*parsed.command);
        return 0;
    }
    LIMA_DO(check_arity(*parsed.command, parsed.args.size()));
    LIMA_DO(apply_globals());
    return action_of(*parsed.command)(*this, parsed.args);
}

int Cli::main(const Args& argv) {
    log::set_level(log::Level::kInfo);
    log::install_stderr_sink(stderr_format(false));
    const char* allowed = std::getenv("LIMA_ALLOW_ROOT");
    if (geteuid() == 0 && (allowed == nullptr || std::string(allowed) != "1") &&
        (argv.size() < 2 || argv[1] != "generate-doc")) {
        std::fprintf(stderr,
                     "limactl: must not run as the root user (in a container or CI: set "
                     "LIMA_ALLOW_ROOT=1)\n");
        return 1;
    }
    // Before the commands, which are none of yq's: it has flags of its own.
    if (!argv.empty() && text::yq::is_yq(argv.front())) {
        return text::yq::yq_main(Args(argv.begin() + 1, argv.end()));
    }
    if (argv.size() > 1 && argv[1] == "yq") {
        return text::yq::yq_main(Args(argv.begin() + 2, argv.end()));
    }
    add_commands(*this);
    auto status = dispatch(Args(argv.begin() + 1, argv.end()));
    if (!status) {
        print_fatal(status.error());
        return 1;
    }
    std::fflush(stdout);
    return *status;
}

}  // namespace lima::cli
