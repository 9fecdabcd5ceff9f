// limactl list [INSTANCE...]
#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/format/instances.hpp"
#include "core/cli/format/json.hpp"
#include "core/cli/format/query.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/terminal.hpp"
#include "core/store/template_data.hpp"
#include "core/text/yaml.hpp"

#include <algorithm>
namespace lima::cli {

namespace {

struct Options {
    std::optional<std::string> format;
    bool json = false;
    bool quiet = false;
    bool list_fields = false;
    bool all_fields = false;
    Args yq;
    Args filter;
    /// --yq alone chooses JSON, but only after --quiet was looked at.
    std::string chosen() const {
        return json ? "json" : format.value_or(yq.empty() || quiet ? "table" : "json");
    }
};

struct Queries {
    std::optional<Query> yq;
    std::optional<Query> filter;
};

Failure conflict(const char* a, const char* b) {
    return failf(Code::kInvalidArgument, "option {} conflicts with option {}", a, b);
}

Result<void> check_conflicts(const Options& options) {
    if (options.json && options.format) {
        return conflict("--json", "--format");
    }
    if (options.list_fields && options.format) {
        return conflict("--list-fields", "--format");
    }
    if (!options.yq.empty() && options.format && *options.format != "json" &&
        *options.format != "yaml") {
        return failf(Code::kInvalidArgument, "option --yq only works with --format json or yaml");
    }
    if (options.list_fields && !options.yq.empty()) {
        return conflict("--list-fields", "--yq");
    }
    if (options.list_fields && !options.filter.empty()) {
        return conflict("--list-fields", "--filter");
    }
    if (options.quiet && options.chosen() != "table") {
        return failf(Code::kInvalidArgument,
                     "option --quiet can only be used with '--format table'");
    }
    return {};
}

Result<Queries> parse_queries(const Options& options) {
    Queries queries;
    if (!options.filter.empty()) {
        Args selects;
        for (const auto& expression : options.filter) {
            selects.push_back("select(" + expression + ")");
        }
        LIMA_TRY(queries.filter, Query::parse(selects, "--filter"));
    }
    if (!options.yq.empty()) {
        Args steps = options.yq;
        if (options.quiet) {
            steps.emplace_back(".name");
        }
        LIMA_TRY(queries.yq, Query::parse(steps, "--yq"));
    }
    return queries;
}

/// The names to show, in the order asked for; false when one of the arguments is no instance.
bool select_names(const std::vector<std::string>& all, const Args& args,
                  std::vector<std::string>& names) {
    if (args.empty()) {
        names = all;
        return true;
    }
    bool matched = true;
    for (const auto& arg : args) {
        if (std::find(all.begin(), all.end(), arg) != all.end()) {
            names.push_back(arg);
        } else {
            log::warn("No instance matching {} found.", arg);
            matched = false;
        }
    }
    return matched;
}

/// A directory without lima.yaml: shown, so that it can be seen and deleted.
store::Instance broken_entry(const instance::Context& context, const std::string& name,
                             const Error& error) {
    store::Instance instance;
    instance.name = name;
    instance.dir = context.home.instance_dir(name).string();
    instance.status = store::status::kBroken;
    instance.errors.push_back(error.text());
    return instance;
}

Result<std::vector<store::Instance>> inspect_all(const instance::Context& context,
                                                 const std::vector<std::string>& names) {
    std::vector<store::Instance> instances;
    for (const auto& name : names) {
        auto instance = instance::inspect(context, name);
        if (!instance && instance.error().code() != Code::kNotFound) {
            return fail(std::move(instance.error()).wrap("unable to load instance " + name));
        }
        if (!instance && !fs::exists_nofollow(context.home.instance_dir(name))) {
            log::warn("instance {} disappeared while listing", name_quote(name));
            continue;
        }
        instances.push_back(instance ? std::move(*instance)
                                     : broken_entry(context, name, instance.error()));
        if (!instances.back().errors.empty()) {
            log::write(log::Level::kWarning, "instance " + name_quote(name) + " has errors",
                       {{"errors", "[" + join(instances.back().errors, "; ") + "]"}});
        }
    }
    return instances;
}

/// Those for which the filter yields something. It sees what is known of the instance itself.
Result<std::vector<store::Instance>> filtered(std::vector<store::Instance> instances,
                                              const Query& filter) {
    std::vector<store::Instance> kept;
    for (auto& instance : instances) {
        Json record = store::to_json(instance);
        drop_empty_objects(record);
        LIMA_TRY(const auto results, filter.run(record), "instance {}", name_quote(instance.name));
        if (!results.empty()) {
            kept.push_back(std::move(instance));
        }
    }
    return kept;
}

Result<std::string> results_text(const std::vector<store::Instance>& instances,
                                 const ListFacts& facts, const Query& yq, bool yaml) {
    std::string out;
    for (const auto& instance : instances) {
        LIMA_TRY(auto results, yq.run(instance_json(instance, facts)), "instance {}",
                 name_quote(instance.name));
        for (Json& result : results) {
            drop_empty_objects(result);
            out +=
                yaml ? "---\n" + text::emit_yaml(result) : result_line(result, facts.terminal, -1);
        }
    }
    return out;
}

Result<void> print_instances(const instance::Context& context,
                             const std::vector<store::Instance>& instances, const Options& options,
                             const Queries& queries) {
    ListFacts facts;
    facts.host = context.host;
    facts.lima_home = context.home.root().string();
    facts.identity_file = context.home.identity_file().string();
    facts.terminal = output_is_terminal();
    facts.width = facts.terminal ? terminal_width() : 0;
    const std::string format = options.chosen();
    if (queries.yq) {
        LIMA_TRY(const auto text, results_text(instances, facts, *queries.yq, format == "yaml"));
        print(text);
    } else if (options.quiet) {
        for (const auto& instance : instances) {
            print(instance.name + "\n");
        }
    } else if (format == "table") {
        print(instances_table(instances, facts, options.all_fields));
    } else if (format == "json") {
        print(instances_json(instances, facts));
    } else if (format == "yaml") {
        print(instances_yaml(instances, facts));
    } else {
        LIMA_TRY(const auto text, instances_template(instances, facts, format));
        print(text);
    }
    return {};
}

/// What every instance has, as a yq expression begins.
std::vector<std::string> complete_keys(Cli&, const std::string&) {
    return {".name", ".status", ".vmType", ".arch",         ".cpus",      ".memory",
            ".disk", ".dir",    ".config", ".sshLocalPort", ".protected", ".limaVersion"};
}

Result<int> run(Cli& cli, const Options& options, const Args& args) {
    LIMA_DO(check_conflicts(options));
    if (options.list_fields) {
        print(join(store::template_fields(), "\n") + "\n");
        return 0;
    }
    LIMA_TRY(const Queries queries, parse_queries(options));
    LIMA_TRY(auto* context, cli.context());
    LIMA_TRY(const auto all, context->home.instance_names());
    if (args.empty() && all.empty()) {
        log::warn("No instance found. Run `limactl create` to create an instance.");
        return 0;
    }
    std::vector<std::string> names;
    const bool matched = select_names(all, args, names);
    if (options.quiet && !queries.yq && !queries.filter) {
        for (const auto& name : names) {
            print(name + "\n");
        }
    } else if (matched || !names.empty()) {
        LIMA_TRY(auto instances, inspect_all(*context, names));
        if (queries.filter) {
            LIMA_TRY(instances, filtered(std::move(instances), *queries.filter));
        }
        LIMA_DO(print_instances(*context, instances, options, queries));
    }
    if (!matched) {
        return failf(Code::kNotFound, "unmatched instances");
    }
    return 0;
}

}  // namespace

void add_list(Cli& cli) {
    Command& command = cli.add(
        {.name = "list",
         .aliases = {"ls"},
         .args = "[INSTANCE]...",
         .summary = "List instances of Lima",
         .details =
             "List instances of Lima.\n\nThe format is table, json, yaml, or a Go template such as "
             "'{{.Name}}: {{.Status}}'; --list-fields names the fields.\nExpressions of yq see an "
             "instance as --json prints it: --filter chooses instances, --yq what is printed of "
             "each.",
         .examples =
             "  The name and the ssh port of each:\n  $ limactl list --format '{{.Name}} "
             "{{.SSHLocalPort}}'\n\n"
             "  The names of those that run:\n  $ limactl list -q --filter '.status == "
             "\"Running\"'\n\n"
             "  Where each mounts something writable:\n  $ limactl list --yq '.name + \": \" + "
             "(.config.mounts[] | select(.writable) | .location)'",
         .group = Group::kBasic,
         .complete = complete_instances});
    auto options = std::make_shared<Options>();
    Flags flags = command.flags();
    FlagInfo& format = flags.text("f,format", options->format,
                                  "Output format: table, json, yaml, or a Go template");
    format.default_text = "\"table\"";
    format.complete = [](Cli&, const std::string&) {
        return std::vector<std::string>{"table", "json", "yaml"};
    };
    flags.boolean("json", options->json, "As --format json");
    flags.boolean("q,quiet", options->quiet, "Only show names");
    flags.boolean("list-fields", options->list_fields, "List the fields of a Go template");
    flags.list("yq", options->yq, "Print the result of a yq expression for each instance")
        .complete = complete_keys;
    flags
        .list("l,filter", options->filter,
              "Only instances for which the yq expression is true, as in '.cpus > 2'")
        .complete = complete_keys;
    flags.boolean("all-fields", options->all_fields,
                  "Show all columns, however narrow the terminal");
    command.run([options](Cli& c, const Args& args) { return run(c, *options, args); });
}

}  // namespace lima::cli
