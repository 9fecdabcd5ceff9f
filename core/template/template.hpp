// Templates: what a locator on the command line or in `base:` means, and how a template with bases
// becomes one text (spec/config.md section 4).
#pragma once

#include "core/base/error.hpp"
#include "core/base/host.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lima::tmpl {

struct Read {
    std::string locator;  // absolute
    std::string name;     // inferred instance name; empty for stdin
    std::string text;
};

struct Options {
    std::filesystem::path lima_home;
    std::vector<std::filesystem::path> template_dirs;
    std::function<Result<std::string>(const std::string& url)> download;
    HostFacts host;
    /// Prepend $LIMA_HOME/_config/base.yaml to the bases of the top template: for create and start.
    bool with_base_yaml = false;
};

/// The name is empty when none can be inferred that is a valid identifier (stdin, "_x.yaml").
Result<Read> read(const std::string& locator, const Options& options);

/// Resolves `base:` (recursively; relative locators, loops refused), merges, and inlines script
/// files. A text without them is returned as it is.
Result<std::string> embed(const Read& top, const Options& options);

/// $LIMA_TEMPLATES_PATH, else $LIMA_HOME/_templates and <prefix>/share/lima/templates.
std::vector<std::filesystem::path> default_template_dirs(const std::filesystem::path& lima_home);

struct Listed {
    std::string name;
    std::string location;
};
/// Public and private names, sorted; the first directory wins.
std::vector<Listed> list(const std::vector<std::filesystem::path>& dirs);

}  // namespace lima::tmpl
