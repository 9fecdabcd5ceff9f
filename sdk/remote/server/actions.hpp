// What the process does without serving: one text in, one text out (spec/drivers.md 2.7 and 2.15).
#pragma once

#include "core/driver/driver.hpp"

#include <string>
#include <string_view>

namespace lima::remote {

/// --inspect-status: a JSON string that holds the instance's JSON in base64, and the same back with
/// the status that the driver knows ("": PID files tell). What the host knows to be broken stays
/// so.
Result<std::string> inspect_status(driver::Driver& driver, std::string_view input);

/// --pre-driver-action of generation 1: {"config": …, "filePath": …} in; the configuration with the
/// driver's defaults out.
Result<std::string> fill_config(driver::Driver& driver, std::string_view input);

}  // namespace lima::remote
