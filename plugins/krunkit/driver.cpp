#include "plugins/krunkit/driver.hpp"

namespace lima::krunkit {
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
    if (host.os != "darwin" || host.arch != "aarch64") {
        return Error(Code::kFailedPrecondition,
                     fmt::format("vmType krunkit needs macOS 13 or newer on Apple silicon, with "
                                 "krunkit 1.2.1 or newer in PATH; this host is {}",
                                 describe(host)))
            .with_hint(kInstead);
    }
    return Error(Code::kUnimplemented,
                 "the krunkit driver of this version describes itself and cannot run guests yet")
        .with_hint(kInstead);
}

void fill_defaults(Json& instance) {
    Json& config = child(instance, "config");
    config["vmType"] = "krunkit";
    set_default(config, "arch", "aarch64");
    set_default(config, "mountType", "virtiofs");
    set_default(child(config, "ssh"), "overVsock", false);
}

Result<std::string> KrunkitDriver::configure(const sdk::Call&, std::string_view instance_json) {
    LIMA_TRY(Json instance, parse_json(instance_json), "the instance's JSON");
    if (!instance.is_object()) {
        return failf(Code::kInvalidArgument, "the instance is not a JSON object");
    }
    fill_defaults(instance);
    const std::lock_guard lock(mutex_);
    instance_ = std::move(instance);
    return dump_json(instance_);
}

Result<> KrunkitDriver::validate(const sdk::Call&) { return refuse(); }

Result<> KrunkitDriver::start(const sdk::Call&) { return refuse(); }

Result<std::string> KrunkitDriver::info() const {
    Json info = {{"name", "krunkit"}, {"vsockPort", 2222}, {"virtioPort", ""}};
    const std::lock_guard lock(mutex_);
    if (instance_.is_object()) {
        info["instanceDir"] = json_string(instance_, "dir");
    }
    Json features = {{"dynamicSSHAddress", false},    {"staticSSHPort", false},
                     {"skipSocketForwarding", false}, {"noCloudInit", false},
                     {"rosettaEnabled", false},       {"rosettaBinFmt", false}};
    features["supportedImageFormats"] = Json::array({"raw"});
    info["features"] = std::move(features);
    return dump_json(info);
}

Result<std::string> KrunkitDriver::config_schema() const {
    return R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "description": "krunkit has no options",
  "additionalProperties": false
})json";
}

}  // namespace lima::krunkit
