// From the text of a lima.yaml to a complete, checked Config, with default.yaml, override.yaml and
// networks.yaml of the home taken into account; and from that to the record of an instance.
#pragma once

#include "core/base/error.hpp"
#include "core/config/load.hpp"
#include "core/instance/instance.hpp"

#include <string>
#include <vector>

namespace lima::instance {

Result<config::LoadInput> load_input(const Context& context, const std::string& name,
                                     config::Source source);

/// Whom load_checked may ask about the configuration: a driver that is a program has to be launched
/// for it.
enum class Ask { kEveryDriver, kModules };

/// Loads, and makes the checks that need no configured driver; vm_type is resolved in the result.
/// The error has all mistakes; the warnings are there in any case.
Result<config::Config> load_checked(const Context& context, const config::LoadInput& input,
                                    std::vector<std::string>& warnings,
                                    Ask ask = Ask::kEveryDriver);

/// What the config says; no status, no processes.
store::Instance make_instance(const Context& context, const std::string& name,
                              const config::Config& config);

/// Whether the driver boots an image. False when there is no such driver: who opens it says so.
bool driver_needs_image(const Context& context, const std::string& vm_type);

}  // namespace lima::instance
