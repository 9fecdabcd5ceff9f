#include "plugins/qemu/config.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/base/version.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace lima::qemu {

namespace {

constexpr std::string_view kVmTypeKey = "qemu";
constexpr const char* kDefaultVnc = "127.0.0.1:0,to=9";

bool contains(const std::vector<std::string>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

/// The value at the key, or nullptr when it is absent or null.
const Json* find(const Json& object, const char* key) {
    if (!object.is_object()) {
        return nullptr;
    }
    const auto it = object.find(key);
    return it == object.end() || it->is_null() ? nullptr : &*it;
}

const Json& child(const Json& object, const char* key) {
    static const Json kEmpty = Json::object();
    const Json* found = find(object, key);
    return found != nullptr && found->is_object() ? *found : kEmpty;
}

Json& child_to_change(Json& object, const char* key) {
    Json& value = object[key];
    if (!value.is_object()) {
        value = Json::object();
    }
    return value;
}

std::vector<std::string> strings(const Json& object, const char* key) {
    std::vector<std::string> out;
    if (const Json* list = find(object, key); list != nullptr && list->is_array()) {
        for (const Json& item : *list) {
            if (item.is_string()) {
                out.push_back(item.get<std::string>());
            }
        }
    }
    return out;
}

/// The elements that are objects; what else stands in the list was refused by the host long ago.
std::vector<const Json*> objects(const Json& object, const char* key) {
    std::vector<const Json*> out;
    if (const Json* list = find(object, key); list != nullptr && list->is_array()) {
        for (const Json& item : *list) {
            if (item.is_object()) {
                out.push_back(&item);
            }
        }
    }
    return out;
}

std::vector<std::string> unsupported_mount_types(const Json& config, const ConfigureFacts& facts) {
    std::vector<std::string> out = strings(config, "mountTypesUnsupported");
    if (facts.host_os == "windows" && !contains(out, "9p")) {
        out.emplace_back("9p");
    }
    return out;
}

/// The old top-level cpuType moves to vmOpts.qemu.cpuType, where a value that is already there
/// wins.
void migrate_cpu_type(Json& config, std::vector<std::string>& warnings) {
    const Json* top = find(config, "cpuType");
    if (top == nullptr) {
        return;
    }
    const Json old = *top;
    config.erase("cpuType");
    bool moved = false;
    if (old.is_object()) {
        for (const auto& [arch, model] : old.items()) {
            if (!model.is_string() || model.get_ref<const std::string&>().empty()) {
                continue;
            }
            Json& types = child_to_change(
                child_to_change(child_to_change(config, "vmOpts"), kVmTypeKey.data()), "cpuType");
            const std::string present = json_string(types, arch.c_str());
            if (present.empty()) {
                types[arch] = model;
            }
            moved = true;
        }
    }
    if (moved) {
        warnings.emplace_back("field `cpuType` is deprecated, use `vmOpts.qemu.cpuType` instead");
    }
}

Result<void> check_mount_type(const std::string& type, const std::vector<std::string>& unsupported,
                              const ConfigureFacts& facts) {
    if (contains(unsupported, type)) {
        return failf(Code::kInvalidArgument,
                     "field `mountType` is \"{}\", which `mountTypesUnsupported` excludes", type);
    }
    const std::vector<std::string> allowed = supported_mount_types(facts.host_os);
    if (!contains(allowed, type)) {
        return failf(Code::kInvalidArgument,
                     "field `mountType` must be one of {} for vmType qemu on {}, got \"{}\"",
                     join(allowed, ", "), facts.host_os, type);
    }
    return {};
}

Result<void> read_vm_opts(const Json& config, Config& out) {
    const Json& options = child(child(config, "vmOpts"), kVmTypeKey.data());
    for (const auto& [key, value] : options.items()) {
        if (key == "minimumVersion") {
            if (value.is_null() || (value.is_string() && value.get<std::string>().empty())) {
                continue;
            }
            if (!value.is_string()) {
                return failf(Code::kInvalidArgument,
                             "field `vmOpts.qemu.minimumVersion` must be a string");
            }
            LIMA_TRY(out.minimum_version, parse_version(value.get<std::string>()),
                     "field `vmOpts.qemu.minimumVersion`");
        } else if (key == "cpuType") {
            for (const auto& [arch, model] : child(options, "cpuType").items()) {
                if (!model.is_null() && !model.is_string()) {
                    return failf(Code::kInvalidArgument,
                                 "field `vmOpts.qemu.cpuType.{}` must be a string", arch);
                }
                if (model.is_string() && !model.get_ref<const std::string&>().empty()) {
                    out.cpu_type[arch] = model.get<std::string>();
                }
            }
        } else {
            return failf(Code::kInvalidArgument,
                         "field `vmOpts.qemu` has the unknown key \"{}\" (known: cpuType, "
                         "minimumVersion)",
                         key);
        }
    }
    return {};
}

void read_mounts(const Json& config, Config& out) {
    for (const Json* item : objects(config, "mounts")) {
        Mount mount;
        mount.location = json_string(*item, "location");
        mount.mount_point = json_string(*item, "mountPoint", mount.location);
        mount.writable = json_bool(*item, "writable");
        const std::string model = json_string(child(*item, "9p"), "securityModel");
        mount.security_model = model.empty() ? "none" : model;
        mount.queue_size =
            static_cast<int>(json_int(child(*item, "virtiofs"), "queueSize", mount.queue_size));
        out.mounts.push_back(std::move(mount));
    }
}

void read_networks(const Json& config, Config& out) {
    static constexpr std::array kKnown = {"lima", "socket", "macAddress", "metric", "interface"};
    int index = 0;
    for (const Json* item : objects(config, "networks")) {
        Network network;
        network.lima = json_string(*item, "lima");
        network.socket = json_string(*item, "socket");
        network.mac = json_string(*item, "macAddress");
        network.vz_nat = json_bool(*item, "vzNAT");
        for (const auto& [key, value] : item->items()) {
            const bool off = value.is_null() || (value.is_boolean() && !value.get<bool>());
            if (!off && std::find(kKnown.begin(), kKnown.end(), key) == kKnown.end()) {
                out.warnings.push_back(
                    fmt::format("vmType qemu: ignoring `networks[{}].{}`", index, key));
            }
        }
        out.networks.push_back(std::move(network));
        ++index;
    }
}

void read_devices(const Json& config, Config& out) {
    const Json& firmware = child(config, "firmware");
    out.legacy_bios = json_bool(firmware, "legacyBIOS");
    for (const Json* item : objects(firmware, "images")) {
        FirmwareImage image;
        image.location = json_string(*item, "location");
        image.arch = json_string(*item, "arch");
        image.vm_type = json_string(*item, "vmType");
        out.firmware_images.push_back(std::move(image));
    }
    const Json& audio = child(config, "audio");
    out.audio_device = json_string(audio, "device");
    out.audio_interface = json_string(audio, "interface");
    const Json& video = child(config, "video");
    out.video_display = json_string(video, "display");
    out.vnc_display = json_string(child(video, "vnc"), "display", kDefaultVnc);
    out.tpm = json_bool(config, "tpm");
    out.ssh_over_vsock = json_bool(child(config, "ssh"), "overVsock");
    out.virtio_win = !objects(child(child(config, "osOpts"), "Windows"), "virtioWin").empty();
    for (const Json* disk : objects(config, "additionalDisks")) {
        out.additional_disks.push_back(json_string(*disk, "name"));
    }
}

Result<std::int64_t> read_size(const Json& instance, const Json& config, const char* key) {
    const std::string text = json_string(config, key);
    if (text.empty()) {
        return json_int(instance, key);
    }
    LIMA_TRY(const std::int64_t size, parse_size(text), "field `{}`", key);
    return size;
}

}  // namespace

const std::string_view kVmOptsSchema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": {
    "minimumVersion": {
      "type": "string",
      "pattern": "^([0-9]+[.][0-9]+[.][0-9]+([-+].+)?)?$",
      "description": "the oldest QEMU that will do, X.Y.Z"
    },
    "cpuType": {
      "type": "object",
      "additionalProperties": {"type": "string"},
      "description": "the CPU model for each architecture of a guest, as -cpu takes it"
    }
  },
  "additionalProperties": false
})json";

