#include "plugins/qemu/kvm.hpp"

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/base/fs.hpp"

#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/kvm.h>
#include <memory>
#include <mutex>
#include <optional>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <thread>

namespace lima::qemu {

namespace {

constexpr std::chrono::milliseconds kTimeout{200};
constexpr std::size_t kGuestMemory = 4096;
constexpr int kKick = SIGUSR1;

#ifdef __x86_64__
constexpr bool kNeedsCpuFlag = true;
#else
constexpr bool kNeedsCpuFlag = false;
#endif

/// What the thread that runs the guest and the one that waits for it share. The guest's thread may
/// be stuck in the kernel for ever; then it keeps this alive, and nobody waits.
struct Trial {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<std::string> outcome;  // empty text: it worked
    pthread_t thread{};
    bool has_thread = false;

    void finish(std::string text) {
        const std::lock_guard lock(mutex);
        has_thread = false;
        outcome = std::move(text);
        changed.notify_all();
    }
};

class Mapping {
public:
    Mapping(int fd, std::size_t size, int flags)
        : address_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0)), size_(size) {}
    ~Mapping() {
        if (address_ != MAP_FAILED) {
            ::munmap(address_, size_);
        }
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    void* get() const { return address_ == MAP_FAILED ? nullptr : address_; }

private:
    void* address_;
    std::size_t size_;
};

std::string failed(const char* what) {
    return fmt::format("{} failed: {}", what, std::strerror(errno));
}

#ifdef __x86_64__
/// Real mode, everything at address 0.
std::string prepare_cpu(int vcpu) {
    kvm_sregs sregs{};
    if (::ioctl(vcpu, KVM_GET_SREGS, &sregs) < 0) {
        return failed("KVM_GET_SREGS");
    }
    sregs.cs.base = 0;
    sregs.cs.selector = 0;
    if (::ioctl(vcpu, KVM_SET_SREGS, &sregs) < 0) {
        return failed("KVM_SET_SREGS");
    }
    kvm_regs regs{};
    regs.rflags = 2;
    if (::ioctl(vcpu, KVM_SET_REGS, &regs) < 0) {
        return failed("KVM_SET_REGS");
    }
    return {};
}
#endif

/// KVM_RUN leaves with EINTR when the kick is pending, without a handler: the signal stays blocked
/// outside of it.
void unblock_kick_while_running(int vcpu) {
    sigset_t none;
    sigemptyset(&none);
    std::array<unsigned char, sizeof(kvm_signal_mask) + 8> buffer{};
    auto* mask = reinterpret_cast<kvm_signal_mask*>(buffer.data());
    mask->len = 8;
    std::memcpy(mask->sigset, &none, 8);
    ::ioctl(vcpu, KVM_SET_SIGNAL_MASK, mask);
}

std::string run_to_halt([[maybe_unused]] int vcpu, [[maybe_unused]] kvm_run* run) {
#ifdef __x86_64__
    while (::ioctl(vcpu, KVM_RUN, 0) < 0) {
        if (errno == EINTR) {
            return "the test code did not come to its end in time";
        }
        if (errno != EAGAIN) {
            return failed("KVM_RUN");
        }
    }
    if (run->exit_reason != KVM_EXIT_HLT) {
        return fmt::format("the test code ended with exit reason {}", run->exit_reason);
    }
#endif
    return {};
}

std::string run_guest(int kvm) {
    if (::ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
        return failed("KVM_GET_API_VERSION");
    }
    const Fd vm(::ioctl(kvm, KVM_CREATE_VM, 0));
    if (!vm) {
        return failed("KVM_CREATE_VM");
    }
    const Mapping memory(-1, kGuestMemory, MAP_PRIVATE | MAP_ANONYMOUS);
    if (memory.get() == nullptr) {
        return failed("mmap");
    }
    constexpr unsigned char kHalt = 0xf4;
    std::memcpy(memory.get(), &kHalt, 1);
    kvm_userspace_memory_region region{};
    region.memory_size = kGuestMemory;
    region.userspace_addr = reinterpret_cast<std::uint64_t>(memory.get());
    if (::ioctl(vm.get(), KVM_SET_USER_MEMORY_REGION, &region) < 0) {
        return failed("KVM_SET_USER_MEMORY_REGION");
    }
    const Fd vcpu(::ioctl(vm.get(), KVM_CREATE_VCPU, 0));
    if (!vcpu) {
        return failed("KVM_CREATE_VCPU");
    }
    const int size = ::ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (size < static_cast<int>(sizeof(kvm_run))) {
        return failed("KVM_GET_VCPU_MMAP_SIZE");
    }
    const Mapping shared(vcpu.get(), static_cast<std::size_t>(size), MAP_SHARED);
    if (shared.get() == nullptr) {
        return failed("mmap of the virtual CPU");
    }
#ifdef __x86_64__
    if (std::string error = prepare_cpu(vcpu.get()); !error.empty()) {
        return error;
    }
#endif
    unblock_kick_while_running(vcpu.get());
    return run_to_halt(vcpu.get(), static_cast<kvm_run*>(shared.get()));
}

void start_trial(const std::shared_ptr<Trial>& trial, Fd device) {
    // The mask is inherited: the kick is blocked from the thread's first moment.
    sigset_t kick;
    sigset_t before;
    sigemptyset(&kick);
    sigaddset(&kick, kKick);
    pthread_sigmask(SIG_BLOCK, &kick, &before);
    std::thread thread([trial, kvm = std::make_shared<Fd>(std::move(device))] {
        {
            const std::lock_guard lock(trial->mutex);
            trial->thread = pthread_self();
            trial->has_thread = true;
        }
        trial->finish(run_guest(kvm->get()));
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    thread.detach();
}

KvmState unusable(std::string reason, std::string hint = {}) {
    return KvmState{false, std::move(reason), std::move(hint)};
}

KvmState probe() {
    if constexpr (kNeedsCpuFlag) {
        const auto cpuinfo = fs::read_file("/proc/cpuinfo");
        if (fs::exists("/dev/kvm") && cpuinfo && !cpuinfo_has_virtualization(*cpuinfo)) {
            return unusable("/dev/kvm exists, but the CPU shows neither vmx nor svm",
                            "enable virtualization in the firmware of the host, or nested "
                            "virtualization where the host is itself a VM");
        }
    }
    return run_kvm_test("/dev/kvm", kTimeout);
}

}  // namespace

KvmState run_kvm_test(const std::string& device, std::chrono::milliseconds timeout) {
    Fd kvm(::open(device.c_str(), O_RDWR | O_CLOEXEC));
    if (!kvm && errno == ENOENT) {
        return unusable(device + " does not exist",
                        "load the module kvm_intel or kvm_amd, and enable virtualization in the "
                        "firmware of the host");
    }
    if (!kvm && (errno == EACCES || errno == EPERM)) {
        return unusable("no permission to open " + device,
                        "add yourself to its group and log in again: sudo usermod -aG kvm $USER");
    }
    if (!kvm) {
        return unusable("cannot open " + device + ": " + std::strerror(errno));
    }
    const auto trial = std::make_shared<Trial>();
    start_trial(trial, std::move(kvm));
    std::unique_lock lock(trial->mutex);
    const auto done = [&] { return trial->outcome.has_value(); };
    if (!trial->changed.wait_for(lock, timeout, done)) {
        if (trial->has_thread) {
            pthread_kill(trial->thread, kKick);
        }
        trial->changed.wait_for(lock, timeout, done);
    }
    if (!trial->outcome) {
        return unusable(device + " is there, but a virtual machine with a few bytes of code hangs");
    }
    if (!trial->outcome->empty()) {
        return unusable(device +
                        " is there, but does not run a few bytes of code: " + *trial->outcome);
    }
    return KvmState{true, {}, {}};
}

const KvmState& probe_kvm() {
    static const KvmState kState = probe();
    return kState;
}

}  // namespace lima::qemu
