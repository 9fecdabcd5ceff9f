#include "core/config/fill.hpp"

#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/base/version.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lima::config {
namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;
constexpr int kDefaultCpus = 4;
constexpr std::int64_t kDefaultMemory = 4 * kGiB;
constexpr const char* kFallbackUser = "lima";
constexpr std::uint32_t kFallbackUid = 1000;

/// The containerd that is installed when no archive is given.
std::vector<File> builtin_archives() {
    const std::string base =
        "https://github.com/containerd/nerdctl/releases/download/v2.3.5/nerdctl-full-2.3.5-linux-";
    return {
        {base + "amd64.tar.gz", "x86_64",
         "sha256:b697295c623639734aaab737523c808fd3cc8d3046039fd94fff1744e4c317aa"},
        {base + "arm64.tar.gz", "aarch64",
         "sha256:6e4b687f1d138e750a3c8372abc0f81d3d7490b6359c48c0562fc7dfe98859b2"},
    };
}

template <class T>
void default_arch(T& file, const std::string& arch) {
    if (file.arch.empty()) {
        file.arch = arch;
    }
}

void fill_machine(Config& config, const HostFacts& host) {
    if (!config.arch) {
        config.arch = host.arch;
    }
    if (!config.cpus) {
        config.cpus = std::min(kDefaultCpus, std::max(host.cpus, 1));
    }
    if (!config.memory) {
        const std::int64_t half = host.memory / 2;
        config.memory = format_size(half > 0 ? std::min(kDefaultMemory, half) : kDefaultMemory);
    }
    if (!config.timezone) {
        config.timezone = host.timezone;
    }
}

void fill_files(Config& config) {
    const std::string& arch = *config.arch;
    for (Image& image : config.images) {
        default_arch(image, arch);
        if (image.kernel) {
            default_arch(*image.kernel, image.arch);
        }
        if (image.initrd) {
            default_arch(*image.initrd, image.arch);
        }
    }
    for (FirmwareImage& image : config.firmware.images) {
        default_arch(image, arch);
    }
    if (config.containerd.archives.empty()) {
        config.containerd.archives = builtin_archives();
    }
    for (File& archive : config.containerd.archives) {
        default_arch(archive, arch);
    }
    if (!config.containerd.user) {
        config.containerd.user = *config.os == "Linux" && (arch == "x86_64" || arch == "aarch64");
    }
}

void fill_ssh(Config& config, const LoadInput& input, std::vector<std::string>& warnings) {
    if (input.ssh_over_vsock_env.empty()) {
        return;
    }
    const auto value = parse_go_bool(input.ssh_over_vsock_env);
    if (!value) {
        warnings.push_back(fmt::format("invalid LIMA_SSH_OVER_VSOCK value {}",
                                       name_quote(input.ssh_over_vsock_env)));
        return;
    }
    warnings.push_back("LIMA_SSH_OVER_VSOCK is deprecated, use the field `ssh.overVsock` instead");
    config.ssh.over_vsock = value;
}

std::string default_home(const std::string& os, const std::string& created_by) {
    if (!version_at_least(created_by, "2.1.0")) {
        return "/home/{{.User}}.linux";
    }
    return os == "Darwin" ? "/Users/{{.User}}.guest" : "/home/{{.User}}.guest";
}

std::string default_shell(const std::string& os) {
    return os == "FreeBSD"   ? "/bin/sh"
           : os == "Darwin"  ? "/bin/zsh"
           : os == "Windows" ? "cmd.exe"
                             : "/bin/bash";
}

void fill_user(Config& config, const LoadInput& input) {
    User& user = config.user;
    const HostFacts& host = input.host;
    if (!user.name) {
        const bool usable =
            is_usable_user(host.user, host.uid) &&
            !(host.user == "admin" && version_at_least(input.created_by_version, "1.0.0"));
        user.name = usable ? host.user : kFallbackUser;
    }
    if (!user.comment) {
        user.comment = host.comment;
    }
    if (!user.home) {
        user.home = default_home(*config.os, input.created_by_version);
    }
    if (!user.shell) {
        user.shell = default_shell(*config.os);
    }
    if (!user.uid) {
        // A guest's cloud-init refuses to make a second root.
        user.uid = host.uid == 0 ? kFallbackUid : host.uid;
    }
    if (!user.passwordless_sudo) {
        user.passwordless_sudo = *config.os != "Darwin";
    }
}

/// A plain guest has none of what needs an agent in it.
void apply_plain(Config& config) {
    if (!config.plain.value_or(false)) {
        return;
    }
    std::erase_if(config.port_forwards, [](const PortForward& rule) { return !rule.static_; });
    config.mounts.clear();
    config.containerd.system = false;
    config.containerd.user = false;
    config.timezone = "";
}

}  // namespace

bool is_usable_user(const std::string& name, std::uint32_t uid) {
    const auto first = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    return !name.empty() && name != "root" && uid != 0 && first(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [first](char c) { return first(c) || (c >= '0' && c <= '9') || c == '-'; });
}

Config fill(const Layers& layers, const LoadInput& input, std::vector<std::string>& warnings) {
    Config config = merge_layers(layers);
    apply_table_defaults(config);
    fill_machine(config, input.host);
    fill_files(config);
    fill_ssh(config, input, warnings);
    fill_user(config, input);

    Expander expander(input, layers.instance.param, warnings);
    config.user.home = expander.set_user(config.user);
    config.mounts = fill_mounts(layers, input, expander);
    config.networks = fill_networks(layers, input, warnings);
    fill_provision(config, expander);
    fill_probes(config, expander);
    fill_port_forwards(config, input, expander);
    fill_copy_to_host(config, expander);
    apply_table_defaults(config);  // now for mounts and networks
    for (Mount& mount : config.mounts) {
        if (!mount.nine_p.cache) {
            mount.nine_p.cache = mount.writable.value_or(false) ? "mmap" : "fscache";
        }
    }
    apply_plain(config);
    return config;
}

}  // namespace lima::config
