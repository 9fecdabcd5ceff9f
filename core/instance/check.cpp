#include "core/instance/check.hpp"

#include "core/base/log.hpp"
#include "core/instance/load.hpp"
#include "core/instance/open_driver.hpp"

namespace lima::instance {

Result<store::Instance> check_text(const Context& context, const std::string& name,
                                   config::Source source) {
    LIMA_TRY(const config::LoadInput input, load_input(context, name, std::move(source)));
    std::vector<std::string> warnings;
    const auto config = load_checked(context, input, warnings);
    for (const std::string& warning : warnings) {
        log::warn("{}", warning);
    }
    if (!config) {
        return fail(config.error());
    }
    return make_instance(context, name.empty() ? input.instance_dir.filename().string() : name,
                         *config);
}

Result<void> check_yaml(const Context& context, const std::string& name, const std::string& yaml,
                        const std::string& file, const text::Origins& origins) {
    LIMA_TRY(const store::Instance instance, check_text(context, name, {yaml, file, origins}));
    if (name.empty()) {
        return {};  // a template: it may be for another machine
    }
    LIMA_TRY(const ConfiguredDriver configured, open_configured_driver(context, instance));
    return configured.driver->validate();
}

}  // namespace lima::instance
