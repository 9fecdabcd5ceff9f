// limactl generate-jsonschema [FILE...]
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/terminal.hpp"
#include "core/config/checks.hpp"
#include "core/config/field_schema.hpp"
#include "core/config/locate.hpp"
#include "core/config/reference.hpp"
#include "core/config/schema.hpp"
#include "core/driver/config_schema.hpp"
#include "core/driver/remote.hpp"
#include "core/text/yaml.hpp"

namespace lima::cli {

namespace {

struct Options {
    std::optional<std::string> schema_file;
    bool markdown = false;
};

/// Drivers that are programs are not launched for this.
std::map<std::string, Json> driver_schemas() {
    std::map<std::string, Json> out;
    for (const auto& found : driver::discover(driver::default_search_path()).drivers) {
        if (driver::is_remote(found)) {
            continue;
        }
        auto schema = driver::config_schema(found);
        if (!schema) {
            log::warn("no schema for `vmOpts.{}`: {}", found.name, schema.error().text());
        } else if (*schema) {
            out[found.name] = std::move(**schema);
        }
    }
    return out;
}

Result<void> check_file(const Json& schema, const std::string& file) {
    LIMA_TRY(std::string text, fs::read_file(file));
    LIMA_TRY(const text::Node tree, text::parse_yaml(text, file));
    config::Problems problems;
    config::check_schema(schema, text::to_json(tree, text::Schema::kGo), "", problems);
    for (const std::string& warning : problems.warnings()) {
        log::warn("{}", warning);
    }
    if (!problems.list().empty()) {
        const config::Source source{std::move(text), file};
        const config::Places places(source);
        std::vector<config::Mistake> mistakes;
        for (const config::Problem& problem : problems.list()) {
            mistakes.push_back(places.with_place(problem.path, problem.message));
        }
        return fail(config::mistakes_error(std::move(mistakes), true));
    }
    log::info("{}: OK", file);
    return {};
}

Result<int> run(const Options& options, const Args& files) {
    if (!files.empty() && !options.schema_file) {
        return failf(Code::kInvalidArgument, "--schemafile is needed to validate files");
    }
    const auto drivers = driver_schemas();
    if (options.markdown) {
        print(config::reference_page(drivers));
        return 0;
    }
    const Json schema = config::field_schema(drivers);
    const std::string text = dump_json(schema, 4) + "\n";
    if (!options.schema_file) {
        print(text);
        return 0;
    }
    LIMA_DO(fs::write_file_atomic(*options.schema_file, text));
    for (const std::string& file : files) {
        LIMA_DO(check_file(schema, file), "failed to validate {}", file);
    }
    return 0;
}

}  // namespace

void add_generate_jsonschema(Cli& cli) {
    Command& command =
        cli.add({.name = "generate-jsonschema",
                 .args = "[FILE]...",
                 .summary = "Generate the JSON schema of lima.yaml",
                 .details = "Generate the JSON schema of lima.yaml, with the vmOpts of the drivers "
                            "that are installed.\n\nFiles that are named are checked against it.",
                 .group = Group::kHidden,
                 .complete_files = true});
    auto options = std::make_shared<Options>();
    Flags flags = command.flags();
    flags.text("schemafile", options->schema_file, "Write the schema to this file");
    flags.boolean("markdown", options->markdown,
                  "Print the reference page of lima.yaml (docs/lima-yaml.md) instead");
    command.run([options](Cli&, const Args& files) { return run(*options, files); });
}

}  // namespace lima::cli
