// The checks of a filled Config that need no driver (spec/config.md 1.11). All mistakes are
// reported together.
#pragma once

#include "core/base/error.hpp"
#include "core/base/host.hpp"
#include "core/config/fields.hpp"
#include "core/config/load.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lima::config {

struct ValidateInput {
    HostFacts host;
    /// Names of networks.yaml with their mode ("user-v2", "shared" …).
    std::map<std::string, std::string> networks;
    /// True when a driver of that name is registered: other vmTypes are an error.
    std::function<bool(const std::string&)> driver_known;
    /// False for a driver that boots no image: `images` may be empty.
    bool images_required = true;
    /// The JSON schema that the driver gives for its vmOpts; null when it gives none.
    const Json* vm_opts_schema = nullptr;
    /// What the config was loaded from: messages then name file, line and column and show the line.
    /// May be null.
    const LoadInput* source = nullptr;
    /// False for a template whose bases and scripts are not embedded yet: what only those can tell,
    /// or networks.yaml, or the drivers, is not checked; unknown keys are told with the mistakes.
    bool whole = true;
    /// What was found when it was loaded; told together with what is found here. May be null.
    const Draft* draft = nullptr;
};

/// On success the warnings (experimental features, missing mount directories).
Result<std::vector<std::string>> validate(const Config& config, const ValidateInput& input);

}  // namespace lima::config
