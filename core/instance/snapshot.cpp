#include "core/instance/snapshot.hpp"

#include "core/base/text.hpp"
#include "core/instance/open_driver.hpp"
#include "core/store/lock.hpp"
#include "core/store/status.hpp"

namespace lima::instance {
namespace {

constexpr const char* kCommand = "limactl snapshot";

std::filesystem::path socket_of(const store::Instance& instance) {
    return std::filesystem::path(instance.dir) / store::file::kHaSock;
}

/// Neither running nor stopped, or not to be read.
Result<void> check_usable(const store::Instance& instance) {
    if (!instance.config) {
        return failf(Code::kInvalidArgument, "instance {} has configuration errors: {}",
                     name_quote(instance.name), join(instance.errors, "; "));
    }
    if (instance.status != store::status::kRunning && instance.status != store::status::kStopped) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("instance {} is neither running nor stopped, but {}",
                                      name_quote(instance.name), go_quote(instance.status)))
                        .with_hint(fmt::format("run `limactl start {0}` or `limactl stop --force "
                                               "{0}` first",
                                               instance.name)));
    }
    return {};
}

Result<void> change_offline(driver::Driver& driver, hostapi::SnapshotVerb verb,
                            const std::string& tag) {
    switch (verb) {
        case hostapi::SnapshotVerb::kCreate:
            return driver.create_snapshot(tag);
        case hostapi::SnapshotVerb::kApply:
            return driver.apply_snapshot(tag);
        case hostapi::SnapshotVerb::kDelete:
            break;
    }
    return driver.delete_snapshot(tag);
}

}  // namespace

Result<void> change_snapshot(const Context& context, const std::string& name,
                             hostapi::SnapshotVerb verb, const std::string& tag) {
    LIMA_TRY(const store::Instance before, inspect(context, name));
    LIMA_DO(check_usable(before));
    if (before.status == store::status::kRunning) {
        return hostapi::change_snapshot(socket_of(before), verb, tag);
    }
    LIMA_TRY(const store::InstanceLock lock, store::InstanceLock::acquire(before.dir, kCommand));
    // Anew under the lock: it may have been started since.
    LIMA_TRY(const store::Instance instance, inspect(context, name));
    LIMA_DO(check_usable(instance));
    if (instance.status == store::status::kRunning) {
        return hostapi::change_snapshot(socket_of(instance), verb, tag);
    }
    LIMA_TRY(const ConfiguredDriver configured, open_configured_driver(context, instance));
    return change_offline(*configured.driver, verb, tag);
}

Result<std::string> list_snapshots(const Context& context, const std::string& name) {
    LIMA_TRY(const store::Instance instance, inspect(context, name));
    LIMA_DO(check_usable(instance));
    if (instance.status == store::status::kRunning) {
        return hostapi::list_snapshots(socket_of(instance));
    }
    LIMA_TRY(const ConfiguredDriver configured, open_configured_driver(context, instance));
    return configured.driver->list_snapshots();
}

Result<std::string> screenshot(const Context& context, const std::string& name,
                               const std::string& format) {
    LIMA_TRY(const store::Instance instance, inspect(context, name));
    if (instance.status != store::status::kRunning) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("expected status {}, got {}",
                                      go_quote(store::status::kRunning), go_quote(instance.status)))
                        .with_hint(fmt::format("start it by `limactl start {}`", name)));
    }
    return hostapi::get_screenshot(socket_of(instance), format);
}

}  // namespace lima::instance
