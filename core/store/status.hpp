// Whether an instance lives, told by the locks on its PID files and not by files that were left
// behind; and the sweep that removes what a crash left. Reads only, except clean_stale, whose
// caller holds the instance's lock.
#pragma once

#include "core/base/error.hpp"
#include "core/store/home.hpp"
#include "core/store/instance.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

namespace lima::store {

/// "qemu.pid" for "qemu".
std::string driver_pid_file(const std::string& vm_type);

struct Liveness {
    std::string status;  // one of store::status
    pid_t host_agent_pid = 0;
    pid_t driver_pid = 0;
    std::vector<std::string> errors;  // why it is Broken, and what to do
};

/// Both PID files held: Running. None: Stopped. One of them: Broken, with an error that says the
/// way out.
Liveness liveness(const Path& instance_dir, const std::string& vm_type);

/// Removes what nobody holds: PID files of the dead, sockets nobody listens on, half-written *.tmp.
/// Top level only. Returns the names that were removed.
Result<std::vector<std::string>> clean_stale(const Path& instance_dir);

}  // namespace lima::store
