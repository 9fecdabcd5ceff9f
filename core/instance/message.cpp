#include "core/instance/message.hpp"

#include "core/base/json.hpp"
#include "core/store/template_data.hpp"
#include "core/text/go_template.hpp"

#include <utility>

namespace lima::instance {

Result<std::string> render_message(const Context& context, const store::Instance& instance) {
    if (!instance.config || instance.config->message.empty()) {
        return std::string();
    }
    text::TemplateOptions options;
    options.strict_fields = true;
    options.name = "message";
    return text::expand_template(
        instance.config->message,
        store::template_data(instance, context.host, context.home.root().string(),
                             context.home.identity_file().string()),
        std::move(options));
}

}  // namespace lima::instance
