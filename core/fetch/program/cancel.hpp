// When lima-fetch shall stop: SIGINT, SIGTERM, SIGHUP, or the death of the process that asked. The
// work looks at cancelled() between blocks, cleans up and ends; only the resumable part of a
// download stays.
#pragma once

#include <sys/types.h>

namespace lima::fetch {

void install_cancellation();
/// Cancels when the process is not our parent: it died before we could ask to be told.
void check_parent(pid_t parent);
void cancel();
bool cancelled();

}  // namespace lima::fetch
