// What an instance tells the null driver: its directory, and the knobs under config.vmOpts.null
// (README.md).
#pragma once

#include <lima/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace null_driver {

struct Knobs {
    std::string instance_dir;
    int start_delay_ms = 0;
    std::string fail_start;  // empty: start succeeds
    bool hang_stop = false;
    bool gui = false;
    std::optional<int> exit_after_ms;
    int exit_code = 0;
};

/// The JSON schema of vmOpts.null. The host checks against it first, and says file and line.
extern const std::string_view kKnobsSchema;

lima::Result<Knobs> read_knobs(std::string_view instance_json);

}  // namespace null_driver
