#include "core/cli/kit/plugins.hpp"

#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/driver/registry.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <unistd.h>

namespace lima::cli {

namespace {

constexpr const char* kPrefix = "limactl-";

std::vector<std::filesystem::path> existing_dirs(std::initializer_list<const char*> below) {
    std::vector<std::filesystem::path> found;
    for (const auto& prefix : driver::default_search_path().prefixes) {
        for (const char* name : below) {
            const auto dir = prefix / name;
            const auto names = fs::list_names(dir);
            if (names && !names->empty() &&
                std::find(found.begin(), found.end(), dir) == found.end()) {
                found.push_back(dir);
            }
        }
    }
    return found;
}

std::vector<std::filesystem::path> search_path() {
    std::vector<std::filesystem::path> dirs;
    for (const auto& prefix : driver::default_search_path().prefixes) {
        dirs.push_back(prefix / "bin");
    }
    const char* path = std::getenv("PATH");
    for (const auto& dir : split(path != nullptr ? path : "", ':')) {
        if (!dir.empty()) {
            dirs.emplace_back(dir);
        }
    }
    for (auto& dir : libexec_dirs()) {
        dirs.push_back(std::move(dir));
    }
    return dirs;
}

bool is_program(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

SpawnOptions options_for(const Plugin& plugin, const std::vector<std::string>& args) {
    SpawnOptions options;
    options.argv = {plugin.path.string()};
    options.argv.insert(options.argv.end(), args.begin(), args.end());
    std::vector<std::string> path;
    for (const auto& dir : search_path()) {
        path.push_back(dir.string());
    }
    options.extra_env["PATH"] = join(path, ":");
    options.extra_env["LIMACTL"] = self_executable().string();
    return options;
}

std::string description_of(const std::filesystem::path& path) {
    const auto text = fs::read_file(path);
    if (!text || !text->starts_with("#!")) {
        return "";
    }
    const auto begin = text->find("<limactl-desc>");
    const auto end = text->find("</limactl-desc>");
    if (begin == std::string::npos || end == std::string::npos || end < begin) {
        return "";
    }
    const auto from = begin + std::string_view("<limactl-desc>").size();
    return std::string(trim(std::string_view(*text).substr(from, end - from)));
}

}  // namespace

std::vector<std::filesystem::path> libexec_dirs() {
    return existing_dirs({"libexec/lima", "lib/lima"});
}
std::vector<std::filesystem::path> share_dirs() { return existing_dirs({"share/lima"}); }

std::vector<Plugin> list_plugins() {
    std::map<std::string, Plugin> plugins;
    for (const auto& dir : search_path()) {
        const auto names = fs::list_names(dir);
        if (!names) {
            continue;
        }
        for (const auto& file : *names) {
            if (!file.starts_with(kPrefix)) {
                continue;
            }
            const std::string name = file.substr(std::string_view(kPrefix).size());
            if (!name.empty() && !plugins.contains(name) && is_program(dir / file)) {
                plugins[name] = Plugin{name, dir / file, description_of(dir / file)};
            }
        }
    }
    std::vector<Plugin> sorted;
    for (auto& [name, plugin] : plugins) {
        sorted.push_back(std::move(plugin));
    }
    return sorted;
}

std::optional<Plugin> find_plugin(const std::string& name) {
    if (name.empty() || name.find('/') != std::string::npos) {
        return std::nullopt;
    }
    for (const auto& dir : search_path()) {
        if (is_program(dir / (kPrefix + name))) {
            return Plugin{name, dir / (kPrefix + name), ""};
        }
    }
    return std::nullopt;
}

Result<int> run_plugin(const Plugin& plugin, const std::vector<std::string>& args) {
    SpawnOptions options = options_for(plugin, args);
    options.inherit_stdio = true;
    options.new_group = false;  // ^C belongs to the plugin too
    LIMA_TRY(Child child, spawn(options), "cannot run plugin {}", name_quote(plugin.name));
    LIMA_TRY(const ExitStatus status, child.wait());
    return status.signal != 0 ? 255 : status.code;
}

Result<std::optional<std::string>> run_url_plugin(const std::string& scheme,
                                                  const std::string& rest) {
    const auto plugin = find_plugin("url-" + scheme);
    if (!plugin) {
        return std::nullopt;
    }
    SpawnOptions options = options_for(*plugin, {rest});
    options.new_group = false;
    LIMA_TRY(Output output, run(options), "cannot run plugin {}", name_quote(plugin->name));
    if (!output.status.ok()) {
        const std::string said(trim(output.err));
        return failf(Code::kUnavailable, "plugin {} failed: {}", name_quote(plugin->path.string()),
                     said.empty() ? output.status.text() : said);
    }
    return std::move(output.out);
}

}  // namespace lima::cli
