// How the host agent is started: its command line as a pure function of values, and its log files.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/instance/instance.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lima::instance {

struct LaunchFiles {
    std::filesystem::path guest_agent;      // empty: none
    std::filesystem::path nerdctl_archive;  // empty: none
};
/// What the prefix and the download cache have for this instance.
LaunchFiles find_launch_files(const Context& context, const store::Instance& instance);

std::vector<std::string> hostagent_argv(const Context& context, const store::Instance& instance,
                                        const LaunchFiles& files, bool progress);

struct LaunchLogs {
    Fd out;
    Fd err;
};
/// ha.stdout.log and ha.stderr.log, made anew.
Result<LaunchLogs> fresh_logs(const std::filesystem::path& instance_dir);

}  // namespace lima::instance
