#include "core/network/networks.hpp"

#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/text/yaml.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace lima::network {
namespace {

const Definition kDefaultUserV2{kUserV2, "", "192.168.104.1", "", "255.255.255.0"};

/// The first socket_vmnet that is there, with links resolved; else where it is installed by
/// default.
std::string find_socket_vmnet() {
    constexpr std::array kPlaces = {"/opt/socket_vmnet/bin/socket_vmnet", "socket_vmnet",
                                    "/usr/local/opt/socket_vmnet/bin/socket_vmnet",
                                    "/opt/homebrew/opt/socket_vmnet/bin/socket_vmnet"};
    for (const char* place : kPlaces) {
        if (const auto found = find_program(place)) {
            const auto real = fs::real_path(*found);
            return (real ? *real : *found).string();
        }
    }
    return kPlaces.front();
}

/// A mapping read key by key; what nobody asked for is worth a warning.
class Reader {
public:
    Reader(const text::Node& node, std::string where, std::string_view text, std::string_view file,
           std::vector<std::string>& warnings)
        : node_(node), where_(std::move(where)), text_(text), file_(file), warnings_(warnings) {}

    Result<void> string(const char* key, std::string& out) {
        known_.emplace_back(key);
        const text::Node* value = node_.find(key);
        if (value == nullptr || value->is_null()) {
            return {};
        }
        if (value->kind != text::Kind::kScalar) {
            return fail(
                text::error_at(text_, file_, value->begin,
                               fmt::format("field {} must be a text", name_quote(where_ + key))));
        }
        out = value->value;
        return {};
    }

    /// nullptr when it is not given.
    Result<const text::Node*> mapping(const char* key) {
        known_.emplace_back(key);
        const text::Node* value = node_.find(key);
        if (value == nullptr || value->is_null()) {
            return nullptr;
        }
        if (value->kind != text::Kind::kMapping) {
            return fail(text::error_at(
                text_, file_, value->begin,
                fmt::format("field {} must be a mapping", name_quote(where_ + key))));
        }
        return value;
    }

    void warn_about_the_rest() {
        for (const auto& entry : node_.entries) {
            if (std::find(known_.begin(), known_.end(), entry.key) == known_.end()) {
                warnings_.push_back(text::error_at(text_, file_, entry.key_begin,
                                                   fmt::format("field {} is unknown and ignored",
                                                               name_quote(where_ + entry.key)))
                                        .text());
            }
        }
    }

private:
    const text::Node& node_;
    std::string where_;
    std::string_view text_;
    std::string_view file_;
    std::vector<std::string>& warnings_;
    std::vector<std::string> known_;
};

bool is_mode(const std::string& mode) {
    return mode == kUserV2 || mode == "host" || mode == "shared" || mode == "bridged";
}

Result<Definition> read_network(const text::Node& node, const std::string& name,
                                std::string_view text, const std::string& file_name,
                                std::vector<std::string>& warnings) {
    if (node.kind != text::Kind::kMapping) {
        return fail(text::error_at(text, file_name, node.begin,
                                   fmt::format("network {} must be a mapping", name_quote(name))));
    }
    Definition network;
    Reader reader(node, "networks." + name + ".", text, file_name, warnings);
    LIMA_DO(reader.string("mode", network.mode));
    LIMA_DO(reader.string("interface", network.interface));
    LIMA_DO(reader.string("gateway", network.gateway));
    LIMA_DO(reader.string("dhcpEnd", network.dhcp_end));
    LIMA_DO(reader.string("netmask", network.netmask));
    reader.warn_about_the_rest();
    if (!is_mode(network.mode)) {
        return fail(text::error_at(
            text, file_name, node.begin,
            fmt::format("network {} must have the mode user-v2, host, shared or bridged, not {}",
                        name_quote(name), name_quote(network.mode))));
    }
    return network;
}

void ensure_user_v2(Networks& networks) {
    for (const auto& [name, network] : networks.networks) {
        if (network.mode == kUserV2 && !network.gateway.empty()) {
            return;
        }
    }
    networks.networks[kUserV2] = kDefaultUserV2;
}

}  // namespace

store::Path file(const store::Home& home) { return home.config_dir() / "networks.yaml"; }

std::string default_text() {
    return fmt::format(
        R"(# Networks that instances can join by "networks: [{{lima: NAME}}]" in their YAML.

# For the modes shared, bridged and host, on macOS. Each path must be writable by root only, up to /.
paths:
  socketVMNet: "{}"
  varRun: /private/var/run/lima
  sudoers: /private/etc/sudoers.d/lima

# Whose members may manage these networks without a password.
group: admin

networks:
  # Instances reach each other and the host, without privileges. The gateway and DNS server is the second address
  # of the network.
  user-v2:
    mode: user-v2
    gateway: 192.168.104.1
    netmask: 255.255.255.0
  shared:
    mode: shared
    gateway: 192.168.105.1
    dhcpEnd: 192.168.105.254
    netmask: 255.255.255.0
  bridged:
    mode: bridged
    interface: en0
  host:
    mode: host
    gateway: 192.168.106.1
    dhcpEnd: 192.168.106.254
    netmask: 255.255.255.0
)",
        find_socket_vmnet());
}

Result<Networks> parse(std::string_view text, const std::string& file_name) {
    LIMA_TRY(const text::Node root, text::parse_yaml(text, file_name));
    Networks result;
    if (root.kind != text::Kind::kMapping && !root.is_null()) {
        return fail(text::error_at(text, file_name, root.begin, "the file must be a mapping"));
    }
    Reader reader(root, "", text, file_name, result.warnings);
    LIMA_DO(reader.string("group", result.group));
    LIMA_TRY(const text::Node* paths, reader.mapping("paths"));
    if (paths != nullptr) {
        Reader of_paths(*paths, "paths.", text, file_name, result.warnings);
        LIMA_DO(of_paths.string("socketVMNet", result.paths.socket_vmnet));
        LIMA_DO(of_paths.string("varRun", result.paths.var_run));
        LIMA_DO(of_paths.string("sudoers", result.paths.sudoers));
        of_paths.warn_about_the_rest();
    }
    LIMA_TRY(const text::Node* networks, reader.mapping("networks"));
    if (networks != nullptr) {
        for (const auto& entry : networks->entries) {
            LIMA_TRY(result.networks[entry.key],
                     read_network(entry.value, entry.key, text, file_name, result.warnings));
        }
    }
    reader.warn_about_the_rest();
    ensure_user_v2(result);
    return result;
}

Result<Networks> load(const store::Home& home) {
    const store::Path path = file(home);
    LIMA_TRY(const auto text, fs::read_file_if_exists(path));
    return parse(text ? *text : default_text(), path.string());
}

Result<void> create_file(const store::Home& home) {
    const store::Path path = file(home);
    if (fs::exists(path)) {
        return {};
    }
    LIMA_DO(fs::make_dirs(home.config_dir(), 0700));
    return fs::write_file_atomic(path, default_text());
}

std::map<std::string, std::string> modes(const Networks& networks) {
    std::map<std::string, std::string> result;
    for (const auto& [name, network] : networks.networks) {
        result[name] = network.mode;
    }
    return result;
}

Result<std::vector<std::string>> user_v2_names(const store::Home& home) {
    LIMA_TRY(const Networks networks, load(home));
    std::vector<std::string> names;
    for (const auto& [name, mode] : modes(networks)) {
        if (mode == kUserV2) {
            names.push_back(name);
        }
    }
    return names;
}

}  // namespace lima::network
