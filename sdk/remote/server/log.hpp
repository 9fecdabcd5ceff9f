// Where the records of this process go: to stderr as text, and to everybody who watches.
#pragma once

#include "sdk/remote/server/feed.hpp"

namespace lima::remote {

/// Lasts until the process ends.
void install_log();
/// From now on it hears them too; nullptr: none. The feed must outlive its turn.
void log_to(Feed* feed);

}  // namespace lima::remote
