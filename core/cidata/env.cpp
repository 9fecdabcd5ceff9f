// lima.env, param.env and etc_environment: one KEY=VALUE a line, read by the boot scripts without
// any unquoting.
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/cidata/seed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace lima::cidata {
namespace {

class EnvFile {
public:
    explicit EnvFile(std::string prefix) : prefix_(std::move(prefix)) {}

    void add(std::string_view key, std::string_view value) {
        if (bad_.empty() &&
            value.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos) {
            bad_ = prefix_ + std::string(key);
        }
        text_.append(prefix_).append(key).append("=").append(value).append("\n");
    }
    void add(std::string_view key, std::int64_t value) { add(key, std::to_string(value)); }
    /// true or false
    void add_bool(std::string_view key, bool value) { add(key, value ? "true" : "false"); }
    /// 1 or nothing: for `[ -n "$X" ]`
    void add_flag(std::string_view key, bool value) { add(key, value ? "1" : ""); }

    Result<std::string> finish() && {
        if (!bad_.empty()) {
            return failf(Code::kInvalidArgument, "the value of {} has a line break", bad_);
        }
        return std::move(text_);
    }

private:
    std::string prefix_;
    std::string text_;
    std::string bad_;
};

void add_mounts(EnvFile& env, const Seed& seed) {
    const auto& mounts = seed.input.config.mounts;
    const auto home = std::find_if(mounts.begin(), mounts.end(), [&](const config::Mount& mount) {
        return mount.location == seed.input.host_home;
    });
    env.add("HOSTHOME_MOUNTPOINT", home == mounts.end() ? "" : home->mount_point.value_or(""));
    env.add("MOUNTS", static_cast<std::int64_t>(mounts.size()));
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        env.add(fmt::format("MOUNTS_{}_MOUNTPOINT", i), mounts[i].mount_point.value_or(""));
    }
    env.add("MOUNTTYPE", seed.mount_type);
}

void add_disks(EnvFile& env, const std::vector<config::AdditionalDisk>& disks) {
    env.add("DISKS", static_cast<std::int64_t>(disks.size()));
    for (std::size_t i = 0; i < disks.size(); ++i) {
        const config::AdditionalDisk& disk = disks[i];
        const std::string prefix = fmt::format("DISK_{}_", i);
        env.add(prefix + "NAME", disk.name);
        // vda is the disk with the system
        env.add(prefix + "DEVICE", std::string("vd") + static_cast<char>('b' + i));
        env.add_bool(prefix + "FORMAT", disk.format.value_or(true));
        env.add(prefix + "FSTYPE", disk.fs_type.value_or(""));
        env.add(prefix + "FSARGS", join(disk.fs_args, " "));
    }
}

void add_provision(EnvFile& env, const std::vector<config::Provision>& all) {
    bool skip_default = false;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const config::Provision& each = all[i];
        const std::string mode = each.mode.value_or("system");
        const bool data = mode == "data";
        skip_default = skip_default || (mode == "dependency" &&
                                        each.skip_default_dependency_resolution.value_or(false));
        if (!data && mode != "yq") {
            continue;
        }
        const std::string prefix =
            (data ? "DATAFILE_" : "YQ_PROVISION_") + provision_number(i) + "_";
        if (data) {
            env.add_bool(prefix + "OVERWRITE", each.overwrite.value_or(true));
        } else {
            env.add(prefix + "FORMAT", each.format.value_or("auto"));
        }
        env.add(prefix + "OWNER", each.owner.value_or("root:root"));
        env.add(prefix + "PATH", each.path.value_or(""));
        env.add(prefix + "PERMISSIONS", each.permissions.value_or("644"));
    }
    env.add_flag("SKIP_DEFAULT_DEPENDENCY_RESOLUTION", skip_default);
}

std::string host_of(std::string_view authority) {
    authority.remove_prefix(
        authority.rfind('@') == std::string_view::npos ? 0 : authority.rfind('@') + 1);
    if (authority.starts_with('[')) {
        return std::string(authority.substr(1, authority.find(']') - 1));
    }
    return std::string(authority.substr(0, authority.rfind(':')));
}

bool is_loopback(const std::string& host) {
    const std::string name = to_lower(host);
    if (name == "localhost" || name.ends_with(".localhost") || name == "::1") {
        return true;
    }
    const auto numeric = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
    return name.starts_with("127.") && std::all_of(name.begin(), name.end(), numeric);
}

