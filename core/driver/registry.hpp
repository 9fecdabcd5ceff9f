// Which drivers there are and where each came from, found without loading them
// (spec/drivers.md 2.10): $LIMA_DRIVERS_PATH (directories or files, ignored when privileged), then
// <prefix>/lib/lima/drivers/lima-driver-NAME.so, then executables
// <prefix>/libexec/lima/lima-driver-NAME. The first of a name wins.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lima::driver {

enum class Origin { kModule, kExecutable, kStatic };

struct Found {
    std::string name;
    std::filesystem::path path;
    Origin origin = Origin::kModule;
    bool isolated = false;  // a module that is to run in a process of its own
};

/// A place that was looked at, and what came of it ("not found", "world-writable: refused", …).
struct Tried {
    std::filesystem::path path;
    std::string outcome;
};

struct Discovery {
    std::vector<Found> drivers;  // sorted by name
    std::vector<Tried> tried;    // in order
};

struct SearchPath {
    std::string drivers_path;  // text of LIMA_DRIVERS_PATH; empty when unset or privileged
    std::vector<std::filesystem::path> prefixes;  // of argv[0] and of the real executable
};
SearchPath default_search_path();

Discovery discover(const SearchPath& search);
/// kNotFound lists every path tried and why; with a hint.
Result<Found> find(const SearchPath& search, const std::string& name);

}  // namespace lima::driver
