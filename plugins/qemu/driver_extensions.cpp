// What the driver offers beyond its table: snapshots, the display, pictures of it.
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/lock.hpp"
#include "core/base/text.hpp"
#include "plugins/qemu/driver.hpp"
#include "plugins/qemu/live_snapshots.hpp"
#include "plugins/qemu/picture.hpp"
#include "plugins/qemu/snapshots.hpp"

#include <algorithm>

namespace lima::qemu {

namespace {

constexpr std::chrono::seconds kPictureLimit{30};

/// The images of an instance while no VM runs; those of additional disks are locked for as long.
class OfflineDisks {
public:
    OfflineDisks(const Config& config, Services& services, const sdk::Call& call)
        : config_(config), services_(services), call_(call) {}
    ~OfflineDisks() {
        for (const std::string& name : locked_) {
            static_cast<void>(services_.disks.unlock(call_, name, config_.dir.string()));
        }
    }
    OfflineDisks(const OfflineDisks&) = delete;
    OfflineDisks& operator=(const OfflineDisks&) = delete;

    Result<std::vector<SnapshotDisk>> open() {
        std::vector<SnapshotDisk> out;
        LIMA_TRY(SnapshotDisk boot, boot_disk());
        out.push_back(std::move(boot));
        for (const std::string& name : config_.additional_disks) {
            LIMA_TRY(const sdk::LockedDisk locked,
                     services_.disks.lock(call_, name, config_.dir.string()),
                     "cannot use the additional disk {}", name);
            locked_.push_back(name);
            LIMA_TRY(SnapshotDisk disk, inspect_offline(locked.path, locked.format));
            out.push_back(std::move(disk));
        }
        return out;
    }

    Result<SnapshotDisk> boot_disk() {
        const auto path = config_.dir / "disk";
        if (!fs::exists(path)) {
            return fail(Error(Code::kFailedPrecondition, "the instance has no disk yet")
                            .with_hint("start it once"));
        }
        LIMA_TRY(const sdk::DiskInfo info, services_.disks.inspect(call_, path.string()),
                 "cannot inspect {}", path.string());
        LIMA_TRY(const auto recorded, fs::read_file_if_exists(config_.dir / "disk.format"));
        return inspect_offline(path, recorded ? std::string(trim(*recorded)) : info.format);
    }

private:
    const Config& config_;
    Services& services_;
    const sdk::Call& call_;
    std::vector<std::string> locked_;
};

Result<void> create_offline(const std::vector<SnapshotDisk>& disks, const std::string& tag) {
    LIMA_DO(check_can_snapshot(disks));
    LIMA_DO(check_absent(disks, tag));
    for (std::size_t i = 0; i < disks.size(); ++i) {
        if (auto made = change_offline(disks[i], "-c", tag); !made) {
            while (i-- > 0) {
                static_cast<void>(change_offline(disks[i], "-d", tag));
            }
            return made;
        }
    }
    return {};
}

Result<void> apply_offline(const std::vector<SnapshotDisk>& disks, const std::string& tag) {
    LIMA_DO(check_can_snapshot(disks));
    LIMA_DO(check_present(disks, tag));
    for (const SnapshotDisk& disk : disks) {
        LIMA_DO(change_offline(disk, "-a", tag));
    }
    return {};
}

Result<void> delete_offline(const std::vector<SnapshotDisk>& disks, const std::string& tag) {
    const auto has = [&](const SnapshotDisk& disk) { return disk.find(tag) != nullptr; };
    if (std::none_of(disks.begin(), disks.end(), has)) {
        return check_present(disks, tag);
    }
    for (const SnapshotDisk& disk : disks) {
        if (has(disk)) {
            LIMA_DO(change_offline(disk, "-d", tag));
        }
    }
    return {};
}

}  // namespace

/// True: by the monitor. False: no VM of the instance runs at all.
Result<bool> QemuDriver::snapshots_live() const {
    if (running()) {
        return true;
    }
    LIMA_TRY(const Config config, configured());
    LIMA_TRY(const PidFileState state, read_pid_file(config.dir / kPidFile, qemu_process_names()));
    if (state.pid != 0 || state.held) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("the VM runs (QEMU has pid {}), but not under this driver",
                                      state.pid))
                        .with_hint(fmt::format("run `limactl start {}`, which takes it over",
                                               config.name)));
    }
    return false;
}