std::vector<std::string> supported_mount_types(const std::string& host_os) {
    if (host_os == "linux") {
        return {"reverse-sshfs", "9p", "virtiofs"};
    }
    if (host_os == "windows") {
        return {"reverse-sshfs"};
    }
    return {"reverse-sshfs", "9p"};
}

bool created_before_1_0(const std::filesystem::path& instance_dir) {
    static constexpr std::array kTraces = {"ha.stdout.log", "ha.stderr.log", "vz-identifier",
                                           "image",         "disk",          "basedisk",
                                           "diffdisk",      "cidata.iso"};
    const bool in_use = std::any_of(kTraces.begin(), kTraces.end(), [&](const char* name) {
        return fs::exists_nofollow(instance_dir / name);
    });
    if (!in_use) {
        return false;
    }
    const auto recorded = fs::read_file_if_exists(instance_dir / "lima-version");
    if (!recorded || !*recorded) {
        return true;
    }
    return !version_at_least(trim(**recorded), "1.0.0");
}

Result<std::vector<std::string>> fill_defaults(Json& instance, const ConfigureFacts& facts) {
    if (!instance.is_object()) {
        return failf(Code::kInvalidArgument, "the instance is not a JSON object");
    }
    std::vector<std::string> warnings;
    Json& config = child_to_change(instance, "config");
    if (json_string(config, "vmType").empty()) {
        config["vmType"] = std::string(kVmTypeKey);
    }
    Json& vnc = child_to_change(child_to_change(config, "video"), "vnc");
    if (json_string(vnc, "display").empty()) {
        vnc["display"] = kDefaultVnc;
    }
    migrate_cpu_type(config, warnings);

    const std::vector<std::string> unsupported = unsupported_mount_types(config, facts);
    std::string mount_type = json_string(config, "mountType");
    if (mount_type.empty() || mount_type == "default") {
        const bool old = contains(unsupported, "9p") || facts.created_before_1_0;
        mount_type = old ? "reverse-sshfs" : "9p";
        config["mountType"] = mount_type;
    }
    if (mount_type == "virtiofs" && config.contains("mounts") && config["mounts"].is_array()) {
        for (Json& mount : config["mounts"]) {
            if (mount.is_object() && find(child(mount, "virtiofs"), "queueSize") == nullptr) {
                child_to_change(mount, "virtiofs")["queueSize"] = Mount().queue_size;
            }
        }
    }
    LIMA_DO(check_mount_type(mount_type, unsupported, facts));
    LIMA_TRY(const Config checked, read_config(instance, facts));
    warnings.insert(warnings.end(), checked.warnings.begin(), checked.warnings.end());
    return warnings;
}

