#include "core/instance/open_driver.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/config/load.hpp"
#include "core/instance/host_disk.hpp"

namespace lima::instance {

Result<std::unique_ptr<driver::Driver>> open_driver(const Context& context,
                                                    const std::string& vm_type,
                                                    driver::OpenOptions options) {
    options.lima_home = context.home.root();
    options.host_extensions.merge(host_extensions());
    if (context.progress && !options.on_progress) {
        options.on_progress = [show = context.progress](std::uint64_t done, std::uint64_t total,
                                                        const std::string& what) {
            show(fetch::Progress{what, done, total}, what);
        };
    }
    return driver::open_driver(vm_type, std::move(options));
}

Result<ConfiguredDriver> open_configured_driver(const Context& context,
                                                const store::Instance& instance,
                                                driver::OpenOptions options) {
    LIMA_CHECK(instance.config.has_value());
    ConfiguredDriver result;
    result.instance = instance;
    // One that is only checked has no directory yet.
    if (fs::exists(instance.dir)) {
        options.instance_dir = instance.dir;
    }
    LIMA_TRY(result.driver, open_driver(context, instance.vm_type, std::move(options)));
    LIMA_TRY(const Json reply, result.driver->configure(store::to_json(instance)),
             "failed to configure the driver {}", instance.vm_type);
    if (reply.is_object() && reply.contains("config")) {
        LIMA_DO(config::apply_json(reply["config"], *result.instance.config),
                "cannot read what the driver {} made of the configuration", instance.vm_type);
    }
    LIMA_TRY(result.info, result.driver->info());
    return result;
}

}  // namespace lima::instance
