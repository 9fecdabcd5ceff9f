#include "plugins/qemu/power_off.hpp"

#include "core/base/json.hpp"

#include <algorithm>
#include <csignal>

namespace lima::qemu {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kQuitLimit{10000};
constexpr milliseconds kKillLimit{10000};
constexpr milliseconds kPressAgain{1000};
constexpr milliseconds kPressSeldom{10000};

/// A guest without disks of its own and without our agent may well be up by then, and be in use.
constexpr std::chrono::minutes kEarly{2};

/// QEMU stops the CPUs when the host's disk is full, and then no guest hears a button.
bool is_paused(Vm& vm) {
    const auto status = vm.monitor("query-status");
    return status && !json_bool(*status, "running", true);
}

/// True: the guest has changed no disk since power-on, nobody has heard of it, and it is stopped,
/// so that this stays so. A root file system that is mounted for writing has changed its disk.
bool stopped_before_it_wrote(Vm& vm) {
    if (vm.adopted || vm.guest_spoke() || vm.age() > kEarly || is_paused(vm) ||
        !vm.monitor("stop")) {
        return false;
    }
    const auto stats = vm.monitor("query-blockstats");  // QEMU has drained its queues by now
    if (stats && disk_changes(*stats) == 0) {
        return true;
    }
    static_cast<void>(vm.monitor("cont"));
    return false;
}

/// Returns when the VM is gone, or when there is no hope or time left for an orderly end.
void press_power_button(const sdk::Host& host, const sdk::Call& call, Vm& vm) {
    const auto begin = Clock::now();
    const auto deadline = begin + vm.power_button_limit;
    if (is_paused(vm)) {
        // There may be space again. If not, it stops anew at the same write.
        static_cast<void>(vm.monitor("cont"));
    }
    for (;;) {
        // A busy QEMU may answer late; only one that cannot be asked is hopeless.
        if (auto pressed = vm.monitor("system_powerdown");
            !pressed && pressed.error().code() != Code::kDeadlineExceeded) {
            if (vm.running()) {
                host.warn("cannot press the power button of the VM: " + pressed.error().text());
            }
            return;
        }
        const auto now = Clock::now();
        const auto left = std::chrono::ceil<milliseconds>(deadline - now);
        const auto pause = until_next_press(std::chrono::floor<milliseconds>(now - begin));
        if (vm.wait(call.cancel_fd(), std::min(pause, left)) != Vm::Wait::kTimeout) {
            return;
        }
        if (is_paused(vm)) {
            host.warn("the VM is paused by an error of its disk, ending QEMU");
            return;
        }
        if (Clock::now() >= deadline) {
            host.warn(fmt::format("the guest did not power off within {} s, ending QEMU",
                                  vm.power_button_limit.count() / 1000));
            return;
        }
    }
}

/// Without the guest's help: QEMU closes its disks and ends; if it does not even do that, it is
/// killed.
Result<> end_process(const sdk::Host& host, Vm& vm) {
    if (!vm.monitor("quit")) {
        vm.signal(SIGTERM);  // QEMU takes it for quit
    }
    if (vm.wait(-1, kQuitLimit) == Vm::Wait::kEnded) {
        return {};
    }
    host.warn(fmt::format("QEMU (pid {}) does not end, killing it", vm.pid));
    vm.signal(SIGKILL);
    if (vm.wait(-1, kKillLimit) != Vm::Wait::kEnded) {
        return fail(Error(Code::kInternal,
                          fmt::format("QEMU (pid {}) does not end, even when killed", vm.pid))
                        .with_hint("it is stuck in the host's kernel, often on a disk or a "
                                   "network file system that does not answer"));
    }
    return {};
}

}  // namespace

std::optional<std::int64_t> disk_changes(const Json& blockstats) {
    if (!blockstats.is_array()) {
        return std::nullopt;
    }
    std::int64_t changes = 0;
    for (const Json& device : blockstats) {
        const auto stats = device.find("stats");
        if (stats == device.end() || !stats->contains("wr_operations")) {
            return std::nullopt;
        }
        for (const char* count : {"wr_operations", "failed_wr_operations", "unmap_operations"}) {
            changes += json_int(*stats, count);
        }
    }
    return changes;
}

milliseconds until_next_press(milliseconds so_far) {
    return std::clamp(so_far / 4, kPressAgain, kPressSeldom);
}

Result<> power_off(const sdk::Host& host, const sdk::Call& call, Vm& vm) {
    if (!call.cancelled()) {
        if (stopped_before_it_wrote(vm)) {
            host.info("the guest has not begun to use its disks: it is powered off at once");
        } else {
            press_power_button(host, call, vm);
        }
    }
    return vm.running() ? end_process(host, vm) : Result<>();
}

}  // namespace lima::qemu
