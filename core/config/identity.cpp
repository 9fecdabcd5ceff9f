// Names and numbers that are made from others, so that they stay the same from start to start.
#include "core/base/digest.hpp"
#include "core/base/text.hpp"
#include "core/config/load.hpp"

#include <fmt/format.h>

namespace lima::config {

std::string mac_address_for(const std::string& machine_id, const std::string& text) {
    const std::string hex = sha256_hex(machine_id + text);
    return fmt::format("52:55:55:{}:{}:{}", hex.substr(0, 2), hex.substr(2, 2), hex.substr(4, 2));
}

std::string mount_tag(const Mount& mount) {
    return "lima-" +
           sha256_hex(mount.location + ":" + mount.mount_point.value_or("")).substr(0, 16);
}

std::string hostname_of(const std::string& instance_name) {
    return "lima-" + replace_all(replace_all(instance_name, ".", "-"), "_", "-");
}

std::string resolve_vm_type(const Config& config, const HostFacts& host) {
    if (config.vm_type) {
        return *config.vm_type;
    }
    const bool native = !config.arch || *config.arch == host.arch;
    return host.os == "darwin" && native ? "vz" : "qemu";
}

}  // namespace lima::config
