#include "core/cli/kit/template_options.hpp"

#include "core/base/fs.hpp"

namespace lima::cli {

tmpl::Options template_options(const instance::Context& context) {
    tmpl::Options options;
    options.lima_home = context.home.root();
    options.template_dirs = tmpl::default_template_dirs(context.home.root());
    options.host = context.host;
    options.download = [](const std::string& url) -> Result<std::string> {
        LIMA_TRY(const auto environment, fetch::environment());
        LIMA_TRY(const auto dir, fs::TempDir::create("lima-template-"));
        fetch::Request request;
        request.location = url;
        request.description = "the template";
        request.target = dir.path() / "template.yaml";
        LIMA_DO(fetch::fetch(environment, request));
        return fs::read_file(*request.target);
    };
    return options;
}

}  // namespace lima::cli
