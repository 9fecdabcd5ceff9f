// The mark of an instance directory that is being made or removed. It is there for the time of the
// work only, so one without a process that holds the lock was left by a command that died, and may
// be cleaned away.
#pragma once

#include "core/base/error.hpp"
#include "core/store/home.hpp"

namespace lima::instance {

Result<void> mark_unfinished(const store::Path& dir);
Result<void> mark_finished(const store::Path& dir);

bool is_marked(const store::Path& dir);
/// Marked or blank, and nobody works on it.
bool is_abandoned(const store::Path& dir);
/// Nothing in it but lock and mark.
bool is_blank(const store::Path& dir);

/// Removes everything but the lock, the mark last of all.
Result<void> empty_out(const store::Path& dir);
/// Removes the directory, so that a death in the middle leaves an abandoned one.
Result<void> remove_dir(const store::Path& dir);

}  // namespace lima::instance
