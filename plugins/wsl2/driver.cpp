#include "plugins/wsl2/driver.hpp"

namespace lima::wsl2 {
namespace {

Error refusal(const HostFacts& host) {
    return host.os == "windows" ? described::not_yet("wsl2")
                                : described::not_this_host("wsl2", "Windows with WSL2", host);
}

void fill_defaults(Json& instance) {
    Json& config = described::child(instance, "config");
    described::set_default(config, "vmType", "wsl2");
    described::set_default(config, "mountType", "wsl2");
}

Result<Json> info(const Json&) {
    Json info = {{"name", "wsl2"}, {"vsockPort", 0}, {"virtioPort", ""}};
    info["features"] = {{"dynamicSSHAddress", true},    {"staticSSHPort", true},
                        {"skipSocketForwarding", true}, {"noCloudInit", true},
                        {"rosettaEnabled", false},      {"rosettaBinFmt", false}};
    return info;
}

constexpr const char* kSchema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "description": "wsl2 has no options",
  "additionalProperties": false
})json";

}  // namespace

const described::Description kDescription = {&refusal, &fill_defaults, &info, kSchema};

}  // namespace lima::wsl2
