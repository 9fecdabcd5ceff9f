// limactl template {copy|validate|yq|url}
#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/template_options.hpp"
#include "core/cli/kit/template_text.hpp"
#include "core/cli/kit/terminal.hpp"
#include "core/text/yq/evaluate.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>

namespace lima::cli {

namespace {

struct CopyFlags {
    bool embed = false;
    bool embed_all = false;
    bool fill = false;
    bool verbatim = false;
};

/// In place: the target may be a link, or no regular file at all.
Result<void> write_file(const std::string& path, std::string_view text) {
    const Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) {
        return fail_errno(errno, "cannot write " + path);
    }
    LIMA_DO(write_all(file.get(), text), "cannot write {}", path);
    return {};
}

Result<std::string> text_of(const instance::Context& context, const CopyFlags& flags,
                            const tmpl::Read& read) {
    if (flags.verbatim) {
        return read.text;
    }
    const tmpl::Scope scope = flags.fill || flags.embed_all ? tmpl::Scope::kAll
                              : flags.embed                 ? tmpl::Scope::kExternal
                                                            : tmpl::Scope::kNone;
    LIMA_TRY(auto source, embed_template(context, read, scope, flags.fill));
    return flags.fill ? filled_yaml(context, source) : std::move(source.text);
}

Result<int> copy(Cli& cli, const CopyFlags& flags, const Args& args) {
    if (flags.verbatim && (flags.embed || flags.embed_all || flags.fill)) {
        return fail(Error(Code::kInvalidArgument,
                          "--verbatim cannot be used with --embed, --embed-all or --fill")
                        .with_hint("--verbatim copies the text as it is"));
    }
    LIMA_TRY(auto* context, cli.context());
    LIMA_TRY(const auto read, read_template(*context, args[0]));
    LIMA_TRY(const std::string text, text_of(*context, flags, read));
    const std::string target = args.size() > 1 ? args[1] : "-";
    if (target == "-") {
        LIMA_DO(print_yaml(text));
        return 0;
    }
    LIMA_DO(write_file(target, text));
    return 0;
}

void add_copy(Command& group) {
    Command& command = group.add(
        {.name = "copy",
         .args = "TEMPLATE [DEST]",
         .summary = "Copy a template",
         .details =
             "Copy a template to a file, or to standard output.\n\nBases and scripts that it "
             "names relative to itself are named by absolute locators in the copy.\nWhat is "
             "embedded keeps its comments.",
         .examples = "  One file with everything in it:\n"
                     "  $ limactl template copy --embed-all template:docker docker.yaml\n\n"
                     "  What an instance would be given, every field with its value:\n"
                     "  $ limactl template copy --fill template:default -",
         .min_args = 1,
         .max_args = 2,
         .complete = complete_templates,
         .complete_files = true});
    auto values = std::make_shared<CopyFlags>();
    Flags flags = command.flags();
    flags.boolean("embed", values->embed,
                  "Embed the bases and scripts that are not of the template library");
    flags.boolean("embed-all", values->embed_all, "Embed all bases and scripts");
    flags.boolean("fill", values->fill,
                  "Embed all, and fill in the defaults; comments are not kept");
    flags.boolean("verbatim", values->verbatim, "Copy the text as it is");
    command.run([values](Cli& c, const Args& args) { return copy(c, *values, args); });
}

/// Environment and files are none of the template's business: the expression may not read them.
Result<int> query(Cli& cli, const std::string& locator, const std::string& text) {
    LIMA_TRY(const auto expression, text::yq::parse(text), "cannot understand the expression");
    LIMA_TRY(auto* context, cli.context());
    LIMA_TRY(const auto read, read_template(*context, locator));
    LIMA_TRY(const auto source, embed_template(*context, read, tmpl::Scope::kAll, true));
    LIMA_TRY(const std::string filled, filled_yaml(*context, source));
    LIMA_TRY(const std::string out, evaluated(filled, read.locator, expression));
    print(out);
    return 0;
}

void add_yq(Command& group) {
    Command& command = group.add(
        {.name = "yq",
         .args = "TEMPLATE EXPR",
         .summary = "Query a template",
         .details = "Evaluate a yq expression on a template with its bases and all defaults, as "
                    "`limactl template copy --fill`\nshows it.",
         .examples = "  $ limactl template yq template:default '.images[].location'",
         .min_args = 2,
         .max_args = 2,
         .complete = complete_templates,
         .complete_files = true});
    command.run([](Cli& c, const Args& args) { return query(c, args[0], args[1]); });
}

Result<int> url(Cli& cli, const std::string& locator) {
    LIMA_TRY(auto* context, cli.context());
    LIMA_TRY(const std::string resolved, tmpl::resolve(locator, template_options(*context)));
    std::printf("%s\n", resolved.c_str());
    return 0;
}

void add_url(Command& group) {
    Command& command = group.add(
        {.name = "url",
         .args = "CUSTOM_URL",
         .summary = "Show where a locator leads",
         .details = "Show where a locator leads: that of `github:ORG[/REPO[/PATH]][@REF]`, or of a "
                    "scheme that a plugin\n`limactl-url-SCHEME` knows. Other locators are shown as "
                    "they are.",
         .examples = "  $ limactl template url github:lima-vm/lima/templates/default",
         .min_args = 1,
         .max_args = 1});
    command.run([](Cli& c, const Args& args) { return url(c, args[0]); });
}

}  // namespace

void add_template(Cli& cli) {
    Command& group = cli.add({.name = "template",
                              .aliases = {"tmpl"},
                              .summary = "Work with templates",
                              .details = "Work with templates: see where one leads, what is in it "
                                         "with its bases, and whether it is valid.",
                              .group = Group::kAdvanced});
    add_copy(group);
    add_validate_to(group);
    add_yq(group);
    add_url(group);
}

}  // namespace lima::cli
