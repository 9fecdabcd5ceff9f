// The command line of lima-check-driver.
#pragma once

#include "check/bench.hpp"

namespace lima::check {

struct Options {
    Target target;
    int level = 5;
    std::vector<std::string> patterns;
    bool json = false;
    bool only_failed = false;
    bool list = false;
    bool help = false;
    // for a test's own process
    std::string run_one;
    Path dir;
    /// What such a process is told again.
    std::vector<std::string> words;
    std::string error;  // why nothing can be done
};
Options parse_options(const std::vector<std::string>& args);

/// "vm.*", "vm" for the group, or a whole name.
bool matches(std::string_view pattern, std::string_view name);

extern const char* const kHelp;

}  // namespace lima::check
