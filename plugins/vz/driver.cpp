#include "plugins/vz/driver.hpp"

namespace lima::vz {
namespace {

constexpr const char* kInstead =
    "use `--vm-type=qemu` (or `vmType: qemu`) on this host; `limactl driver list` shows what is "
    "installed";

std::string describe(const HostFacts& host) {
    const std::string os = host.os == "linux"     ? "Linux"
                           : host.os == "darwin"  ? "macOS"
                           : host.os == "windows" ? "Windows"
                                                  : host.os;
    return os + " on " + host.arch;
}

Json& child(Json& object, const char* key) {
    Json& value = object[key];
    if (!value.is_object()) {
        value = Json::object();
    }
    return value;
}

void set_default(Json& object, const char* key, const Json& value) {
    if (!object.contains(key) || object[key].is_null()) {
        object[key] = value;
    }
}

Result<> refuse() {
    LIMA_TRY(const HostFacts host, host_facts());
    return fail(refusal(host));
}

}  // namespace

Error refusal(const HostFacts& host) {
    if (host.os != "darwin") {
        return Error(Code::kFailedPrecondition,
                     fmt::format("vmType vz needs macOS 13 or newer, for Apple's Virtualization "
                                 "framework; this host is {}",
                                 describe(host)))
            .with_hint(kInstead);
    }
    return Error(Code::kUnimplemented,
                 "the vz driver of this version describes itself and cannot run guests yet")
        .with_hint(kInstead);
}

void fill_defaults(Json& instance) {
    Json& config = child(instance, "config");
    set_default(config, "vmType", "vz");
    set_default(config, "mountType", "virtiofs");
    set_default(child(config, "ssh"), "overVsock", json_string(config, "os", "Linux") == "Linux");
    Json& options = child(child(config, "vmOpts"), "vz");
    Json& rosetta = child(options, "rosetta");
    const auto old = config.find("rosetta");
    if (old != config.end() && old->is_object() && rosetta.empty()) {
        rosetta = *old;
    }
    set_default(rosetta, "enabled", false);
    set_default(rosetta, "binfmt", false);
    set_default(options, "diskImageFormat", "raw");
}

Result<std::string> VzDriver::configure(const sdk::Call&, std::string_view instance_json) {
    LIMA_TRY(Json instance, parse_json(instance_json), "the instance's JSON");
    if (!instance.is_object()) {
        return failf(Code::kInvalidArgument, "the instance is not a JSON object");
    }
    fill_defaults(instance);
    const std::lock_guard lock(mutex_);
    instance_ = std::move(instance);
    return dump_json(instance_);
}

Result<> VzDriver::validate(const sdk::Call&) { return refuse(); }

Result<> VzDriver::start(const sdk::Call&) { return refuse(); }

Result<std::string> VzDriver::info() const {
    Json info = {{"name", "vz"}, {"vsockPort", 2222}, {"virtioPort", ""}};
    Json features = Json::object();
    const std::lock_guard lock(mutex_);
    bool rosetta = false;
    bool binfmt = false;
    if (instance_.is_object()) {
        info["instanceDir"] = json_string(instance_, "dir");
        const Json& config = instance_["config"];
        const std::string display = json_string(config.value("video", Json::object()), "display");
        if (display == "vz" || display == "default") {
            features["canRunGui"] = true;
        }
        const Json& options = config["vmOpts"]["vz"]["rosetta"];
        LIMA_TRY(const HostFacts host, host_facts());
        rosetta = json_bool(options, "enabled") && host.os == "darwin" && host.arch == "aarch64";
        binfmt = json_bool(options, "binfmt");
    }
    features["dynamicSSHAddress"] = false;
    features["staticSSHPort"] = false;
    features["skipSocketForwarding"] = false;
    features["noCloudInit"] = false;
    features["rosettaEnabled"] = rosetta;
    features["rosettaBinFmt"] = binfmt;
    features["supportedImageFormats"] = Json::array({"raw", "asif"});
    info["features"] = std::move(features);
    return dump_json(info);
}

Result<std::string> VzDriver::config_schema() const {
    return R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": {
    "rosetta": {
      "type": "object",
      "properties": {
        "enabled": {"type": "boolean", "description": "x86_64 programs in aarch64 guests"},
        "binfmt": {"type": "boolean", "description": "register Rosetta in the guest"}
      },
      "additionalProperties": false
    },
    "diskImageFormat": {
      "enum": ["raw", "asif"],
      "description": "asif needs macOS 26 or newer"
    }
  },
  "additionalProperties": false
})json";
}

}  // namespace lima::vz
