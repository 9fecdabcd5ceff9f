// Additional disks: $LIMA_HOME/_disks/NAME with datadisk and the lock in_use_by (a link to the
// instance directory).
#pragma once

#include "core/base/error.hpp"
#include "core/store/home.hpp"

#include <string>
#include <vector>

namespace lima::image {

struct DataDisk {
    std::string name;
    std::int64_t size = 0;
    std::string format;
    store::Path dir;
    store::Path instance_dir;  // empty when not in use
    store::Path data() const { return dir / "datadisk"; }
    std::string mount_point() const { return "/mnt/lima-" + name; }
};

Result<DataDisk> inspect_disk(const store::Home& home, const std::string& name);
/// A lock left by the same instance is retaken; kFailedPrecondition names another owner.
Result<void> lock_disk(const DataDisk& disk, const store::Path& instance_dir);
/// Only when held by that instance.
Result<void> unlock_disk(const DataDisk& disk, const store::Path& instance_dir);

}  // namespace lima::image
