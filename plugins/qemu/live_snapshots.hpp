// Snapshots of a VM that runs: its disks and its memory, by QEMU's monitor. While one is taken or
// applied the guest stands still and the monitor is silent.
#pragma once

#include "plugins/qemu/snapshots.hpp"
#include "plugins/qemu/vm.hpp"

#include <lima/call.hpp>

namespace lima::qemu {

/// Cancelling leaves the work to QEMU, which cannot be interrupted in it.
Result<void> create_live(Vm& vm, const sdk::Call& call, const std::string& tag);
/// The guest goes on from where it was. After a failure within QEMU the VM stays paused, because
/// its memory and its disks may not belong together.
Result<void> apply_live(Vm& vm, const sdk::Call& call, const std::string& tag);
Result<void> delete_live(Vm& vm, const sdk::Call& call, const std::string& tag);
Result<std::vector<SnapshotInfo>> list_live(Vm& vm);

}  // namespace lima::qemu
