// lima.config-schema/1 from the host's side: what a driver says about its vmOpts. Thread: any.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/driver/driver.hpp"
#include "core/driver/registry.hpp"

#include <optional>

namespace lima::driver {

/// nullopt: the driver gives none.
Result<std::optional<Json>> config_schema(const Driver& driver);
/// Loads the module, or launches the program, and asks an object that is not configured.
Result<std::optional<Json>> config_schema(const Found& found);

}  // namespace lima::driver
