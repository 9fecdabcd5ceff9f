#include "plugins/vz/driver.hpp"

namespace lima::vz {
namespace {

using described::child;
using described::set_default;

Error refusal(const HostFacts& host) {
    return host.os == "darwin"
               ? described::not_yet("vz")
               : described::not_this_host(
                     "vz", "macOS 13 or newer, for Apple's Virtualization framework", host);
}

/// The top-level `rosetta` moves to vmOpts.vz.
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

Result<Json> info(const Json& instance) {
    Json info = {{"name", "vz"}, {"vsockPort", 2222}, {"virtioPort", ""}};
    Json features = Json::object();
    bool rosetta = false;
    bool binfmt = false;
    if (instance.is_object()) {
        const Json& config = instance["config"];
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
    return info;
}

constexpr const char* kSchema = R"json({
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

}  // namespace

const described::Description kDescription = {&refusal, &fill_defaults, &info, kSchema};

}  // namespace lima::vz