Result<Config> read_config(const Json& instance, const ConfigureFacts& facts) {
    const Json& config = child(instance, "config");
    Config out;
    out.name = json_string(instance, "name");
    out.dir = json_string(instance, "dir");
    if (out.dir.empty() || !out.dir.is_absolute()) {
        return failf(Code::kInvalidArgument,
                     "the instance \"{}\" has no absolute directory (\"{}\")", out.name,
                     out.dir.string());
    }
    out.arch = json_string(config, "arch", json_string(instance, "arch"));
    out.os = json_string(config, "os", "Linux");
    out.cpus = static_cast<int>(json_int(config, "cpus", json_int(instance, "cpus", 1)));
    if (out.cpus < 1) {
        return failf(Code::kInvalidArgument, "field `cpus` must be positive, got {}", out.cpus);
    }
    LIMA_TRY(out.memory, read_size(instance, config, "memory"));
    LIMA_TRY(out.disk, read_size(instance, config, "disk"));
    out.ssh_address = json_string(instance, "sshAddress", out.ssh_address);
    if (out.ssh_address.empty()) {
        out.ssh_address = "127.0.0.1";
    }
    out.ssh_port = static_cast<int>(json_int(
        instance, "sshLocalPort", json_int(child(config, "ssh"), "localPort", out.ssh_port)));
    out.mount_type = json_string(config, "mountType");
    out.mount_types_unsupported = unsupported_mount_types(config, facts);
    LIMA_DO(check_mount_type(out.mount_type, out.mount_types_unsupported, facts));
    LIMA_DO(read_vm_opts(config, out));
    if (!json_bool(config, "plain")) {
        read_mounts(config, out);
    }
    read_networks(config, out);
    read_devices(config, out);
    return out;
}

}  // namespace lima::qemu
