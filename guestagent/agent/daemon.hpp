// `lima-guestagent daemon`: opens what the host reaches the agent by and serves until SIGTERM.
#pragma once

#include "guestagent/agent/options.hpp"

namespace lima::guestagent {

/// Blocks until a signal ends it; kUnavailable when the port is lost.
Result<void> run_daemon(const Options& options);

}  // namespace lima::guestagent
