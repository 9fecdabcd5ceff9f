// The texts of the seed, each a pure function of the facts that they share. Internal to
// core/cidata.
#pragma once

#include "core/cidata/cidata.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lima::cidata {

struct Nic {
    std::string name;
    std::string mac;  // lower case
    int metric = 0;
};

/// What the input amounts to: checked, and with the decisions made that several texts need.
struct Seed {
    const Input& input;
    std::string hostname;
    std::string user;
    std::uint32_t uid = 0;
    std::string comment;  // without control characters
    std::string home;
    std::string shell;
    bool passwordless_sudo = true;
    bool plain = false;
    bool rosetta_enabled = false;
    bool rosetta_bin_fmt = false;
    bool containerd = false;
    std::string mount_type{};        // reverse-sshfs, 9p, virtiofs; empty: none of ours (wsl2)
    std::vector<Nic> nics{};         // eth0 first
    std::vector<std::string> dns{};  // name servers of the guest
    int udp_dns_port = 0;            // 0: the guest asks its name servers directly
    int tcp_dns_port = 0;
};

Result<Seed> make_seed(const Input& input);

/// user-data, or with `reference` the copy for readers: without what differs from start to start.
Result<std::string> user_data(const Seed& seed, bool reference);
std::string meta_data(const Seed& seed);
std::string network_config(const Seed& seed);

Result<std::string> lima_env(const Seed& seed);
Result<std::string> param_env(const Seed& seed);
Result<std::string> etc_environment(const Seed& seed);

/// "00000003": how the position of a provision entry stands in names.
std::string provision_number(std::size_t index);
/// A value in double quotes that any YAML reader takes for exactly this text.
std::string yaml_quote(std::string_view text);

/// The content of a gzip file.
Result<std::string> gunzip(const std::filesystem::path& path);

}  // namespace lima::cidata
