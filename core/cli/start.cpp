// limactl start [NAME|LOCATOR]
#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/format/phases.hpp"
#include "core/cli/format/progress.hpp"
#include "core/cli/kit/new_instance.hpp"
#include "core/cli/kit/ready.hpp"
#include "core/cli/kit/terminal.hpp"

#include <unistd.h>

namespace lima::cli {

namespace {

struct Options {
    NewInstanceFlags create;
    bool foreground = false;
    std::optional<std::chrono::nanoseconds> timeout;
    bool progress = false;
    bool json = false;
};

PhaseView::Form form_of(Cli& cli, const Options& options) {
    if (options.json) {
        return PhaseView::Form::kJson;
    }
    return is_terminal(STDERR_FILENO) && !cli.json_log() && !options.progress
               ? PhaseView::Form::kLine
               : PhaseView::Form::kNone;
}

Result<void> start_and_show(instance::Context& context, const std::string& name,
                            instance::StartOptions start, PhaseView& view) {
    start.on_event = [&view](const hostapi::Event& event) { view.take(event); };
    if (view.form() == PhaseView::Form::kLine) {
        start.quiet = !context.debug;
        start.on_tick = [&view] { view.tick(); };
        start.before_log = [&view] { view.clear(); };
    }
    start.on_ready = [&view](const store::Instance& ready) {
        view.clear();
        print_ready(ready);
    };
    auto started = instance::start(context, name, start);
    view.result(started);
    return started;
}

std::vector<std::string> complete(Cli& cli, const std::string& word) {
    auto names = complete_instances(cli, word);
    for (auto& name : complete_templates(cli, word)) {
        names.push_back(std::move(name));
    }
    return names;
}

Result<int> run(Cli& cli, const Options& options, const Args& args) {
    LIMA_TRY(const bool listed, print_lists(cli, options.create));
    if (listed) {
        return 0;
    }
    LIMA_TRY(auto* context, cli.context());
    context->progress = make_progress(!cli.json_log() && is_terminal(STDERR_FILENO));
    LIMA_TRY(const auto resolved, resolve_instance(cli, Mode::kStart, options.create, args));
    if (!resolved) {
        return 1;
    }
    const store::Instance& instance = *resolved;
    PhaseView view(form_of(cli, options));
    if (instance.status == store::status::kRunning && !instance::is_stopping(instance)) {
        view.result(Result<void>());
        log::info("The instance {} is already running. Run {} to open the shell.",
                  name_quote(instance.name), shell_hint(instance.name));
        return 0;
    }
    instance::StartOptions start;
    if (options.timeout && options.timeout->count() > 0) {
        start.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(*options.timeout);
    }
    start.foreground = options.foreground;
    start.progress = options.progress;
    LIMA_DO(start_and_show(*context, instance.name, std::move(start), view));
    return 0;
}

}  // namespace

void add_start(Cli& cli) {
    Command& command = cli.add(
        {.name = "start",
         .args = "NAME|FILE.yaml|URL|template:NAME|-",
         .summary = "Start an instance of Lima",
         .details = "Start an instance of Lima; it is created first when it does not exist.",
         .examples =
             "  Create and start the instance \"default\":\n  $ limactl start\n\n"
             "  Create and start an instance from a template:\n  $ limactl start "
             "template:docker\n\n"
             "  Start an existing instance with other settings:\n  $ limactl start --cpus=2 NAME",
         .group = Group::kBasic,
         .max_args = 1,
         .complete = complete,
         .complete_files = true});
    auto options = std::make_shared<Options>();
    Flags flags = command.flags();
    flags.boolean("foreground", options->foreground, "Run the host agent in the foreground");
    flags.duration("timeout", options->timeout, "How long to wait for the instance to be running")
        .default_text = format_duration(std::chrono::minutes(10));
    flags.boolean("progress", options->progress, "Show the provisioning progress of cloud-init");
    flags.boolean("json", options->json, "Print each phase, and the result, as a JSON line");
    flags.section("Flags of create (an existing instance is changed by those that fit):");
    add_new_instance_flags(flags, options->create);
    command.run([options](Cli& c, const Args& args) { return run(c, *options, args); });
}

}  // namespace lima::cli
