#include "core/instance/ssh_target.hpp"

#include "core/base/fs.hpp"

namespace lima::instance {
namespace {

/// The user's own keys that have both parts.
std::vector<std::filesystem::path> dot_ssh_identities(const HostFacts& host) {
    std::vector<std::filesystem::path> out;
    const auto dir = host.home / ".ssh";
    for (const std::string& name : fs::list_names(dir).value_or(std::vector<std::string>{})) {
        const auto key = dir / std::filesystem::path(name).stem();
        if (name.ends_with(".pub") && fs::exists(key)) {
            out.push_back(key);
        }
    }
    return out;
}

}  // namespace

ssh::Target ssh_target(const store::Home& home, const HostFacts& host,
                       const store::Instance& instance) {
    const config::Config& config = *instance.config;
    ssh::Target target;
    target.hostname = instance.hostname;
    target.address = instance.ssh_address.empty() ? "127.0.0.1" : instance.ssh_address;
    target.port = instance.ssh_local_port;
    target.user = config.user.name.value_or(host.user);
    target.identity = home.identity_file();
    target.control_path = std::filesystem::path(instance.dir) / store::file::kSshSock;
    target.forward_agent = config.ssh.forward_agent.value_or(false);
    target.forward_x11 = config.ssh.forward_x11.value_or(false);
    target.forward_x11_trusted = config.ssh.forward_x11_trusted.value_or(false);
    if (config.ssh.load_dot_ssh_pub_keys.value_or(false)) {
        target.extra_identities = dot_ssh_identities(host);
    }
    return target;
}

}  // namespace lima::instance
