#include "core/cidata/seed.hpp"

#include "core/base/text.hpp"
#include "core/config/load.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lima::cidata {
namespace {

std::string without_controls(std::string text) {
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    return text;
}

Result<void> check_user(const Seed& seed) {
    const auto& user = seed.input.config.user;
    if (seed.user.empty() || seed.user == "root") {
        return fail(Error(Code::kInvalidArgument, "field user.name is " + go_quote(seed.user) +
                                                      ", which cannot be the guest's user")
                        .with_hint("set user.name to another name"));
    }
    if (!user.uid || seed.uid == 0) {
        return fail(Error(Code::kInvalidArgument, "field user.uid must be set and must not be 0")
                        .with_hint("set user.uid, for example to 1000"));
    }
    if (!seed.home.starts_with('/')) {
        return failf(Code::kInvalidArgument, "field user.home must be an absolute path, got {}",
                     go_quote(seed.home));
    }
    if (seed.shell.empty()) {
        return fail(Code::kInvalidArgument, "field user.shell is empty");
    }
    return {};
}

Result<void> check_input(const Seed& seed) {
    const Input& input = seed.input;
    if (!is_identifier(input.name)) {
        return failf(Code::kInvalidArgument, "{} is no instance name", go_quote(input.name));
    }
    if (input.config.os.value_or("Linux") != "Linux") {
        return failf(Code::kUnimplemented, "cannot make a seed for a guest that runs {}",
                     *input.config.os);
    }
    LIMA_DO(check_user(seed));
    if (input.public_keys.empty()) {
        return fail(Code::kInvalidArgument, "no public ssh key for the guest");
    }
    for (std::size_t i = 0; i < input.config.mounts.size(); ++i) {
        const std::string point = input.config.mounts[i].mount_point.value_or("");
        if (!point.starts_with('/')) {
            return failf(Code::kInvalidArgument,
                         "field mounts[{}].mountPoint must be absolute, got {}", i,
                         go_quote(point));
        }
    }
    return {};
}

/// The first user-v2 network is eth0 itself.
bool is_user_v2(const Input& input, const config::Network& network) {
    return std::find(input.user_v2_names.begin(), input.user_v2_names.end(), network.lima) !=
           input.user_v2_names.end();
}

std::vector<Nic> make_nics(const Input& input) {
    std::vector<Nic> nics = {
        {"eth0", config::mac_address_for(input.machine_id, input.instance_dir.native()), 200}};
    bool first = true;
    for (const auto& network : input.config.networks) {
        if (first && is_user_v2(input, network)) {
            first = false;
            continue;
        }
        nics.push_back(
            {network.interface, to_lower(network.mac_address), network.metric.value_or(100)});
    }
    return nics;
}

void choose_dns(Seed& seed) {
    const Input& input = seed.input;
    const auto& networks = input.config.networks;
    const bool user_v2 = std::any_of(networks.begin(), networks.end(), [&](const auto& network) {
        return is_user_v2(input, network);
    });
    if (!input.config.dns.empty()) {
        seed.dns = input.config.dns;
    } else if (user_v2 || input.vm_type == "vz") {
        seed.dns = {input.slirp_gateway};
    } else if (input.config.host_resolver.enabled.value_or(true)) {
        seed.dns = {input.slirp_dns};
        seed.udp_dns_port = input.udp_dns_port;
        seed.tcp_dns_port = input.tcp_dns_port;
    } else {
        seed.dns = input.host_dns;
    }
}

}  // namespace

Result<Seed> make_seed(const Input& input) {
    const config::Config& config = input.config;
    Seed seed{.input = input,
              .hostname = config::hostname_of(input.name),
              .user = config.user.name.value_or(""),
              .uid = config.user.uid.value_or(0),
              .comment = without_controls(config.user.comment.value_or("")),
              .home = config.user.home.value_or(""),
              .shell = config.user.shell.value_or(""),
              .passwordless_sudo = config.user.passwordless_sudo.value_or(true),
              .plain = config.plain.value_or(false)};
    LIMA_DO(check_input(seed));
    seed.rosetta_enabled = input.rosetta_enabled && !seed.plain;
    seed.rosetta_bin_fmt = input.rosetta_bin_fmt && !seed.plain;
    seed.containerd =
        config.containerd.system.value_or(false) || config.containerd.user.value_or(false);
    seed.mount_type = config.mount_type.value_or("");
    if (seed.mount_type == "wsl2") {
        seed.mount_type.clear();
    }
    seed.nics = make_nics(input);
    choose_dns(seed);
    return seed;
}

std::string provision_number(std::size_t index) { return fmt::format("{:08}", index); }

std::string yaml_quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7F) {
            out += fmt::format("\\x{:02x}", byte);
        } else {
            out += c;
        }
    }
    return out + '"';
}

}  // namespace lima::cidata