/// The guest reaches what listens on the host's loopback by way of its gateway.
std::string through_gateway(const std::string& key, const std::string& url,
                            const std::string& gateway) {
    const auto scheme = url.find("://");
    const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
    const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
    const std::string authority = url.substr(begin, end - begin);
    const std::string host = host_of(authority);
    if (host.empty()) {
        log::warn("cannot tell the host of {}; it goes to the guest as it is", key);
        return url;
    }
    if (!is_loopback(host)) {
        return url;
    }
    const std::string shown = authority.find('[') == std::string::npos ? host : "[" + host + "]";
    const std::size_t at = begin + authority.rfind(shown);
    return url.substr(0, at) + gateway + url.substr(at + shown.size());
}

/// Proxies of the host go over `env`; lower and upper case say the same, the lower one decides.
config::StringMap guest_environment(const Seed& seed) {
    constexpr std::array kProxies = {"ftp_proxy", "http_proxy", "https_proxy", "no_proxy"};
    config::StringMap env = seed.input.config.env;
    for (const auto& [key, value] : seed.input.proxy_env) {
        env[key] = value;
    }
    std::erase_if(env, [](const auto& item) { return item.second.empty(); });
    for (const std::string lower : kProxies) {
        const std::string upper = to_upper(lower);
        const auto found = env.contains(lower) ? env.find(lower) : env.find(upper);
        if (found == env.end()) {
            continue;
        }
        const std::string value =
            lower == "no_proxy" ? found->second
                                : through_gateway(lower, found->second, seed.input.slirp_gateway);
        env[lower] = value;
        env[upper] = value;
    }
    return env;
}

}  // namespace

Result<std::string> lima_env(const Seed& seed) {
    const Input& input = seed.input;
    const config::Config& config = input.config;
    EnvFile env("LIMA_CIDATA_");
    env.add_bool("DEBUG", input.debug);
    env.add("IID", input.instance_id);
    env.add("NAME", input.name);
    env.add("USER", seed.user);
    env.add("UID", seed.uid);
    env.add("COMMENT", seed.comment);
    env.add("HOME", seed.home);
    env.add("SHELL", seed.shell);
    add_mounts(env, seed);
    add_disks(env, config.additional_disks);
    add_provision(env, config.provision);
    env.add("GUEST_INSTALL_PREFIX", config.guest_install_prefix.value_or("/usr/local"));
    env.add_flag("UPGRADE_PACKAGES", config.upgrade_packages.value_or(false));
    env.add_flag("CONTAINERD_USER", config.containerd.user.value_or(false));
    env.add_flag("CONTAINERD_SYSTEM", config.containerd.system.value_or(false));
    env.add("CONTAINERD_ARCHIVE", seed.containerd ? "nerdctl-full.tgz" : "");
    env.add("SLIRP_DNS", input.slirp_dns);
    env.add("SLIRP_GATEWAY", input.slirp_gateway);
    env.add("SLIRP_IP_ADDRESS", input.slirp_ip);
    env.add("UDP_DNS_LOCAL_PORT", seed.udp_dns_port);
    env.add("TCP_DNS_LOCAL_PORT", seed.tcp_dns_port);
    env.add_bool("ROSETTA_ENABLED", seed.rosetta_enabled);
    env.add_bool("ROSETTA_BINFMT", seed.rosetta_bin_fmt);
    env.add("VMTYPE", input.vm_type);
    env.add("VSOCK_PORT", input.vsock_port);
    env.add("VIRTIO_PORT", input.virtio_port);
    env.add_flag("PLAIN", seed.plain);
    env.add_flag("NO_CLOUD_INIT", input.no_cloud_init);
    env.add_flag("PASSWORDLESS_SUDO", seed.passwordless_sudo);
    return std::move(env).finish();
}

Result<std::string> param_env(const Seed& seed) {
    EnvFile env("PARAM_");
    for (const auto& [key, value] : seed.input.config.param) {
        env.add(key, value);
    }
    return std::move(env).finish();
}

Result<std::string> etc_environment(const Seed& seed) {
    EnvFile env("");
    for (const auto& [key, value] : guest_environment(seed)) {
        env.add(key, value);
    }
    LIMA_TRY(const std::string text, std::move(env).finish(), "field env");
    return "#LIMA-START\n" + text + "#LIMA-END\n";
}

}  // namespace lima::cidata
