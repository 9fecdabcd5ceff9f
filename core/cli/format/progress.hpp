// Progress of long work on stderr: a bar on a terminal, nothing between the log lines elsewhere.
#pragma once

#include "core/fetch/cache.hpp"

#include <functional>
#include <string>

namespace lima::cli {

/// A sink that draws; the line is ended when the work is complete or another begins.
std::function<void(const fetch::Progress&, const std::string& description)> make_progress(
    bool bars);

/// "1.2 GiB / 3.4 GiB  [=====>    ]  35%  12 MiB/s", no wider than the columns.
std::string progress_line(const fetch::Progress& progress, double seconds, int columns);

}  // namespace lima::cli
