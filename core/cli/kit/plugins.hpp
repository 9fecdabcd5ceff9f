// CLI plugins: executables limactl-NAME beside limactl, in PATH, or in libexec/lima (spec/cli.md
// section 12). Looked for only when a command is not built in, or when they are to be listed: it
// costs a walk through PATH.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lima::cli {

struct Plugin {
    std::string name;
    std::filesystem::path path;
    std::string description;  // from <limactl-desc> of a script; empty else
};

std::vector<Plugin> list_plugins();
std::optional<Plugin> find_plugin(const std::string& name);
/// Runs it with our stdio; the result is its exit status.
Result<int> run_plugin(const Plugin& plugin, const std::vector<std::string>& args);
/// What limactl-url-SCHEME prints for the rest of a locator; nullopt when there is no such plugin.
Result<std::optional<std::string>> run_url_plugin(const std::string& scheme,
                                                  const std::string& rest);

/// Existing, non-empty <prefix>/libexec/lima and lib/lima, and share/lima directories.
std::vector<std::filesystem::path> libexec_dirs();
std::vector<std::filesystem::path> share_dirs();

}  // namespace lima::cli
