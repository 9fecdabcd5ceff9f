// How every command gets a driver object: found by the vmType, with the services of the host, and
// configured with the instance.
#pragma once

#include "core/base/error.hpp"
#include "core/driver/driver.hpp"
#include "core/instance/instance.hpp"

#include <memory>
#include <string>

namespace lima::instance {

/// The driver of that name, not yet configured. Whoever knows the instance says so in the options.
Result<std::unique_ptr<driver::Driver>> open_driver(const Context& context,
                                                    const std::string& vm_type,
                                                    driver::OpenOptions options = {});

struct ConfiguredDriver {
    std::unique_ptr<driver::Driver> driver;
    driver::Info info;
    store::Instance instance;  // its config has the driver's defaults
};
/// The instance must have a config.
Result<ConfiguredDriver> open_configured_driver(const Context& context,
                                                const store::Instance& instance,
                                                driver::OpenOptions options = {});

}  // namespace lima::instance
