// limactl info
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/format/drivers.hpp"
#include "core/cli/format/json.hpp"
#include "core/cli/format/query.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/plugins.hpp"
#include "core/cli/kit/shell_env.hpp"
#include "core/cli/kit/template_options.hpp"
#include "core/cli/kit/terminal.hpp"
#include "core/config/load.hpp"
#include "core/driver/registry.hpp"

namespace lima::cli {

namespace {

Json paths_json(const std::vector<std::filesystem::path>& paths) {
    if (paths.empty()) {
        return nullptr;
    }
    Json list = Json::array();
    for (const auto& path : paths) {
        list.push_back(path.string());
    }
    return list;
}

/// Names, and where each came from. "kind" and "tried" are ours.
Result<void> add_drivers(Json& info) {
    const auto discovery = driver::discover(driver::default_search_path());
    if (discovery.drivers.empty()) {
        std::string tried;
        for (const auto& place : discovery.tried) {
            tried += "\n  " + place.path.string() + ": " + place.outcome;
        }
        return fail(Error(Code::kNotFound, "no driver was found; tried:" + tried)
                        .with_hint("set LIMA_DRIVERS_PATH to the directory of the drivers"));
    }
    info["vmTypes"] = Json::array();
    info["vmTypesEx"] = Json::object();
    for (const auto& found : discovery.drivers) {
        info["vmTypes"].push_back(found.name);
        info["vmTypesEx"][found.name] = {{"location", found.path.string()},
                                         {"kind", driver_kind(found.origin)}};
    }
    return {};
}

Json guest_agents() {
    Json agents = Json::object();
    constexpr const char* kPrefix = "lima-guestagent.";
    for (const auto& dir : share_dirs()) {
        for (const auto& name : fs::list_names(dir).value_or(std::vector<std::string>{})) {
            if (!name.starts_with(kPrefix)) {
                continue;
            }
            std::string key = name.substr(std::string_view(kPrefix).size());
            key = key.ends_with(".gz") ? key.substr(0, key.size() - 3) : key;
            key = key.starts_with("Linux-") ? key.substr(6) : key;
            if (!agents.contains(key) || name.ends_with(".gz")) {
                agents[key] = {{"location", (dir / name).string()}};
            }
        }
    }
    return agents;
}

Json plugins_json(const Cli&) {
    const auto plugins = list_plugins();
    if (plugins.empty()) {
        return nullptr;
    }
    Json list = Json::array();
    for (const auto& plugin : plugins) {
        Json entry = {{"name", plugin.name}, {"path", plugin.path.string()}};
        if (!plugin.description.empty()) {
            entry["description"] = plugin.description;
        }
        list.push_back(std::move(entry));
    }
    return list;
}

/// template:default with defaults filled, its base not merged.
Json default_template(const instance::Context& context) {
    const auto read = tmpl::read("template:default", template_options(context));
    if (!read) {
        log::warn("cannot read template:default: {}", read.error().text());
        return nullptr;
    }
    config::LoadInput input;
    input.instance = {read->text, read->locator};
    input.instance_dir = ".";
    input.lima_home = context.home.root();
    input.host = context.host;
    input.created_by_version = std::string(version());
    const auto loaded = config::load(input);
    if (!loaded) {
        log::warn("cannot load template:default: {}", loaded.error().text());
        return nullptr;
    }
    return config::to_json(loaded->config);
}

Result<int> run(Cli& cli, const std::string& expression) {
    LIMA_TRY(const auto query, Query::parse({expression}, "--yq"));
    LIMA_TRY(auto* context, cli.context());
    Json info = Json::object();
    info["version"] = std::string(version());
    info["templates"] = Json::array();
    for (const auto& listed : tmpl::list(tmpl::default_template_dirs(context->home.root()))) {
        info["templates"].push_back({{"name", listed.name}, {"location", listed.location}});
    }
    info["defaultTemplate"] = default_template(*context);
    info["limaHome"] = context->home.root().string();
    LIMA_DO(add_drivers(info));
    info["guestAgents"] = guest_agents();
    info["shellEnvBlock"] = default_env_block();
    info["hostOS"] = context->host.os;
    info["hostArch"] = context->host.arch;
    info["identityFile"] = context->home.identity_file().string();
    info["plugins"] = plugins_json(cli);
    info["libexecPaths"] = paths_json(libexec_dirs());
    info["sharePaths"] = paths_json(share_dirs());
    LIMA_TRY(const auto results, query.run(info));
    for (const auto& result : results) {
        print(result_line(result, output_is_terminal(), 4));
    }
    return 0;
}

}  // namespace

void add_info(Cli& cli) {
    Command& command = cli.add({.name = "info",
                                .summary = "Show diagnostic information",
                                .examples = "  Where the drivers come from:\n  $ limactl info --yq "
                                            "'.vmTypesEx[].location'",
                                .group = Group::kAdvanced,
                                .max_args = 0});
    auto expression = std::make_shared<std::string>(".");
    command.flags().text("yq", *expression, "Print the results of a yq expression");
    command.run([expression](Cli& c, const Args&) { return run(c, *expression); });
}

}  // namespace lima::cli
