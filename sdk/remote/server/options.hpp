// The command line of lima-run-driver, as values.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lima::remote {

enum class Action {
    kServe,       // generation 2: --inst-dir
    kServeFirst,  // generation 1: no flags
    kInspectStatus,
    kPreDriverAction,  // generation 1
    kHelp,
};

struct Options {
    Action action = Action::kServeFirst;
    std::string argv0 = {};
    std::filesystem::path inst_dir = {};  // absolute
    std::filesystem::path module = {};    // absolute, or empty: by argv[0]
};

/// Flags as Go's package flag reads them: one dash or two, "=value" or the next word. An error is
/// about usage: exit code 2.
Result<Options> parse_options(const std::vector<std::string>& argv);
std::string help(const std::string& program);

/// "qemu" for "/x/lima-driver-qemu"; "" for another name.
std::string driver_name_of(const std::filesystem::path& program);

}  // namespace lima::remote
