// limactl edit [INSTANCE|FILE.yaml]
#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/editor.hpp"
#include "core/cli/kit/prompt.hpp"
#include "core/cli/kit/ready.hpp"
#include "core/cli/kit/yaml_edit.hpp"

namespace lima::cli {

namespace {

struct Options {
    EditFlags edit;
    std::optional<bool> start;
};

Result<YamlEdit> open_target(const instance::Context& context, const std::string& word) {
    if (!store::check_instance_name(word)) {
        return YamlEdit::of_file(context, word);
    }
    LIMA_TRY(YamlEdit edit, YamlEdit::of_instance(context, word, "limactl edit"));
    if (edit.instance()->status == store::status::kRunning) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("cannot edit the running instance {}", go_quote(word)))
                        .with_hint("stop it with `limactl stop " + word + "`"));
    }
    return edit;
}

std::string header_of(const instance::Context& context, const YamlEdit& edit) {
    return editor_header(context, edit.instance() ? "The configuration of the instance " +
                                                        go_quote(edit.instance()->name) + "."
                                                  : "The template " + edit.file().string() + ".");
}

/// True when it was changed.
Result<bool> edit_by_hand(const instance::Context& context, const YamlEdit& edit) {
    const std::string header = header_of(context, edit);
    LIMA_TRY(auto after, open_editor(header, edit.text()));
    if (after.empty()) {
        return false;
    }
    bool changed = false;
    const auto accept = [&](const std::string& text) -> Result<void> {
        changed = text != edit.text();
        return changed ? edit.replace(text) : Result<void>();
    };
    LIMA_TRY(const bool accepted, accept_or_edit(header, std::move(after), accept));
    return accepted && changed;
}

/// The lock is held no longer than the edit.
Result<bool> edit_once(Cli& cli, const instance::Context& context, const Options& options,
                       const std::string& word) {
    LIMA_TRY(const YamlEdit edit, open_target(context, word));
    if (options.edit != EditFlags{}) {
        return edit.apply(options.edit);
    }
    if (!cli.tty()) {
        log::warn("Neither a terminal nor a flag such as --set says what to edit");
        return false;
    }
    return edit_by_hand(context, edit);
}

Result<void> maybe_start(Cli& cli, const instance::Context& context, const Options& options,
                         const std::string& name) {
    const bool wanted = options.start
                            ? *options.start
                            : cli.tty() && confirm("Do you want to start the instance now?", true);
    if (!wanted) {
        return {};
    }
    instance::StartOptions start;
    start.on_ready = print_ready;
    return instance::start(context, name, start);
}

Result<int> run(Cli& cli, const Options& options, const Args& args) {
    LIMA_TRY(auto* context, cli.context());
    if (cli.yes_given()) {
        log::warn("`limactl edit --yes` is deprecated: use --tty=false, or --start");
    }
    const std::string word = args.empty() ? "default" : args[0];
    LIMA_TRY(const bool changed, edit_once(cli, *context, options, word));
    if (!changed) {
        log::info("Nothing was changed");
        return 0;
    }
    if (store::check_instance_name(word)) {
        log::info("The configuration of instance {} was changed", go_quote(word));
        LIMA_DO(maybe_start(cli, *context, options, word));
    }
    return 0;
}

}  // namespace

void add_edit(Cli& cli) {
    Command& command = cli.add(
        {.name = "edit",
         .args = "INSTANCE|FILE.yaml",
         .summary = "Edit an instance of Lima or a template",
         .details = "Edit the configuration of a stopped instance, or a template file.\n\nFlags "
                    "change the lines that they mean, and no others; without flags an editor is "
                    "opened ($VISUAL, else $EDITOR).\nA configuration that is not valid is not "
                    "taken over; it is saved as lima.REJECTED.yaml.",
         .examples = "  Edit the instance \"default\" in an editor:\n  $ limactl edit\n\n"
                     "  Give an instance more memory, and start it:\n  $ limactl edit --memory=8 "
                     "--start NAME\n\n"
                     "  Change anything by an expression of yq:\n  $ limactl edit --set "
                     "'.env.EDITOR=\"vim\" | del(.env.PAGER)' NAME",
         .group = Group::kBasic,
         .max_args = 1,
         .complete = complete_instances,
         .complete_files = true});
    auto options = std::make_shared<Options>();
    Flags flags = command.flags();
    flags.boolean("start", options->start, "Start the instance after editing, without asking");
    add_edit_flags(flags, options->edit, EditScope::kEdit);
    command.run([options](Cli& c, const Args& args) { return run(c, *options, args); });
}

}  // namespace lima::cli
