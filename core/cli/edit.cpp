// limactl edit [INSTANCE|FILE.yaml]
#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/menu.hpp"
#include "core/cli/kit/new_instance.hpp"
#include "core/cli/kit/ready.hpp"
#include "core/config/load.hpp"

namespace lima::cli {

namespace {

struct Options {
    EditFlags edit;
    std::optional<bool> start;
};

struct Target {
    std::filesystem::path file;
    std::string name;  // empty: a file, no instance
    std::int64_t disk = 0;
};

Result<Target> find_target(const instance::Context& context, const std::string& word) {
    if (!store::check_instance_name(word)) {
        return Target{std::filesystem::absolute(word), "", 0};
    }
    auto instance = instance::inspect(context, word);
    if (!instance) {
        return fail(
            Error(instance.error().code(), fmt::format("instance {} not found", go_quote(word)))
                .with_hint("see `limactl list`"));
    }
    if (instance->status == store::status::kRunning) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("cannot edit the running instance {}", go_quote(word)))
                        .with_hint("stop it with `limactl stop " + word + "`"));
    }
    return Target{context.home.instance_dir(word) / store::file::kYaml, word, instance->disk};
}

/// A disk can grow, never shrink.
Result<void> check_disk(const Target& target, const std::string& text) {
    LIMA_TRY(const auto loaded, config::decode({text, target.file.string()}));
    if (target.disk == 0 || !loaded.config.disk || loaded.config.disk->empty()) {
        return {};
    }
    LIMA_TRY(const auto wanted, parse_size(*loaded.config.disk));
    if (wanted < target.disk) {
        return failf(Code::kInvalidArgument,
                     "field `disk`: shrinking from {} to {} is not supported",
                     format_size(target.disk), *loaded.config.disk);
    }
    return {};
}

Result<int> maybe_start(Cli& cli, const instance::Context& context, const Options& options,
                        const std::string& name) {
    const bool wanted = options.start
                            ? *options.start
                            : cli.tty() && confirm("Do you want to start the instance now?", true);
    if (!wanted) {
        return 0;
    }
    instance::StartOptions start;
    start.on_ready = print_ready;
    LIMA_DO(instance::start(context, name, start));
    return 0;
}

Result<int> run(Cli& cli, const Options& options, const Args& args) {
    LIMA_TRY(auto* context, cli.context());
    LIMA_TRY(const Target target, find_target(*context, args.empty() ? "default" : args[0]));
    LIMA_TRY(const auto before, fs::read_file(target.file));
    EditInput input;
    input.new_instance = false;
    input.home = context->host.home;
    LIMA_TRY(const auto edits, edit_expressions(options.edit, input));
    std::string after;
    if (!edits.expressions.empty() || !options.edit.param.empty()) {
        LIMA_TRY(after, apply_edit_flags(options.edit, input, before, target.file.string()));
    } else if (cli.tty()) {
        LIMA_TRY(after,
                 open_editor("# Edit the configuration below. An empty file cancels.\n\n", before));
    }
    if (after.empty()) {
        log::info("Aborting, no changes made to the instance");
        return 0;
    }
    if (after == before) {
        log::info("Aborting, no changes were made");
        return 0;
    }
    auto checked = instance::check_yaml(*context, target.name, after, target.file.string());
    if (checked) {
        checked = check_disk(target, after);
    }
    if (!checked) {
        return fail(reject_yaml(std::move(checked.error()), after));
    }
    LIMA_DO(fs::write_file_atomic(target.file, after, 0644));
    if (target.name.empty()) {
        return 0;
    }
    log::info("Instance {} configuration edited", go_quote(target.name));
    return maybe_start(cli, *context, options, target.name);
}

}  // namespace

void add_edit(Cli& cli) {
    Command& command = cli.add({.name = "edit",
                                .args = "INSTANCE|FILE.yaml",
                                .summary = "Edit an instance of Lima or a template",
                                .group = Group::kBasic,
                                .max_args = 1,
                                .complete = complete_instances,
                                .complete_files = true});
    auto options = std::make_shared<Options>();
    Flags flags = command.flags();
    flags.boolean("start", options->start, "Start the instance after editing");
    add_edit_flags(flags, options->edit, EditScope::kEdit);
    command.run([options](Cli& c, const Args& args) { return run(c, *options, args); });
}

}  // namespace lima::cli
