// Snapshots as values: what QEMU and qemu-img tell about disks and their snapshots, what names are
// allowed, the table for the user, and what their refusals mean. Pure but for qemu_img(), which
// runs that program. Taking them while the VM runs is live_snapshots.hpp.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json_fwd.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lima::qemu {

struct SnapshotInfo {
    std::string id;
    std::string tag;
    std::int64_t vm_state_size = 0;  // bytes; 0: of the disk alone
    std::int64_t date = 0;           // seconds since 1970
    std::int64_t vm_clock_ms = 0;
    std::optional<std::int64_t> icount;
};

/// A disk that the guest may write to.
struct SnapshotDisk {
    std::string name;    // for messages: the device or the path
    std::string node;    // QEMU's name of it; empty for a file
    std::string format;  // qcow2 …
    std::vector<SnapshotInfo> snapshots;

    const SnapshotInfo* find(const std::string& tag) const;
};

/// kInvalidArgument for a name that QEMU, qemu-img or the table would take for something else.
Result<void> check_new_tag(const std::string& tag);
/// The same for one that exists: whoever made it may have been less strict.
Result<void> check_known_tag(const std::string& tag);
/// The list that query-block and `qemu-img info` have in common.
std::vector<SnapshotInfo> read_snapshots(const Json& list);
/// From the answer to query-block; the disk that boots comes first.
Result<std::vector<SnapshotDisk>> writable_disks(const Json& query_block);
/// kFailedPrecondition names the first disk that cannot hold snapshots, and why.
Result<void> check_can_snapshot(const std::vector<SnapshotDisk>& disks);
/// kAlreadyExists when any disk has one of that name.
Result<void> check_absent(const std::vector<SnapshotDisk>& disks, const std::string& tag);
/// kNotFound when not all disks have it.
Result<void> check_present(const std::vector<SnapshotDisk>& disks, const std::string& tag);
/// As QEMU prints it; empty without snapshots. Dates in the local time zone.
std::string snapshot_table(const std::vector<SnapshotInfo>& snapshots);
/// QEMU's refusal with its cause and a remedy.
Error explain_snapshot_error(Error error);

/// Of an image file. Its format is given, because its content is the guest's.
Result<SnapshotDisk> inspect_offline(const std::filesystem::path& path, const std::string& format);
/// flag is -c, -a or -d.
Result<void> change_offline(const SnapshotDisk& disk, const char* flag, const std::string& tag);

}  // namespace lima::qemu
