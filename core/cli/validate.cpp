// limactl validate TEMPLATE..., which is limactl template validate too.
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/template_text.hpp"

namespace lima::cli {

namespace {

/// The filled text, when it is wanted.
Result<std::string> check(const instance::Context& context, const std::string& locator, bool fill) {
    LIMA_TRY(const auto read, read_template(context, locator));
    if (read.name.empty()) {
        return failf(Code::kInvalidArgument,
                     "can't determine instance name from template locator {}", go_quote(locator));
    }
    LIMA_TRY(const auto source, embed_template(context, read, tmpl::Scope::kAll, fill));
    LIMA_DO(instance::check_yaml(context, "", source.text, source.file, source.origins));
    log::info("{}: OK", go_quote(locator));
    return fill ? filled_yaml(context, source) : Result<std::string>("");
}

Result<int> run(Cli& cli, bool fill, const Args& locators) {
    LIMA_TRY(auto* context, cli.context());
    std::size_t bad = 0;
    for (const std::string& locator : locators) {
        auto text = check(*context, locator, fill);
        if (text && fill) {
            LIMA_DO(print_yaml(locators.size() == 1 ? *text : "---\n" + *text + "...\n"));
        }
        if (text) {
            continue;
        }
        Error error =
            std::move(text.error()).wrap(fmt::format("failed to validate {}", name_quote(locator)));
        if (locators.size() == 1) {
            return fail(std::move(error));
        }
        // The others are looked at too: who has many wants to know about all.
        log::Fields fields;
        if (!error.hint().empty()) {
            fields.emplace_back("hint", error.hint());
        }
        log::write(log::Level::kError, error.text(), fields);
        ++bad;
    }
    if (bad > 0) {
        return failf(Code::kInvalidArgument, "{} of {} templates failed to validate", bad,
                     locators.size());
    }
    return 0;
}

}  // namespace

void add_validate_to(Command& parent) {
    Command& command = parent.add(
        {.name = "validate",
         .args = "TEMPLATE [TEMPLATE, ...]",
         .summary = "Validate YAML templates",
         .details = "Validate YAML templates, with their bases: as `limactl create` does, and "
                    "nothing is created.\nAll of them are looked at; each mistake is shown with "
                    "file, line and column.",
         .examples = "  $ limactl validate ./web.yaml template:docker\n"
                     "  $ limactl validate --fill ./web.yaml >web.filled.yaml",
         .group = parent.parent() == nullptr ? Group::kAdvanced : Group::kNone,
         .min_args = 1,
         .complete = complete_templates,
         .complete_files = true});
    auto fill = std::make_shared<bool>(false);
    command.flags().boolean("fill", *fill, "Print the template with all defaults filled in");
    command.run([fill](Cli& c, const Args& args) { return run(c, *fill, args); });
}

void add_validate(Cli& cli) { add_validate_to(cli.root()); }

}  // namespace lima::cli
