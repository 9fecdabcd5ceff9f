#include "plugins/wsl2/driver.hpp"

namespace lima::wsl2 {
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
    if (host.os != "windows") {
        return Error(Code::kFailedPrecondition,
                     fmt::format("vmType wsl2 needs Windows with WSL2; this host is {}",
                                 describe(host)))
            .with_hint(kInstead);
    }
    return Error(Code::kUnimplemented,
                 "the wsl2 driver of this version describes itself and cannot run guests yet")
        .with_hint(kInstead);
}

void fill_defaults(Json& instance) {
    Json& config = child(instance, "config");
    set_default(config, "vmType", "wsl2");
    set_default(config, "mountType", "wsl2");
}

Result<std::string> Wsl2Driver::configure(const sdk::Call&, std::string_view instance_json) {
    LIMA_TRY(Json instance, parse_json(instance_json), "the instance's JSON");
    if (!instance.is_object()) {
        return failf(Code::kInvalidArgument, "the instance is not a JSON object");
    }
    fill_defaults(instance);
    const std::lock_guard lock(mutex_);
    instance_ = std::move(instance);
    return dump_json(instance_);
}

Result<> Wsl2Driver::validate(const sdk::Call&) { return refuse(); }

Result<> Wsl2Driver::start(const sdk::Call&) { return refuse(); }

Result<std::string> Wsl2Driver::info() const {
    Json info = {{"name", "wsl2"}, {"vsockPort", 0}, {"virtioPort", ""}};
    const std::lock_guard lock(mutex_);
    if (instance_.is_object()) {
        info["instanceDir"] = json_string(instance_, "dir");
    }
    info["features"] = {{"dynamicSSHAddress", true},    {"staticSSHPort", true},
                        {"skipSocketForwarding", true}, {"noCloudInit", true},
                        {"rosettaEnabled", false},      {"rosettaBinFmt", false}};
    return dump_json(info);
}

Result<std::string> Wsl2Driver::config_schema() const {
    return R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "description": "wsl2 has no options",
  "additionalProperties": false
})json";
}

}  // namespace lima::wsl2
