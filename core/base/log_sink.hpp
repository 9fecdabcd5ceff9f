// The sink of executables, on spdlog. The one file in the project that sees spdlog is its .cpp; it
// is a library of its own (lima::log_sink) which no driver module links.
#pragma once

#include "core/base/log_format.hpp"

namespace lima::log {

/// Makes records go to stderr in this format from now on; lasts until the process ends.
void install_stderr_sink(Format format);

}  // namespace lima::log
