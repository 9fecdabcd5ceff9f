// The end of a VM that runs. By the guest, which hears the power button once its system is up; at
// once where nothing can be lost by it: the guest is still in firmware, boot loader, kernel or
// initrd; and by QEMU in the end.
#pragma once

#include "plugins/qemu/vm.hpp"

#include <lima/call.hpp>

#include <chrono>

namespace lima::qemu {

/// Returns when the VM is gone. A call that is cancelled waits for no guest.
Result<> power_off(const sdk::Host& host, const sdk::Call& call, Vm& vm);

/// How many requests have changed the content of a disk, from the answer to query-blockstats.
/// nullopt: it does not say.
std::optional<std::int64_t> disk_changes(const Json& blockstats);

/// The button is pressed again after this pause, `so_far` after the first time: what a guest does
/// not hear is lost, and one that boots does not hear it yet.
std::chrono::milliseconds until_next_press(std::chrono::milliseconds so_far);

}  // namespace lima::qemu
