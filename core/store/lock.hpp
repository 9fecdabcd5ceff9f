// The lock of a command that changes an instance: flock on <instance>/.lock, so that it ends with
// the process. The file says who holds it. Taking it again in the process that holds it succeeds
// and borrows: start may call prepare.
#pragma once

#include "core/base/error.hpp"
#include "core/base/lock.hpp"
#include "core/store/home.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace lima::store {

class InstanceLock {
public:
    /// Never waits. kFailedPrecondition names the process and command that hold it, kNotFound: no
    /// such directory.
    static Result<InstanceLock> acquire(const Path& instance_dir, const std::string& command);
    /// The same, but gives the process that holds it some time to end.
    static Result<InstanceLock> acquire_after(const Path& instance_dir, const std::string& command,
                                              std::chrono::milliseconds patience);

private:
    explicit InstanceLock(std::optional<FileLock> lock) : lock_(std::move(lock)) {}
    std::optional<FileLock> lock_;  // none: borrowed from an outer scope of this process
};

/// True when some process holds the lock.
bool is_locked(const Path& instance_dir);

}  // namespace lima::store
