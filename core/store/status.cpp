#include "core/store/status.hpp"

#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/lock.hpp"
#include "core/base/log.hpp"

#include <array>
#include <sys/stat.h>

namespace lima::store {
namespace {

/// Programs that write our PID files without locking them: the original's host agent, and a QEMU or
/// krunkit that it started.
std::vector<std::string> foreign_programs() {
    return {"limactl",           "qemu-system-x86_64", "qemu-system-aarch64",
            "qemu-system-arm",   "qemu-system-ppc64",  "qemu-system-riscv64",
            "qemu-system-s390x", "qemu-kvm",           "krunkit"};
}

/// The pid, or 0; a file that cannot be understood is an error of the instance.
pid_t living_pid(const Path& path, std::vector<std::string>& errors) {
    const auto state = read_pid_file(path, foreign_programs());
    if (!state) {
        errors.push_back(state.error().text());
        return 0;
    }
    return state->pid;
}

bool ends_with_any(const std::string& name, std::initializer_list<const char*> suffixes) {
    for (const char* suffix : suffixes) {
        if (name.ends_with(suffix)) {
            return true;
        }
    }
    return false;
}

bool is_socket_file(const Path& path) {
    struct stat status{};
    return lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

bool is_stale(const Path& path) {
    const std::string name = path.filename().string();
    if (name.ends_with(".tmp")) {
        return true;
    }
    if (name.ends_with(".pid")) {
        const auto state = read_pid_file(path, foreign_programs());
        return !state || (state->pid == 0 && !state->held);
    }
    if (!is_socket_file(path)) {
        return name.ends_with(".sock");
    }
    const auto connection = connect_unix(path.string());
    return !connection && connection.error().code() == Code::kUnavailable;
}

}  // namespace

std::string driver_pid_file(const std::string& vm_type) { return vm_type + ".pid"; }

Liveness liveness(const Path& instance_dir, const std::string& vm_type) {
    const std::string name = instance_dir.filename().string();
    Liveness result;
    result.host_agent_pid = living_pid(instance_dir / file::kHaPid, result.errors);
    if (!vm_type.empty()) {
        result.driver_pid = living_pid(instance_dir / driver_pid_file(vm_type), result.errors);
    }
    if (!result.errors.empty()) {
        result.status = status::kBroken;
    } else if (result.host_agent_pid != 0 && result.driver_pid != 0) {
        result.status = status::kRunning;
    } else if (result.host_agent_pid != 0) {
        result.status = status::kBroken;
        result.errors.push_back(
            fmt::format("host agent is running (process {}) but the VM is not: it is starting or "
                        "stopping, so wait; if it stays so, "
                        "see {} and run `limactl stop -f {}`",
                        result.host_agent_pid, (instance_dir / file::kHaStderr).string(), name));
    } else if (result.driver_pid != 0) {
        result.status = status::kBroken;
        result.errors.push_back(
            fmt::format("the VM runs (process {}) without a host agent; `limactl start {}` adopts "
                        "it, `limactl stop -f {}` ends it",
                        result.driver_pid, name, name));
    } else {
        result.status = status::kStopped;
    }
    return result;
}

Result<std::vector<std::string>> clean_stale(const Path& instance_dir) {
    LIMA_TRY(const std::vector<std::string> names, fs::list_names(instance_dir));
    std::vector<std::string> removed;
    for (const std::string& name : names) {
        const Path path = instance_dir / name;
        if (!ends_with_any(name, {".pid", ".sock", ".tmp"}) || !is_stale(path)) {
            continue;
        }
        struct stat status{};
        if (lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
            continue;
        }
        LIMA_DO(fs::remove_if_exists(path), "cannot clean up instance {}",
                instance_dir.filename().string());
        log::debug("removed the stale {}", path.string());
        removed.push_back(name);
    }
    return removed;
}

}  // namespace lima::store
