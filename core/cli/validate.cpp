// limactl validate TEMPLATE...
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/template_options.hpp"

namespace lima::cli {

namespace {

Result<void> check(const instance::Context& context, const std::string& locator) {
    const tmpl::Options options = template_options(context);
    LIMA_TRY(const auto read, tmpl::read(locator, options));
    if (trim(read.text).empty()) {
        return failf(Code::kInvalidArgument, "don't know how to interpret {} as a template locator",
                     go_quote(locator));
    }
    if (read.name.empty()) {
        return failf(Code::kInvalidArgument,
                     "can't determine instance name from template locator {}", go_quote(locator));
    }
    LIMA_TRY(const auto source, tmpl::embed(read, options));
    LIMA_DO(instance::check_yaml(context, "", source.text, source.file, source.origins));
    log::info("{}: OK", go_quote(locator));
    return {};
}

}  // namespace

void add_validate(Cli& cli) {
    Command& command = cli.add({.name = "validate",
                                .args = "TEMPLATE [TEMPLATE, ...]",
                                .summary = "Validate YAML templates",
                                .group = Group::kAdvanced,
                                .min_args = 1,
                                .complete = complete_templates,
                                .complete_files = true});
    command.run([](Cli& c, const Args& args) -> Result<int> {
        LIMA_TRY(auto* context, c.context());
        for (const auto& locator : args) {
            LIMA_DO(check(*context, locator), "failed to validate {}", name_quote(locator));
        }
        return 0;
    });
}

}  // namespace lima::cli
