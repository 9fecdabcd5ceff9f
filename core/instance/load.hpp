// From the text of a lima.yaml to a complete, checked Config, with default.yaml, override.yaml and
// networks.yaml of the home taken into account; and from that to the record of an instance.
#pragma once

#include "core/base/error.hpp"
#include "core/config/load.hpp"
#include "core/instance/instance.hpp"

#include <string>
#include <vector>

namespace lima::instance {

/// vm_type is resolved in the result.
Result<config::LoadInput> load_input(const Context& context, const std::string& name,
                                     config::Source source);
Result<config::Loaded> load_config(const Context& context, const config::LoadInput& input);

/// Whom check_config may ask about the configuration: a driver that is a program has to be launched
/// for it.
enum class Ask { kEveryDriver, kModules };

/// The checks that need no configured driver. Returns warnings.
Result<std::vector<std::string>> check_config(const Context& context, const config::Config& config,
                                              const config::LoadInput& input,
                                              Ask ask = Ask::kEveryDriver);

/// What the config says; no status, no processes.
store::Instance make_instance(const Context& context, const std::string& name,
                              const config::Config& config);

/// Whether the driver boots an image. False when there is no such driver: who opens it says so.
bool driver_needs_image(const Context& context, const std::string& vm_type);

}  // namespace lima::instance
