// The command line of lima-hostagent (spec/host-guest.md 1.1). A hand parser: the flags are a
// contract between processes, not a user interface.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lima::hostagent {

struct Options {
    std::string name;
    std::filesystem::path pid_file;
    std::filesystem::path socket;
    bool run_gui = false;
    std::filesystem::path guest_agent;
    std::filesystem::path nerdctl_archive;
    bool progress = false;
    bool debug = false;
    bool help = false;
};

/// Both "--flag value" and "--flag=value"; -p is --pidfile.
Result<Options> parse_options(const std::vector<std::string>& arguments);
std::string usage();

}  // namespace lima::hostagent
