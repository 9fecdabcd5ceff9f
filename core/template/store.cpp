// The directories of named templates.
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/template/template.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace lima::tmpl {
namespace {

using Path = std::filesystem::path;

void add_prefix(std::vector<Path>& dirs, const Path& program) {
    if (program.empty()) {
        return;
    }
    const Path share = program.parent_path().parent_path() / "share" / "lima";
    std::error_code ignored;
    const Path dir = share / "templates";
    if (std::filesystem::is_directory(share, ignored) &&
        !std::filesystem::is_empty(share, ignored) &&
        std::find(dirs.begin(), dirs.end(), dir) == dirs.end()) {
        dirs.push_back(dir);
    }
}

}  // namespace

std::vector<Path> default_template_dirs(const Path& lima_home) {
    std::vector<Path> dirs;
    if (const char* path = std::getenv("LIMA_TEMPLATES_PATH"); path != nullptr && *path != '\0') {
        for (const std::string& dir : split(path, ':')) {
            if (!dir.empty()) {
                dirs.emplace_back(dir);
            }
        }
        return dirs;
    }
    dirs.push_back(lima_home / "_templates");
    add_prefix(dirs, self_invocation());
    add_prefix(dirs, self_executable());
    return dirs;
}

std::vector<Listed> list(const std::vector<Path>& dirs) {
    std::map<std::string, std::string> found;
    for (const Path& dir : dirs) {
        std::error_code error;
        std::filesystem::recursive_directory_iterator at(dir, error);
        for (; !error && at != std::filesystem::recursive_directory_iterator();
             at.increment(error)) {
            const std::string file = at->path().filename().string();
            std::error_code ignored;
            if (file.starts_with('.') || !file.ends_with(".yaml") || at->is_directory(ignored)) {
                continue;
            }
            std::string name = at->path().lexically_relative(dir).string();
            name.resize(name.size() - std::string_view(".yaml").size());
            found.emplace(std::move(name), at->path().string());
        }
    }
    std::vector<Listed> out;
    for (auto& [name, location] : found) {
        out.push_back(Listed{name, std::move(location)});
    }
    return out;
}

std::vector<std::string> public_names(const std::vector<Path>& dirs) {
    std::vector<std::string> names;
    for (Listed& listed : list(dirs)) {
        if (!listed.name.starts_with("_")) {
            names.push_back(std::move(listed.name));
        }
    }
    return names;
}

}  // namespace lima::tmpl