Result<> QemuDriver::change_snapshots(const sdk::Call& call, const std::string& tag,
                                      LiveChange* live, OfflineChange* offline) {
    LIMA_TRY(const bool is_live, snapshots_live());
    if (is_live) {
        return live(*vm_, call, tag);
    }
    LIMA_TRY(const Config config, configured());
    OfflineDisks images(config, services_, call);
    LIMA_TRY(const std::vector<SnapshotDisk> disks, images.open());
    return offline(disks, tag);
}

Result<> QemuDriver::create_snapshot(const sdk::Call& call, const std::string& tag) {
    LIMA_DO(check_new_tag(tag));
    return change_snapshots(call, tag, create_live, create_offline);
}

Result<> QemuDriver::apply_snapshot(const sdk::Call& call, const std::string& tag) {
    LIMA_DO(check_known_tag(tag));
    return change_snapshots(call, tag, apply_live, apply_offline);
}

Result<> QemuDriver::delete_snapshot(const sdk::Call& call, const std::string& tag) {
    LIMA_DO(check_known_tag(tag));
    return change_snapshots(call, tag, delete_live, delete_offline);
}

Result<std::string> QemuDriver::list_snapshots(const sdk::Call& call) {
    LIMA_TRY(const bool is_live, snapshots_live());
    if (is_live) {
        LIMA_TRY(const std::vector<SnapshotInfo> list, list_live(*vm_));
        return snapshot_table(list);
    }
    LIMA_TRY(const Config config, configured());
    OfflineDisks images(config, services_, call);
    LIMA_TRY(const SnapshotDisk boot, images.boot_disk());
    return snapshot_table(boot.snapshots);
}

Result<> QemuDriver::check_display(std::string_view kind) const {
    if (!running()) {
        return failf(Code::kFailedPrecondition, "the VM does not run");
    }
    const std::string& display = vm_->config().video_display;
    const bool none = display.empty() || display == "none";
    if (none || (!kind.empty() && display != kind)) {
        return fail(
            Error(Code::kFailedPrecondition,
                  none ? std::string("the VM has no display")
                       : fmt::format("the VM's display is \"{}\", not \"{}\"", display, kind))
                .with_hint("set video.display to vnc, and restart the instance"));
    }
    return {};
}

Result<> QemuDriver::change_display_password(const sdk::Call&, const std::string& password) {
    LIMA_DO(check_display("vnc"));
    const Json arguments = {{"password", password}};
    auto changed = vm_->monitor("change-vnc-password", arguments);
    if (!changed && changed.error().code() == Code::kUnimplemented) {
        changed = vm_->monitor("set_password", {{"protocol", "vnc"}, {"password", password}});
    }
    LIMA_DO(std::move(changed), "cannot change the password of the VM's VNC display");
    return {};
}

Result<std::string> QemuDriver::display_connection(const sdk::Call&) {
    LIMA_DO(check_display("vnc"));
    LIMA_TRY(const Json answer, vm_->monitor("query-vnc"));
    const std::string port = json_string(answer, "service");
    if (!json_bool(answer, "enabled") || port.empty()) {
        return failf(Code::kFailedPrecondition, "QEMU serves no VNC");
    }
    return port;
}

Result<sdk::Picture> QemuDriver::capture_screenshot(const sdk::Call&, std::string_view format) {
    if (!format.empty() && format != "png" && format != "bmp") {
        return failf(Code::kInvalidArgument, "a picture is png or bmp, not {}", format);
    }
    LIMA_DO(check_display({}));
    LIMA_TRY(const fs::TempDir directory, fs::TempDir::create("screen", vm_->config().dir));
    const std::filesystem::path file = directory.path() / "screen";
    Json arguments = {{"filename", file.string()}};
    const bool png = format != "bmp";
    if (png) {
        // QEMU makes it itself since 7.1, when it was built with libpng.
        arguments["format"] = "png";
        if (vm_->monitor("screendump", arguments, kPictureLimit)) {
            LIMA_TRY(std::string bytes, fs::read_file(file));
            return sdk::Picture{"png", std::move(bytes)};
        }
        arguments.erase("format");
    }
    LIMA_DO(vm_->monitor("screendump", arguments, kPictureLimit), "cannot take a screenshot");
    LIMA_TRY(const std::string ppm, fs::read_file(file));
    LIMA_TRY(const Pixels pixels, parse_ppm(ppm));
    return png ? sdk::Picture{"png", encode_png(pixels)} : sdk::Picture{"bmp", encode_bmp(pixels)};
}

}  // namespace lima::qemu
