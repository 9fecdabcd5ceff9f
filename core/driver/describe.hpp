// What each candidate says about itself, or why it is refused: for people who look at their
// drivers. Loads the modules that it describes and makes an object of each. Thread: any.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/driver/candidates.hpp"
#include "core/driver/driver.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lima::driver {

/// Of a module that was loaded, or a program that was asked.
struct Identity {
    std::uint32_t abi = 0;  // as LIMA_DRIVER_ABI; 0 where a program does not say
    std::string id = {};    // "io.lima-vm.qemu"; none of a program
    std::string version = {};
    std::string generation = {};  // of a program: "own", or "1" and "2" of the original's protocol
    std::vector<std::string> extensions = {};  // those that this program knows, sorted
    Info info = {};
    std::optional<Json> config_schema = {};  // of vmOpts.NAME
};

struct Description {
    Candidate candidate = {};
    std::optional<Identity> identity = {};  // of what can be used, and only of that
    std::string reason = {};                // why it cannot
    std::string hint = {};
};

/// Sorted by name; those of one name, and places without a driver, in the order of the search. A
/// candidate that is hidden or refused by its file alone is not loaded.
std::vector<Description> describe_all(const SearchPath& search);

}  // namespace lima::driver
