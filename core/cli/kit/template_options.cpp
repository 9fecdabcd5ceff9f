#include "core/cli/kit/template_options.hpp"

#include "core/base/fs.hpp"
#include "core/cli/kit/plugins.hpp"

#include <cstdlib>

namespace lima::cli {

namespace {

Result<std::string> download(const tmpl::Download& wanted) {
    LIMA_TRY(const auto environment, fetch::environment());
    LIMA_TRY(const auto dir, fs::TempDir::create("lima-template-"));
    fetch::Request request;
    request.location = wanted.url;
    request.headers = wanted.headers;
    request.description = "the template";
    request.target = dir.path() / "template.yaml";
    LIMA_DO(fetch::fetch(environment, request));
    return fs::read_file(*request.target);
}

std::string github_token() {
    for (const char* name : {"GH_TOKEN", "GITHUB_TOKEN"}) {
        if (const char* token = std::getenv(name); token != nullptr && *token != '\0') {
            return token;
        }
    }
    return "";
}

}  // namespace

tmpl::Options template_options(const instance::Context& context) {
    tmpl::Options options;
    options.lima_home = context.home.root();
    options.template_dirs = tmpl::default_template_dirs(context.home.root());
    options.host = context.host;
    options.github_token = github_token();
    options.download = download;
    options.url_plugin = run_url_plugin;
    return options;
}

}  // namespace lima::cli
