// $LIMA_HOME/_config/networks.yaml as values: which networks instances may name. Reading has no
// side effect; a missing file means the default one, which create_file writes for those who want to
// edit it. spec/store-net.md 6.1.
#pragma once

#include "core/base/error.hpp"
#include "core/store/home.hpp"

#include <map>
#include <string>
#include <vector>

namespace lima::network {

inline constexpr const char* kUserV2 = "user-v2";

struct Definition {
    std::string mode;  // user-v2, host, shared, bridged
    std::string interface;
    std::string gateway;
    std::string dhcp_end;
    std::string netmask;
    bool operator==(const Definition&) const = default;
};

struct Paths {
    std::string socket_vmnet;
    std::string var_run;
    std::string sudoers;
    bool operator==(const Paths&) const = default;
};

struct Networks {
    Paths paths;
    std::string group;
    std::map<std::string, Definition> networks;
    std::vector<std::string> warnings;  // unknown keys
};

store::Path file(const store::Home& home);
/// The text of a new networks.yaml.
std::string default_text();

/// Where no network of mode user-v2 has a gateway, the default "user-v2" is added.
Result<Networks> parse(std::string_view text, const std::string& file_name);
Result<Networks> load(const store::Home& home);
/// Writes the default text unless the file is there.
Result<void> create_file(const store::Home& home);

/// Name to mode, as config::ValidateInput wants it.
std::map<std::string, std::string> modes(const Networks& networks);

/// The networks of mode user-v2 that networks.yaml names: whose guests have the gateway as their
/// DNS server.
Result<std::vector<std::string>> user_v2_names(const store::Home& home);

}  // namespace lima::network
