// Templates: what a locator on the command line or in `base:` means, and how a template with bases
// becomes one text (spec/config.md section 4).
#pragma once

#include "core/base/error.hpp"
#include "core/base/host.hpp"
#include "core/config/load.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lima::tmpl {

struct Read {
    std::string locator;  // absolute
    std::string name;     // inferred instance name; empty for stdin
    std::string text;
};

struct Download {
    std::string url;
    std::vector<std::string> headers;  // "Name: value"
};

struct Options {
    std::filesystem::path lima_home;
    std::vector<std::filesystem::path> template_dirs;
    /// kNotFound when the server says that it is not there. Empty: nothing can be downloaded.
    std::function<Result<std::string>(const Download& download)> download;
    /// The plugin for locators of a scheme, run with the rest of the locator: what it printed.
    /// nullopt when there is none. Empty: there are no plugins.
    std::function<Result<std::optional<std::string>>(const std::string& scheme,
                                                     const std::string& rest)>
        url_plugin;
    HostFacts host;
    std::string github_token;
    /// Prepend $LIMA_HOME/_config/base.yaml to the bases of the top template: for create and start.
    bool with_base_yaml = false;
};

/// What embed puts into the text.
enum class Scope {
    kAll,
    kExternal,  // all but what is at `template:`
    kNone,      // locators are made absolute
};

/// The name is empty when none can be inferred that is a valid identifier (stdin, "_x.yaml").
Result<Read> read(const std::string& locator, const Options& options);

/// What the locator means in the end: schemes of plugins and github: are resolved.
Result<std::string> resolve(const std::string& locator, const Options& options);

/// Resolves `base:` (recursively; relative locators, loops refused), merges, and inlines script
/// files. A text without them is returned as it is. The text of the top stays byte for byte where
/// it does not change; what comes from a base is its own text, with its comments; each line knows
/// where it was written.
Result<config::Source> embed(const Read& top, const Options& options, Scope scope = Scope::kAll);

/// $LIMA_TEMPLATES_PATH, else $LIMA_HOME/_templates and <prefix>/share/lima/templates.
std::vector<std::filesystem::path> default_template_dirs(const std::filesystem::path& lima_home);

struct Listed {
    std::string name;
    std::string location;
};
/// Public and private names, sorted; the first directory wins.
std::vector<Listed> list(const std::vector<std::filesystem::path>& dirs);
/// The names of those that are for users: they do not begin with _.
std::vector<std::string> public_names(const std::vector<std::filesystem::path>& dirs);

}  // namespace lima::tmpl
