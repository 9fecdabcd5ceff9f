// limactl delete: nothing of the instance runs any more, its driver has let go, and its directory
// is gone. Interrupted, it leaves a directory that the next delete or create recognises.
#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/image/data_disk.hpp"
#include "core/instance/driver_processes.hpp"
#include "core/instance/instance.hpp"
#include "core/instance/open_driver.hpp"
#include "core/instance/unfinished.hpp"
#include "core/store/lock.hpp"

namespace lima::instance {
namespace {

constexpr const char* kCommand = "limactl delete";
constexpr std::chrono::seconds kPatience(10);

Result<void> check_removable(const store::Instance& instance, bool force) {
    if (instance.is_protected) {
        return fail(
            Error(Code::kFailedPrecondition, "instance is protected to prohibit accidental removal")
                .with_hint(fmt::format("use `limactl unprotect {}`", instance.name)));
    }
    if (!force && instance.status != store::status::kStopped) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("expected status {}, got {}",
                                      go_quote(store::status::kStopped), go_quote(instance.status)))
                        .with_hint(fmt::format("stop it by `limactl stop {0}`, or use `limactl "
                                               "delete --force {0}`",
                                               instance.name)));
    }
    return {};
}

/// What the driver keeps outside of the directory.
Result<void> let_driver_remove(const Context& context, const store::Instance& instance) {
    if (!instance.config || !instance.errors.empty()) {
        return {};
    }
    LIMA_TRY(const ConfiguredDriver configured, open_configured_driver(context, instance));
    return configured.driver->remove();
}

void unlock_disks(const Context& context, const store::Instance& instance) {
    for (const config::AdditionalDisk& entry : instance.additional_disks) {
        const auto disk = image::inspect_disk(context.home, entry.name);
        const auto unlocked = disk ? image::unlock_disk(*disk, instance.dir) : Result<void>();
        if (!unlocked) {
            log::warn("{}", unlocked.error().text());
        }
    }
}

Result<void> remove_abandoned(const store::Path& dir) {
    LIMA_TRY(const store::InstanceLock lock, store::InstanceLock::acquire(dir, kCommand));
    return remove_dir(dir);
}

}  // namespace

Result<void> remove(const Context& context, const std::string& name, bool force) {
    LIMA_DO(store::check_instance_name(name));
    const store::Path dir = context.home.instance_dir(name);
    if (is_abandoned(dir)) {
        return remove_abandoned(dir);
    }
    LIMA_TRY(const store::Instance before, inspect(context, name));
    LIMA_DO(check_removable(before, force));
    if (force) {
        LIMA_DO(stop(context, name, StopOptions{.force = true}));
    }
    LIMA_TRY(const store::InstanceLock lock,
             force ? store::InstanceLock::acquire_after(dir, kCommand, kPatience)
                   : store::InstanceLock::acquire(dir, kCommand));
    // Anew under the lock: it may have been started or protected since.
    LIMA_TRY(const store::Instance instance, inspect(context, name));
    LIMA_DO(check_removable(instance, force));
    if (auto removed = let_driver_remove(context, instance); !removed) {
        if (!force) {
            return fail(
                std::move(removed.error()).with_hint("use --force to delete it nevertheless"));
        }
        log::warn("the driver could not clean up: {}", removed.error().text());
    }
    end_driver_processes(dir);
    unlock_disks(context, instance);
    return remove_dir(dir);
}

}  // namespace lima::instance
