#include "core/text/go_template.hpp"

#include "core/text/go_template_ast.hpp"
#include "core/text/go_template_builtins.hpp"
#include "core/text/go_template_exec.hpp"

#include <utility>

namespace lima::text {

struct Template::Impl {
    std::string source;
    TemplateOptions options;
    gotmpl::Trees trees;
};

Template::Template(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Result<Template> Template::parse(std::string_view text, TemplateOptions options) {
    auto impl = std::make_unique<Impl>();
    impl->source = text;
    impl->options = std::move(options);
    const auto has_function = [&](const std::string& name) {
        return name == "and" || name == "or" || gotmpl::builtins().count(name) > 0 ||
               impl->options.functions.count(name) > 0;
    };
    LIMA_TRY(impl->trees, gotmpl::parse_trees(impl->source, impl->options.name, has_function));
    return Template(std::move(impl));
}

Result<void> Template::execute_to(const Json& data, std::string& out) const {
    return gotmpl::execute(impl_->trees, impl_->options, impl_->source, data, out);
}

Result<std::string> Template::execute(const Json& data) const {
    std::string out;
    LIMA_DO(execute_to(data, out));
    return out;
}

Result<std::string> expand_template(std::string_view text, const Json& data,
                                    TemplateOptions options) {
    LIMA_TRY(const Template parsed, Template::parse(text, std::move(options)));
    return parsed.execute(data);
}

}  // namespace lima::text
