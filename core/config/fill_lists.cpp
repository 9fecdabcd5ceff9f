// The list fields: what their entries get, and how mounts and networks of several files are
// combined.
#include "core/config/fill.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lima::config {
namespace {

template <class T>
void take(std::optional<T>& target, const std::optional<T>& source) {
    if (source) {
        target = source;
    }
}

void update_mount(Mount& target, const Mount& source) {
    take(target.writable, source.writable);
    take(target.sshfs.cache, source.sshfs.cache);
    take(target.sshfs.follow_symlinks, source.sshfs.follow_symlinks);
    take(target.sshfs.sftp_driver, source.sshfs.sftp_driver);
    take(target.nine_p.security_model, source.nine_p.security_model);
    take(target.nine_p.protocol_version, source.nine_p.protocol_version);
    take(target.nine_p.msize, source.nine_p.msize);
    take(target.nine_p.cache, source.nine_p.cache);
    take(target.virtiofs.queue_size, source.virtiofs.queue_size);
}

void update_network(Network& target, const Network& source, std::vector<std::string>& warnings) {
    if (!source.socket.empty()) {
        if (!source.lima.empty()) {
            warnings.push_back(
                fmt::format("network `{}` has both `lima` and `socket`: `socket` is ignored",
                            source.interface));
        }
        target.socket = source.socket;
        target.lima.clear();
    }
    if (!source.lima.empty()) {
        target.lima = source.lima;
        target.socket.clear();
    }
    if (!source.mac_address.empty()) {
        target.mac_address = source.mac_address;
    }
    take(target.metric, source.metric);
}

std::string item(const char* list, std::size_t index, const char* key) {
    return fmt::format("{}[{}].{}", list, index, key);
}

}  // namespace

std::vector<Mount> fill_mounts(const Layers& layers, const LoadInput& input, Expander& expander) {
    std::vector<Mount> out;
    for (const Config* layer : {&layers.defaults, &layers.instance, &layers.overrides}) {
        for (std::size_t i = 0; i < layer->mounts.size(); ++i) {
            Mount mount = layer->mounts[i];
            expander.host(mount.location, item("mounts", i, "location"));
            mount.location = expand_home(mount.location, input.host.home);
            if (mount.mount_point) {
                expander.guest(mount.mount_point, item("mounts", i, "mountPoint"));
            } else {
                mount.mount_point = mount.location;
            }
            const auto same = std::find_if(out.begin(), out.end(), [&mount](const Mount& other) {
                return other.mount_point == mount.mount_point;
            });
            if (same != out.end()) {
                update_mount(*same, mount);
            } else {
                out.push_back(std::move(mount));
            }
        }
    }
    return out;
}

std::vector<Network> fill_networks(const Layers& layers, const LoadInput& input,
                                   std::vector<std::string>& warnings) {
    std::vector<Network> out;
    for (const Config* layer : {&layers.defaults, &layers.instance, &layers.overrides}) {
        for (const Network& network : layer->networks) {
            const auto same =
                std::find_if(out.begin(), out.end(), [&network](const Network& other) {
                    return !network.interface.empty() && other.interface == network.interface;
                });
            if (same != out.end()) {
                update_network(*same, network, warnings);
            } else {
                out.push_back(network);
            }
        }
    }
    const std::string file = (input.instance_dir / "lima.yaml").string();
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (out[i].mac_address.empty()) {
            out[i].mac_address =
                mac_address_for(input.host.machine_id, fmt::format("{}#{}", file, i));
        }
        if (out[i].interface.empty()) {
            out[i].interface = fmt::format("lima{}", i);
        }
    }
    return out;
}

void fill_provision(Config& config, Expander& expander) {
    const bool wheel = *config.os == "Darwin" || *config.os == "FreeBSD";
    for (std::size_t i = 0; i < config.provision.size(); ++i) {
        Provision& step = config.provision[i];
        const auto expand = [&expander, i](std::optional<std::string>& text, const char* key) {
            expander.guest(text, item("provision", i, key));
        };
        if (*step.mode == "dependency" && !step.skip_default_dependency_resolution) {
            step.skip_default_dependency_resolution = false;
        }
        if (*step.mode == "data") {
            step.content = step.content.value_or("");
            expand(step.content, "content");
            step.overwrite = step.overwrite.value_or(true);
        }
        if (*step.mode == "yq") {
            expand(step.expression, "expression");
            step.format = step.format.value_or("auto");
        }
        if (*step.mode == "data" || *step.mode == "yq") {
            step.owner = step.owner.value_or(wheel ? "root:wheel" : "root:root");
            expand(step.owner, "owner");
            expand(step.path, "path");
            step.permissions = step.permissions.value_or("644");
        }
        expand(step.script, "script");
    }
}

void fill_probes(Config& config, Expander& expander) {
    const std::size_t count = config.probes.size();
    for (std::size_t i = 0; i < count; ++i) {
        Probe& probe = config.probes[i];
        if (!probe.description) {
            probe.description = fmt::format("user probe {}/{}", i + 1, count);
        }
        expander.guest(probe.script, item("probes", i, "script"));
    }
}

void fill_port_forwards(Config& config, const LoadInput& input, Expander& expander) {
    constexpr PortRange kUnset{0, 0};
    constexpr PortRange kAll{1, 65535};
    for (std::size_t i = 0; i < config.port_forwards.size(); ++i) {
        PortForward& rule = config.port_forwards[i];
        if (!rule.guest_ip) {
            rule.guest_ip = rule.guest_ip_must_be_zero.value_or(false) ? "0.0.0.0" : "127.0.0.1";
        }
        if (!rule.guest_ip_must_be_zero) {
            rule.guest_ip_must_be_zero = *rule.guest_ip == "0.0.0.0";
        }
        rule.host_ip = rule.host_ip.value_or("127.0.0.1");
        if (rule.guest_port_range == kUnset) {
            rule.guest_port_range =
                rule.guest_port == 0 ? kAll : PortRange{rule.guest_port, rule.guest_port};
        }
        expander.guest(rule.guest_socket, item("portForwards", i, "guestSocket"));
        if (!rule.host_socket.empty()) {
            expander.host(rule.host_socket, item("portForwards", i, "hostSocket"));
            if (!rule.host_socket.starts_with('/')) {
                rule.host_socket =
                    clean_path((input.instance_dir / "sock" / rule.host_socket).string());
            }
        } else if (rule.host_port_range == kUnset) {
            rule.host_port_range = rule.host_port == 0 ? rule.guest_port_range
                                                       : PortRange{rule.host_port, rule.host_port};
        }
    }
}

void fill_copy_to_host(Config& config, Expander& expander) {
    for (std::size_t i = 0; i < config.copy_to_host.size(); ++i) {
        expander.guest(config.copy_to_host[i].guest, item("copyToHost", i, "guest"));
        expander.host(config.copy_to_host[i].host, item("copyToHost", i, "host"));
    }
}

}  // namespace lima::config
