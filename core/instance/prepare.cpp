// All that must be there before the VM can start: the driver's state, image, kernel and initrd, the
// disk in its size, the archive for containerd. Each step is skipped when its result is there.
#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/image/image.hpp"
#include "core/instance/downloads.hpp"
#include "core/instance/instance.hpp"
#include "core/instance/launch.hpp"
#include "core/instance/open_driver.hpp"
#include "core/store/lock.hpp"

#include <cerrno>
#include <unistd.h>

namespace lima::instance {
namespace {

using Path = std::filesystem::path;

/// Without the agent the guest starts, with less: said by name, so that nobody has to find out.
void warn_about_guest_agent(const Context& context, const store::Instance& instance) {
    const config::Config& config = *instance.config;
    const std::string os = config.os.value_or("Linux");
    if (os != "Linux" || config.plain.value_or(false)) {
        return;
    }
    if (find_launch_files(context, instance).guest_agent.empty()) {
        log::warn(
            "degraded: no guest agent is installed for {} on {} "
            "(share/lima/lima-guestagent.{}-{}): ports of the "
            "guest will not be forwarded by themselves",
            os, instance.arch, os, instance.arch);
    }
}

Result<void> link_legacy(const Path& dir, const char* old_name, const char* new_name) {
    if (symlink(old_name, (dir / new_name).c_str()) != 0) {
        return fail_errno(errno,
                          fmt::format("cannot link {} to {}", (dir / new_name).string(), old_name));
    }
    return {};
}

/// Instances made before 2.1 have their disk under other names.
Result<void> adopt_legacy_disk(const Path& dir) {
    namespace file = store::file;
    if (fs::exists(dir / file::kDisk) || !fs::exists(dir / file::kDiffDisk)) {
        return {};
    }
    LIMA_DO(link_legacy(dir, file::kDiffDisk, file::kDisk));
    if (!fs::exists(dir / file::kIso) && image::is_iso9660(dir / file::kBaseDisk)) {
        LIMA_DO(link_legacy(dir, file::kBaseDisk, file::kIso));
    }
    return {};
}

Result<void> provide_image(const Context& context, const ConfiguredDriver& configured) {
    const Path dir = configured.instance.dir;
    if (!configured.info.needs_image || fs::exists(dir / store::file::kImage) ||
        fs::exists(dir / store::file::kDisk)) {
        return {};
    }
    return download_image_set(context, configured.instance,
                              configured.info.supported_image_formats);
}

/// What the disk was when it was made. A guest can write the header of another format into a raw
/// disk; whoever believed it would open files of the guest's choice.
Result<std::string> disk_format(const Path& dir) {
    const Path record = dir / store::file::kDiskFormat;
    LIMA_TRY(const auto recorded, fs::read_file_if_exists(record));
    if (recorded) {
        return std::string(trim(*recorded));
    }
    LIMA_TRY(const image::Info info, image::inspect(dir / store::file::kDisk));
    LIMA_DO(fs::write_file_atomic(record, info.format + "\n", 0444));
    return info.format;
}

Result<std::int64_t> disk_size(const Path& disk, const std::string& format) {
    if (format != "raw") {
        return image::virtual_size(disk);
    }
    std::error_code error;
    const auto size = std::filesystem::file_size(disk, error);
    if (error) {
        return fail_errno(error.value(), "cannot read the size of " + disk.string());
    }
    return static_cast<std::int64_t>(size);
}

Result<void> grow_disk(const store::Instance& instance) {
    const Path disk = Path(instance.dir) / store::file::kDisk;
    if (!fs::exists(disk)) {
        return {};
    }
    LIMA_TRY(const std::string format, disk_format(instance.dir));
    if (instance.disk == 0) {
        return {};
    }
    constexpr std::int64_t kSector = 512;
    const std::int64_t wanted = (instance.disk + kSector - 1) / kSector * kSector;
    LIMA_TRY(const std::int64_t now, disk_size(disk, format));
    if (now == wanted) {
        return {};
    }
    if (now > wanted) {
        return fail(
            Error(Code::kInvalidArgument,
                  fmt::format(
                      "disk shrinking is not supported: the disk has {}, and {} are configured",
                      format_size(now), format_size(wanted)))
                .with_hint(fmt::format("set `disk` to {} or more", format_size(now))));
    }
    log::info("Resizing the disk from {} to {}", format_size(now), format_size(wanted));
    return image::resize(disk, format, wanted);
}

void provide_containerd(const Context& context, const ConfiguredDriver& configured) {
    if (!configured.info.has_guest) {
        return;
    }
    if (const auto downloaded = download_nerdctl(context, configured.instance); !downloaded) {
        log::warn("degraded: containerd will not be installed: {}", downloaded.error().text());
    }
}

Result<void> run_steps(const Context& context, const store::Instance& instance) {
    LIMA_TRY(const ConfiguredDriver configured, open_configured_driver(context, instance));
    if (configured.info.has_guest) {
        warn_about_guest_agent(context, instance);
    }
    LIMA_DO(configured.driver->validate());
    LIMA_DO(configured.driver->create());
    LIMA_DO(adopt_legacy_disk(instance.dir));
    LIMA_DO(provide_image(context, configured));
    LIMA_DO(download_virtio_win(context, configured.instance));
    LIMA_DO(configured.driver->create_disk(), "failed to create the disk");
    LIMA_DO(grow_disk(configured.instance));
    provide_containerd(context, configured);
    return {};
}

}  // namespace

Result<void> prepare(const Context& context, const store::Instance& instance) {
    if (!instance.config) {
        return failf(Code::kFailedPrecondition, "instance {} has configuration errors: {}",
                     name_quote(instance.name), join(instance.errors, "; "));
    }
    LIMA_TRY(const store::InstanceLock lock,
             store::InstanceLock::acquire(instance.dir, "limactl create"));
    auto done = run_steps(context, instance);
    if (!done) {
        return fail(std::move(done.error()).with_phase("prepare"));
    }
    return {};
}

}  // namespace lima::instance
