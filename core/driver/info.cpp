#include "core/driver/info.hpp"

#include "core/base/json.hpp"

namespace lima::driver {

Result<Info> parse_info(std::string_view json) {
    LIMA_TRY(const Json parsed, parse_json(json));
    if (!parsed.is_object()) {
        return failf(Code::kInternal, "not a JSON object");
    }
    Info info;
    info.name = json_string(parsed, "name");
    info.vsock_port = static_cast<int>(json_int(parsed, "vsockPort"));
    info.virtio_port = json_string(parsed, "virtioPort");
    info.instance_dir = json_string(parsed, "instanceDir");
    info.needs_image = json_bool(parsed, "needsImage", true);
    info.has_guest = json_bool(parsed, "hasGuest", true);

    const auto found = parsed.find("features");
    const Json features = found != parsed.end() && found->is_object() ? *found : Json::object();
    info.can_run_gui = json_bool(features, "canRunGui");
    info.dynamic_ssh_address = json_bool(features, "dynamicSSHAddress");
    info.static_ssh_port = json_bool(features, "staticSSHPort");
    info.skip_socket_forwarding = json_bool(features, "skipSocketForwarding");
    info.no_cloud_init = json_bool(features, "noCloudInit");
    info.rosetta_enabled = json_bool(features, "rosettaEnabled");
    info.rosetta_bin_fmt = json_bool(features, "rosettaBinFmt");
    if (const auto formats = features.find("supportedImageFormats");
        formats != features.end() && formats->is_array()) {
        for (const Json& format : *formats) {
            if (format.is_string()) {
                info.supported_image_formats.push_back(format.get<std::string>());
            }
        }
    }
    return info;
}

}  // namespace lima::driver
