#include "plugins/qemu/snapshots.hpp"

#include "core/base/json.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace lima::qemu {

namespace {

constexpr std::size_t kLongestTag = 128;
constexpr std::chrono::minutes kImageLimit{30};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// "0 B", "1.5 MiB": three digits that count.
std::string size_text(std::int64_t size) {
    constexpr std::array kUnits = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    double value = static_cast<double>(size);
    std::size_t unit = 0;
    while (value >= 1000 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.3g} {}B", value, kUnits[unit]);
}

std::string date_text(std::int64_t seconds) {
    const std::time_t time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    localtime_r(&time, &parts);
    return fmt::format("{:%Y-%m-%d %H:%M:%S}", parts);
}

std::string clock_text(std::int64_t ms) {
    return fmt::format("{:02}:{:02}:{:02}.{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60,
                       ms % 1000);
}

Result<std::string> qemu_img(std::vector<std::string> args) {
    const auto program = find_program("qemu-img");
    if (!program) {
        return fail(Error(Code::kNotFound, "cannot find qemu-img")
                        .with_hint("install it, as with `apt-get install qemu-utils`"));
    }
    SpawnOptions options;
    options.argv.push_back(program->string());
    options.argv.insert(options.argv.end(), args.begin(), args.end());
    LIMA_TRY(Output output, run(std::move(options), {}, kImageLimit), "qemu-img {}", args.front());
    if (!output.status.ok()) {
        return failf(Code::kFailedPrecondition, "qemu-img {}: {}: {}", args.front(),
                     output.status.text(), trim(output.err));
    }
    return std::move(output.out);
}

}  // namespace

const SnapshotInfo* SnapshotDisk::find(const std::string& tag) const {
    const auto found = std::find_if(snapshots.begin(), snapshots.end(),
                                    [&](const SnapshotInfo& each) { return each.tag == tag; });
    return found == snapshots.end() ? nullptr : &*found;
}

Result<void> check_new_tag(const std::string& tag) {
    const bool known = std::all_of(tag.begin(), tag.end(), [](char c) {
        return is_alnum(c) || std::string_view("._-+@:").find(c) != std::string_view::npos;
    });
    if (tag.empty() || tag.size() > kLongestTag || !known || !is_alnum(tag.front())) {
        return failf(Code::kInvalidArgument,
                     "the tag {} is no name for a snapshot: up to {} letters, digits and . _ - + "
                     "@ :, the first a letter or digit",
                     go_quote(tag), kLongestTag);
    }
    if (std::all_of(tag.begin(), tag.end(), is_digit)) {
        return failf(Code::kInvalidArgument,
                     "the tag {} is no name for a snapshot: a number alone is an id",
                     go_quote(tag));
    }
    return {};
}

