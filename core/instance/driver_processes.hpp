// Processes of external drivers that were left behind: found by their PID files in the instance's
// directory (ours: lima-driver-NAME-OWNER.pid; the original's: NAME.drv.pid), recognised for sure,
// and ended. The caller sees to it that nobody uses them.
#pragma once

#include <filesystem>
#include <sys/types.h>

namespace lima::instance {

/// SIGTERM, 10 s, SIGKILL; then their PID files and sockets go. A file that names nothing that
/// lives, or another program, is only removed. The process `spared` is left alone: the VM itself
/// may be the driver's process.
void end_driver_processes(const std::filesystem::path& dir, pid_t spared = 0);

}  // namespace lima::instance
