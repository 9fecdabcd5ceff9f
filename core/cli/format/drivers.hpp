// How `driver list` and `driver inspect` print drivers. Pure functions of descriptions.
#pragma once

#include "core/base/json.hpp"
#include "core/driver/describe.hpp"

#include <string>
#include <vector>

namespace lima::cli {

/// "module", "external" (a program of its own) or "in-tree" (linked in).
std::string driver_kind(driver::Origin origin);

/// A row for each candidate, and below it why some cannot be used and where nothing was found.
std::string drivers_table(const std::vector<driver::Description>& drivers);
/// The object of `--json`: name, kind, state (loaded, refused, hidden) and location of each;
/// reason and hint of what cannot be used; abi, id, version, extensions, info and configSchema of
/// what can.
Json driver_json(const driver::Description& driver);
/// Of `inspect`: the one that counts first, then the others of its name.
std::string driver_text(const driver::Description& driver,
                        const std::vector<driver::Description>& others);

}  // namespace lima::cli
