#include "core/cli/kit/guest_script.hpp"

#include "core/base/text.hpp"

#include <algorithm>

namespace lima::cli {

namespace {

bool is_below(const std::filesystem::path& path, const std::filesystem::path& parent) {
    const std::string a = path.lexically_normal().string();
    std::string b = parent.lexically_normal().string();
    while (b.size() > 1 && b.ends_with("/")) {
        b.pop_back();
    }
    return a == b || b == "/" || a.starts_with(b + "/");
}

bool mounted(const config::Config& config, const std::filesystem::path& path) {
    return std::any_of(config.mounts.begin(), config.mounts.end(), [&](const config::Mount& mount) {
        std::error_code error;
        const auto location = std::filesystem::weakly_canonical(mount.location, error);
        return is_below(path, error ? std::filesystem::path(mount.location) : location);
    });
}

std::string directory_command(const GuestScriptInput& input) {
    if (input.workdir) {
        return "cd " + shell_quote(*input.workdir) + " || exit 1";
    }
    if (input.config->vm_type == "wsl2" || mounted(*input.config, input.host_cwd)) {
        return "cd " + shell_quote(input.host_cwd.string()) + " || cd " +
               shell_quote(input.host_home.string());
    }
    if (mounted(*input.config, input.host_home)) {
        return "cd " + shell_quote(input.host_home.string());
    }
    return "false";
}

/// Leading words with "=" are assignments: only what follows the first "=" is quoted.
std::string command_words(const std::vector<std::string>& command) {
    std::vector<std::string> words;
    bool assignments = true;
    for (const auto& word : command) {
        const auto equals = word.find('=');
        assignments = assignments && equals != std::string::npos;
        words.push_back(assignments
                            ? word.substr(0, equals + 1) + shell_quote(word.substr(equals + 1))
                            : shell_quote(word));
    }
    return join(words, " ");
}

}  // namespace

std::string guest_script(const GuestScriptInput& input) {
    std::string shell = "\"$SHELL\"";
    if (input.shell) {
        shell = shell_quote(*input.shell);
    } else if (input.config->user.shell && !input.config->user.shell->empty()) {
        shell = shell_quote(*input.config->user.shell);
    }
    std::string script = directory_command(input) + " ; exec ";
    if (!input.env.empty()) {
        std::vector<std::string> pairs;
        for (const auto& pair : input.env) {
            const auto equals = pair.find('=');
            pairs.push_back(pair.substr(0, equals + 1) + shell_quote(pair.substr(equals + 1)));
        }
        script += "env " + join(pairs, " ") + " ";
    }
    script += shell + " -l";
    if (!input.command.empty()) {
        script += " -c " + shell_quote(command_words(input.command));
    }
    return script;
}

}  // namespace lima::cli
