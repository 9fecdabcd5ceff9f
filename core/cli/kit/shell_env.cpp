#include "core/cli/kit/shell_env.hpp"

#include "core/base/text.hpp"

#include <algorithm>

namespace lima::cli {

namespace {

/// * anywhere, the whole name.
bool matches(std::string_view pattern, std::string_view name) {
    if (pattern.empty()) {
        return name.empty();
    }
    if (pattern[0] == '*') {
        for (std::size_t i = 0; i <= name.size(); ++i) {
            if (matches(pattern.substr(1), name.substr(i))) {
                return true;
            }
        }
        return false;
    }
    return !name.empty() && name[0] == pattern[0] && matches(pattern.substr(1), name.substr(1));
}

bool any_matches(const std::vector<std::string>& patterns, const std::string& name) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const auto& pattern) { return matches(pattern, name); });
}

Result<std::vector<std::string>> parse_patterns(const std::string& variable,
                                                const std::string& text) {
    std::vector<std::string> patterns;
    for (const auto& part : split(text, ',')) {
        const std::string pattern(trim(part));
        if (pattern.empty()) {
            continue;
        }
        const bool valid = std::all_of(pattern.begin(), pattern.end(), [](unsigned char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '_' || c == '*';
        });
        if (!valid) {
            return failf(Code::kInvalidArgument,
                         "Invalid {} pattern {}: contains invalid character", variable,
                         go_quote(pattern));
        }
        patterns.push_back(pattern);
    }
    return patterns;
}

}  // namespace

const std::vector<std::string>& default_env_block() {
    static const std::vector<std::string> kBlock{
        "BASH*", "DISPLAY",    "DYLD_*", "EUID",    "FPATH",    "GID",    "GROUP",
        "HOME",  "HOSTNAME",   "LD_*",   "LOGNAME", "OLDPWD",   "PATH",   "PWD",
        "SHELL", "SHLVL",      "SSH_*",  "TERM",    "TERMINFO", "TMPDIR", "UID",
        "USER",  "XAUTHORITY", "XDG_*",  "ZDOTDIR", "ZSH*",     "_*"};
    return kBlock;
}

Result<std::vector<std::string>> preserved_env(const std::vector<std::string>& environment,
                                               const std::string& block, const std::string& allow) {
    std::vector<std::string> blocked = default_env_block();
    if (!block.empty()) {
        const bool extends = block.starts_with("+");
        LIMA_TRY(const auto given,
                 parse_patterns("LIMA_SHELLENV_BLOCK", extends ? block.substr(1) : block));
        if (!extends) {
            blocked.clear();
        }
        blocked.insert(blocked.end(), given.begin(), given.end());
    }
    LIMA_TRY(const auto allowed, parse_patterns("LIMA_SHELLENV_ALLOW", allow));
    std::vector<std::string> kept;
    for (const auto& pair : environment) {
        const std::string name = pair.substr(0, pair.find('='));
        if (!name.empty() && (any_matches(allowed, name) || !any_matches(blocked, name))) {
            kept.push_back(pair);
        }
    }
    return kept;
}

}  // namespace lima::cli
