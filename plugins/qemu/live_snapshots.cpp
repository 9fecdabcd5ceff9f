#include "plugins/qemu/live_snapshots.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace lima::qemu {

namespace {

constexpr std::chrono::minutes kOldWayLimit{30};

Result<std::vector<SnapshotDisk>> disks_of(Vm& vm) {
    LIMA_TRY(const Json answer, vm.monitor("query-block"));
    return writable_disks(answer);
}

/// A job since QEMU 6.0; before, a command of the monitor for people, whose failures are texts.
Result<void> run(Vm& vm, const sdk::Call& call, const char* job, const char* old_command,
                 const std::vector<SnapshotDisk>& disks, const std::string& tag) {
    Json arguments = Json::object();
    arguments["tag"] = tag;
    if (std::string_view(job) != "snapshot-delete") {
        arguments["vmstate"] = disks.front().node;
    }
    arguments["devices"] = Json::array();
    for (const SnapshotDisk& disk : disks) {
        arguments["devices"].push_back(disk.node);
    }
    auto done = vm.run_job(job, std::move(arguments), call.cancel_fd());
    if (done || done.error().code() != Code::kUnimplemented) {
        return done;
    }
    const Json line = {{"command-line", fmt::format("{} {}", old_command, tag)}};
    LIMA_TRY(const Json said, vm.monitor("human-monitor-command", line, kOldWayLimit));
    const std::string text = said.is_string() ? said.get<std::string>() : std::string();
    if (!trim(text).empty()) {
        return failf(Code::kFailedPrecondition, "{}: {}", old_command, trim(text));
    }
    return {};
}

}  // namespace

Result<void> create_live(Vm& vm, const sdk::Call& call, const std::string& tag) {
    LIMA_TRY(const std::vector<SnapshotDisk> disks, disks_of(vm));
    LIMA_DO(check_can_snapshot(disks));
    LIMA_DO(check_absent(disks, tag));
    call.progress(0, 0, "saving the VM");
    auto done = run(vm, call, "snapshot-save", "savevm", disks, tag);
    return done ? done : fail(explain_snapshot_error(std::move(done.error())));
}

Result<void> apply_live(Vm& vm, const sdk::Call& call, const std::string& tag) {
    LIMA_TRY(const std::vector<SnapshotDisk> disks, disks_of(vm));
    LIMA_DO(check_can_snapshot(disks));
    LIMA_DO(check_present(disks, tag));
    if (disks.front().find(tag)->vm_state_size == 0) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("the snapshot {} is of the disk alone", go_quote(tag)))
                        .with_hint("stop the instance, and apply it then"));
    }
    call.progress(0, 0, "restoring the VM");
    auto done = run(vm, call, "snapshot-load", "loadvm", disks, tag);
    if (!done && done.error().code() == Code::kFailedPrecondition) {
        return fail(std::move(done.error())
                        .with_hint("the VM is paused now: `limactl stop --force`, apply the "
                                   "snapshot to the stopped instance, and start it"));
    }
    return done;
}

Result<void> delete_live(Vm& vm, const sdk::Call& call, const std::string& tag) {
    LIMA_TRY(const std::vector<SnapshotDisk> disks, disks_of(vm));
    std::vector<SnapshotDisk> having;
    for (const SnapshotDisk& disk : disks) {
        if (disk.find(tag) != nullptr) {
            having.push_back(disk);
        }
    }
    if (having.empty()) {
        return check_present(disks, tag);
    }
    return run(vm, call, "snapshot-delete", "delvm", having, tag);
}

Result<std::vector<SnapshotInfo>> list_live(Vm& vm) {
    LIMA_TRY(const std::vector<SnapshotDisk> disks, disks_of(vm));
    return disks.front().snapshots;
}

}  // namespace lima::qemu
