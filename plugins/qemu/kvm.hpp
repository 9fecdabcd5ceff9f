// Can this host run guests in hardware? A /dev/kvm that opens proves nothing: there are hosts where
// it is there and a guest hangs. So a few bytes of guest code are run to their end first.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace lima::qemu {

struct KvmState {
    bool usable = false;
    std::string reason;  // why not, for the user
    std::string hint;    // what to do about it
};

/// vmx or svm among the flags of /proc/cpuinfo.
bool cpuinfo_has_virtualization(std::string_view cpuinfo);
/// Runs guest code that halts at once; never longer than the time. Names what failed.
KvmState run_kvm_test(const std::string& device, std::chrono::milliseconds timeout);
/// Everything: device, permission, CPU flags, test code. The first answer holds for the life of the
/// process.
const KvmState& probe_kvm();

}  // namespace lima::qemu
