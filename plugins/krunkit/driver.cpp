#include "plugins/krunkit/driver.hpp"

namespace lima::krunkit {
namespace {

Error refusal(const HostFacts& host) {
    if (host.os != "darwin" || host.arch != "aarch64") {
        return described::not_this_host("krunkit",
                                        "macOS 13 or newer on Apple silicon, with krunkit 1.2.1 or "
                                        "newer in PATH",
                                        host);
    }
    return described::not_yet("krunkit");
}

void fill_defaults(Json& instance) {
    Json& config = described::child(instance, "config");
    config["vmType"] = "krunkit";
    described::set_default(config, "arch", "aarch64");
    described::set_default(config, "mountType", "virtiofs");
    described::set_default(described::child(config, "ssh"), "overVsock", false);
}

Result<Json> info(const Json&) {
    Json info = {{"name", "krunkit"}, {"vsockPort", 2222}, {"virtioPort", ""}};
    Json features = {{"dynamicSSHAddress", false},    {"staticSSHPort", false},
                     {"skipSocketForwarding", false}, {"noCloudInit", false},
                     {"rosettaEnabled", false},       {"rosettaBinFmt", false}};
    features["supportedImageFormats"] = Json::array({"raw"});
    info["features"] = std::move(features);
    return info;
}

constexpr const char* kSchema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "description": "krunkit has no options",
  "additionalProperties": false
})json";

}  // namespace

const described::Description kDescription = {&refusal, &fill_defaults, &info, kSchema};

}  // namespace lima::krunkit
