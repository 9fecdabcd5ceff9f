// What differs between kernels, for the implementation of core/base only: each system's folder has
// its own answer.
#pragma once

#include "core/base/fd.hpp"
#include "core/base/process.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace lima::platform {

/// A descriptor that becomes readable when the process ends.
Result<Fd> open_process(pid_t pid);
/// The executable's file name; empty when the process is gone or not ours to look at.
std::string process_name(pid_t pid);
/// The process that holds the exclusive lock (flock) of this open file; 0 when it is not ours to
/// look at.
pid_t lock_holder(int fd);
/// When the process started, by today's wall clock.
std::chrono::system_clock::time_point start_time(const ProcessId& id);

int cpu_count();
std::int64_t memory_bytes();
std::string machine_id();

}  // namespace lima::platform
