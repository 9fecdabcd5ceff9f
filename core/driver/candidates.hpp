// Every file that could be a driver, in the order in which they are looked at, and what came of it:
// what registry.hpp is made from. Internal to core/driver but for those who list drivers.
#pragma once

#include "core/driver/registry.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lima::driver {

enum class Verdict {
    kFound,    // the first of its name
    kHidden,   // another of its name came before
    kRefused,  // not fit to be loaded
    kNothing,  // a place in which there is no file of a driver
};

struct Candidate {
    std::string name = {};  // of the driver, by the file's name; empty for kNothing
    std::filesystem::path path = {};
    Origin origin = Origin::kModule;
    Verdict verdict = Verdict::kNothing;
    std::string outcome = {};  // "found", "hidden by …", "world-writable: refused", "not found" …
};

std::vector<Candidate> candidates(const SearchPath& search);

}  // namespace lima::driver