Result<void> check_known_tag(const std::string& tag) {
    const bool control = std::any_of(tag.begin(), tag.end(),
                                     [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    if (tag.empty() || tag.front() == '-' || control) {
        return failf(Code::kInvalidArgument, "the tag {} is no name of a snapshot", go_quote(tag));
    }
    return {};
}

std::vector<SnapshotInfo> read_snapshots(const Json& list) {
    std::vector<SnapshotInfo> out;
    if (!list.is_array()) {
        return out;
    }
    for (const Json& item : list) {
        SnapshotInfo info;
        info.id = json_string(item, "id");
        info.tag = json_string(item, "name");
        info.vm_state_size = json_int(item, "vm-state-size");
        info.date = json_int(item, "date-sec");
        info.vm_clock_ms =
            json_int(item, "vm-clock-sec") * 1000 + json_int(item, "vm-clock-nsec") / 1'000'000;
        if (item.is_object() && item.contains("icount")) {
            info.icount = json_int(item, "icount");
        }
        out.push_back(std::move(info));
    }
    return out;
}

Result<std::vector<SnapshotDisk>> writable_disks(const Json& query_block) {
    std::vector<SnapshotDisk> out;
    for (const Json& device : query_block.is_array() ? query_block : Json::array()) {
        const auto inserted = device.find("inserted");
        if (inserted == device.end() || !inserted->is_object() || json_bool(*inserted, "ro")) {
            continue;
        }
        SnapshotDisk disk;
        disk.name = json_string(device, "device");
        disk.node = json_string(*inserted, "node-name");
        disk.format = json_string(*inserted, "drv");
        if (const auto image = inserted->find("image"); image != inserted->end()) {
            const auto list = image->is_object() ? image->find("snapshots") : image->end();
            if (image->is_object() && list != image->end()) {
                disk.snapshots = read_snapshots(*list);
            }
        }
        const bool boots = disk.name == "boot-disk";
        out.insert(boots ? out.begin() : out.end(), std::move(disk));
    }
    if (out.empty()) {
        return failf(Code::kFailedPrecondition, "the VM has no disk that could hold a snapshot");
    }
    return out;
}

Result<void> check_can_snapshot(const std::vector<SnapshotDisk>& disks) {
    for (const SnapshotDisk& disk : disks) {
        if (disk.format != "qcow2") {
            return fail(
                Error(Code::kFailedPrecondition,
                      fmt::format("the disk {} cannot hold snapshots: its format is {}, not qcow2",
                                  disk.name, disk.format))
                    .with_hint("use an image in the format qcow2, or convert the stopped "
                               "instance's disk by `qemu-img convert -O qcow2`; every disk that "
                               "the guest can write to must be one"));
        }
    }
    return {};
}

Result<void> check_absent(const std::vector<SnapshotDisk>& disks, const std::string& tag) {
    for (const SnapshotDisk& disk : disks) {
        if (disk.find(tag) != nullptr) {
            return fail(Error(Code::kAlreadyExists,
                              fmt::format("there is a snapshot {} already", go_quote(tag)))
                            .with_hint("delete it first, or choose another tag"));
        }
    }
    return {};
}

Result<void> check_present(const std::vector<SnapshotDisk>& disks, const std::string& tag) {
    for (const SnapshotDisk& disk : disks) {
        if (disk.find(tag) == nullptr) {
            const std::string where = disks.size() > 1 ? " on the disk " + disk.name : "";
            return fail(Error(Code::kNotFound,
                              fmt::format("there is no snapshot {}{}", go_quote(tag), where))
                            .with_hint("see `limactl snapshot list`"));
        }
    }
    return {};
}

std::string snapshot_table(const std::vector<SnapshotInfo>& snapshots) {
    if (snapshots.empty()) {
        return {};
    }
    constexpr const char* kRow = "{:<9} {:<16} {:>8}{:>20}{:>13}{:>11}\n";
    std::string out =
        fmt::format(fmt::runtime(kRow), "ID", "TAG", "VM SIZE", "DATE", "VM CLOCK", "ICOUNT");
    for (const SnapshotInfo& each : snapshots) {
        out += fmt::format(fmt::runtime(kRow), each.id, each.tag, size_text(each.vm_state_size),
                           date_text(each.date), clock_text(each.vm_clock_ms),
                           each.icount ? std::to_string(*each.icount) : std::string());
    }
    return out;
}

Error explain_snapshot_error(Error error) {
    const std::string text = error.text();
    const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
    if (has("VirtFS export path") || has("virtio-9p")) {
        return std::move(error)
            .wrap("QEMU cannot save a VM with 9p mounts")
            .with_hint(
                "stop the instance and take the snapshot then, or set mountType to "
                "reverse-sshfs");
    }
    if (has("vhost-user-fs") || has("vhost-user")) {
        return std::move(error)
            .wrap("QEMU cannot save a VM with virtiofs mounts")
            .with_hint(
                "stop the instance and take the snapshot then, or set mountType to "
                "reverse-sshfs");
    }
    if (has("non-migratable") || has("Migration is disabled") || has("unmigratable")) {
        return std::move(error).with_hint("stop the instance and take the snapshot then");
    }
    if (has("No space left") || has("-28")) {
        return std::move(error).with_hint(
            "free some space on the host: a snapshot of a VM that runs holds its memory");
    }
    return error;
}

Result<SnapshotDisk> inspect_offline(const std::filesystem::path& path, const std::string& format) {
    SnapshotDisk disk;
    disk.name = path.string();
    disk.format = format;
    if (format != "qcow2") {
        return disk;
    }
    LIMA_TRY(const std::string text,
             qemu_img({"info", "-f", format, "--output=json", path.string()}));
    LIMA_TRY(const Json info, parse_json(text), "what qemu-img tells about {}", path.string());
    if (const auto list = info.find("snapshots"); list != info.end()) {
        disk.snapshots = read_snapshots(*list);
    }
    return disk;
}

Result<void> change_offline(const SnapshotDisk& disk, const char* flag, const std::string& tag) {
    // The format of the image is not to be guessed.
    const std::string image = fmt::format("driver={},file.driver=file,file.filename={}",
                                          disk.format, replace_all(disk.name, ",", ",,"));
    LIMA_DO(qemu_img({"snapshot", "--image-opts", flag, tag, image}));
    return {};
}

}  // namespace lima::qemu
