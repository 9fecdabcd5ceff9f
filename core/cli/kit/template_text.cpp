#include "core/cli/kit/template_text.hpp"

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/cli/kit/template_options.hpp"
#include "core/cli/kit/terminal.hpp"
#include "core/instance/load.hpp"
#include "core/text/yq/format.hpp"

#include <cstdio>

namespace lima::cli {

namespace {

namespace yq = text::yq;

Result<std::string> encoded(const std::vector<yq::NodePtr>& nodes, const char* separator,
                            const yq::EncodeOptions& options) {
    std::string out;
    for (const yq::NodePtr& node : nodes) {
        LIMA_TRY(const std::string text, yq::find_format("yaml")->encode(*node, options));
        out += (out.empty() ? "" : separator) + text;
    }
    return out;
}

/// The same text where it cannot be read as YAML.
std::string coloured(const std::string& text) {
    yq::EncodeOptions options;
    options.colour = true;
    options.compact_sequences = true;
    const auto documents = yq::find_format("yaml")->decode(text, "", {});
    return documents ? encoded(*documents, "---\n", options).value_or(text) : text;
}

}  // namespace

Result<tmpl::Read> read_template(const instance::Context& context, const std::string& locator) {
    LIMA_TRY(tmpl::Read read, tmpl::read(locator, template_options(context)));
    if (trim(read.text).empty()) {
        return fail(
            Error(Code::kInvalidArgument,
                  fmt::format("don't know how to interpret {} as a template locator: it is empty",
                              go_quote(locator)))
                .with_hint("`limactl create --list-templates` shows the templates"));
    }
    return read;
}

Result<config::Source> embed_template(const instance::Context& context, const tmpl::Read& read,
                                      tmpl::Scope scope, bool with_base_yaml) {
    tmpl::Options options = template_options(context);
    options.with_base_yaml = with_base_yaml;
    return tmpl::embed(read, options, scope);
}

Result<std::string> filled_yaml(const instance::Context& context, const config::Source& source) {
    LIMA_TRY(const config::LoadInput input, instance::load_input(context, "", source));
    LIMA_TRY(const config::Loaded loaded, config::load(input));
    for (const std::string& warning : loaded.warnings) {
        log::warn("{}", warning);
    }
    return config::to_yaml(loaded.config);
}

Result<std::string> evaluated(const std::string& yaml, const std::string& file,
                              const yq::Expression& expression) {
    LIMA_TRY(const auto documents, yq::find_format("yaml")->decode(yaml, file, {}));
    LIMA_TRY(const auto results, yq::evaluate_all(expression, documents));
    yq::EncodeOptions options;
    options.colour = output_is_terminal();
    return encoded(results, "", options);
}

Result<void> print_yaml(const std::string& text) {
    const std::string shown = output_is_terminal() ? coloured(text) : text;
    if (std::fwrite(shown.data(), 1, shown.size(), stdout) != shown.size() ||
        std::fflush(stdout) != 0) {
        return fail_errno(errno, "cannot write to standard output");
    }
    return {};
}

}  // namespace lima::cli
