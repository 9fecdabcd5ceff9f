#include "core/image/data_disk.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/image/image.hpp"

#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace lima::image {
namespace {

store::Path lock_of(const DataDisk& disk) { return disk.dir / "in_use_by"; }

/// Where the lock leads; empty when there is none.
Result<store::Path> owner(const store::Path& link) {
    std::error_code error;
    store::Path target = std::filesystem::read_symlink(link, error);
    if (!error) {
        return target;
    }
    if (error == std::errc::no_such_file_or_directory) {
        return store::Path();
    }
    return fail_errno(error.value(), fmt::format("cannot read {}", link.string()));
}

}  // namespace

Result<DataDisk> inspect_disk(const store::Home& home, const std::string& name) {
    if (!is_identifier(name)) {
        return failf(Code::kInvalidArgument, "{} is no disk name", name_quote(name));
    }
    DataDisk disk;
    disk.name = name;
    disk.dir = home.disks_dir() / name;
    if (!fs::exists(disk.data())) {
        return fail(Error(Code::kNotFound, fmt::format("disk {} does not exist ({} is missing)",
                                                       name_quote(name), disk.data().string()))
                        .with_hint(fmt::format("create it by `limactl disk create {} --size 10GiB`",
                                               name)));
    }
    LIMA_TRY(const Info info, inspect(disk.data()));
    disk.format = info.format;
    disk.size = info.virtual_size;
    LIMA_TRY(disk.instance_dir, owner(lock_of(disk)));
    return disk;
}

Result<void> lock_disk(const DataDisk& disk, const store::Path& instance_dir) {
    const store::Path link = lock_of(disk);
    // The second round follows the removal of a lock that was left behind.
    for (int round = 0; round < 2; ++round) {
        if (symlink(instance_dir.c_str(), link.c_str()) == 0) {
            return {};
        }
        if (errno != EEXIST) {
            return fail_errno(errno, fmt::format("cannot lock disk {}", name_quote(disk.name)));
        }
        LIMA_TRY(const store::Path holder, owner(link));
        if (holder == instance_dir) {
            return {};
        }
        if (!holder.empty() && fs::exists(holder)) {
            const std::string instance = holder.filename().string();
            return fail(Error(Code::kFailedPrecondition,
                              fmt::format("disk {} is in use by instance {}", name_quote(disk.name),
                                          name_quote(instance)))
                            .with_hint(fmt::format(
                                "stop that instance first; `limactl disk unlock {}` frees the disk "
                                "when it does not run",
                                disk.name)));
        }
        if (!holder.empty()) {
            log::warn("disk {} was locked by the deleted instance {}: taking it over", disk.name,
                      holder.filename().string());
            LIMA_DO(fs::remove_if_exists(link));
        }
    }
    return failf(Code::kAborted, "cannot lock disk {}: another command changes its lock",
                 name_quote(disk.name));
}

Result<void> unlock_disk(const DataDisk& disk, const store::Path& instance_dir) {
    const store::Path link = lock_of(disk);
    LIMA_TRY(const store::Path holder, owner(link));
    if (holder == instance_dir) {
        LIMA_DO(fs::remove_if_exists(link), "cannot unlock disk {}", name_quote(disk.name));
    }
    return {};
}

}  // namespace lima::image
