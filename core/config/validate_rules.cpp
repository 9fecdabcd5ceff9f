// Checks of provisioning, probes, forwards, copies and networks.
#include "core/base/text.hpp"
#include "core/config/checks.hpp"
#include "core/config/format.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <sys/stat.h>
#include <sys/un.h>

namespace lima::config {
namespace {

/// The same that the table allows.
constexpr WordList kModes = allowed_for(&Provision::mode);
constexpr std::size_t kSocketPathMax = sizeof(sockaddr_un::sun_path);
constexpr int kPlainRangeMax = 10;

void check_leftover_file(const std::optional<Locator>& file, const std::string& path,
                         Problems& out) {
    if (!file) {
        return;
    }
    if (!file->url.empty()) {
        out.add(path + ".file", "field `{}.file.url` must be empty: the file was not embedded",
                path);
    }
    if (!file->digest.empty()) {
        out.add(path + ".file", "field `{}.file.digest` support is not implemented", path);
    }
}

void check_file_step(const Provision& step, const std::string& path, Problems& out) {
    if (step.path.value_or("").empty()) {
        out.add(path + ".path", "field `{}.path` must not be empty for mode {}", path,
                name_quote(*step.mode));
    } else if (!step.path->starts_with('/')) {
        out.add(path + ".path", "field `{}.path` must be an absolute path, got {}", path,
                name_quote(*step.path));
    }
    if (*step.mode == "yq" && step.expression.value_or("").empty()) {
        out.add(path + ".expression", "field `{}.expression` must not be empty for mode `yq`",
                path);
    }
}

void check_script_step(const Provision& step, const std::string& path, Problems& out) {
    const std::string& mode = *step.mode;
    if (step.script.value_or("").empty() && mode != "ansible") {
        out.add(path + ".script", "field `{}.script` must not be empty", path);
    }
    const auto only_for_data = [&](bool given, const char* key) {
        if (given) {
            out.add(fmt::format("{}.{}", path, key),
                    "field `{}.{}` is only for mode `data` or `yq`, not {}", path, key,
                    name_quote(mode));
        }
    };
    only_for_data(step.content.has_value(), "content");
    only_for_data(step.overwrite.has_value(), "overwrite");
    only_for_data(step.owner.has_value(), "owner");
    only_for_data(step.path.has_value(), "path");
    only_for_data(step.permissions.has_value(), "permissions");
    only_for_data(step.format.has_value(), "format");
}

void check_playbook(const Provision& step, const std::string& path, Problems& out) {
    const std::string playbook = step.playbook.value_or("");
    if (playbook.empty()) {
        return;
    }
    if (*step.mode != "ansible") {
        out.add(path + ".playbook", "field `{}.playbook` is only for mode `ansible`", path);
    }
    if (!step.script.value_or("").empty()) {
        out.add(path + ".script", "field `{}.script` must be empty when a playbook is given", path);
    }
    std::error_code error;
    if (!std::filesystem::exists(playbook, error)) {
        out.add(path + ".playbook", "field `{}.playbook` refers to a file that does not exist: {}",
                path, name_quote(playbook));
    }
    out.warn("field `{}`: mode `ansible` is deprecated", path);
}

void check_range(const PortRange& range, const std::string& path, Problems& out) {
    for (std::size_t i = 0; i < range.size(); ++i) {
        if (const auto mistake = mistake_in_port(range[i])) {
            out.add(fmt::format("{}[{}]", path, i), "field `{}[{}]` {}", path, i, *mistake);
        }
    }
    if (range[1] < range[0]) {
        out.add(path, "field `{}` must not end ({}) before it begins ({}){}", path, range[1],
                range[0], range[1] > 0 ? fmt::format(": write [{}, {}]", range[1], range[0]) : "");
    }
}

struct PortSide {
    const char* port_key;
    const char* socket_key;
    const char* range_key;
    int port;
    const std::string& socket;
    const PortRange& range;
};

void check_single_port(const PortSide& side, const std::string& path, Problems& out) {
    if (side.port == 0) {
        return;
    }
    const std::string field = fmt::format("{}.{}", path, side.port_key);
    if (!side.socket.empty()) {
        out.add(field, "field `{}` must be 0 when field `{}` is set", field, side.socket_key);
    }
    if (side.port != side.range[0]) {
        out.add(field, "field `{}` must match field `{}[0]`", field, side.range_key);
    }
}

void check_sockets(const PortForward& rule, const std::string& path, Problems& out) {
    if (!rule.guest_socket.empty() && rule.host_socket.empty() &&
        rule.host_port_range[1] != rule.host_port_range[0]) {
        out.add(path + ".hostPortRange",
                "field `{}.hostPortRange` must be a single port when field `guestSocket` is set",
                path);
    }
    if (!rule.host_socket.empty()) {
        if (rule.guest_socket.empty() && rule.guest_port_range[1] != rule.guest_port_range[0]) {
            out.add(
                path + ".guestPortRange",
                "field `{}.guestPortRange` must be a single port when field `hostSocket` is set",
                path);
        }
        if (rule.host_socket.size() >= kSocketPathMax) {
            out.add(path + ".hostSocket",
                    "field `{}.hostSocket` must be shorter than {} bytes, but is {}: {}", path,
                    kSocketPathMax, rule.host_socket.size(), name_quote(rule.host_socket));
        }
    }
    if (rule.reverse && (rule.guest_socket.empty() || rule.host_socket.empty())) {
        out.add(path + ".reverse", "field `{}.reverse` needs both `guestSocket` and `hostSocket`",
                path);
    }
}

void check_port_forward(const PortForward& rule, const std::string& path, Problems& out) {
    if (rule.guest_ip_must_be_zero.value_or(false) && rule.guest_ip.value_or("") != "0.0.0.0") {
        out.add(path + ".guestIPMustBeZero",
                "field `{}.guestIPMustBeZero` can only be true when field `guestIP` is 0.0.0.0",
                path);
    }
    check_single_port({"guestPort", "guestSocket", "guestPortRange", rule.guest_port,
                       rule.guest_socket, rule.guest_port_range},
                      path, out);
    check_single_port({"hostPort", "hostSocket", "hostPortRange", rule.host_port, rule.host_socket,
                       rule.host_port_range},
                      path, out);
    check_range(rule.guest_port_range, path + ".guestPortRange", out);
    if (rule.host_socket.empty()) {
        check_range(rule.host_port_range, path + ".hostPortRange", out);
    }
    check_sockets(rule, path, out);
    if (rule.host_socket.empty() && rule.guest_port_range[1] - rule.guest_port_range[0] !=
                                        rule.host_port_range[1] - rule.host_port_range[0]) {
        out.add(path + ".hostPortRange",
                "field `{}.hostPortRange` must have as many ports as `guestPortRange`: {}-{} "
                "against {}-{}",
                path, rule.host_port_range[0], rule.host_port_range[1], rule.guest_port_range[0],
                rule.guest_port_range[1]);
    }
}

/// False when the network is not defined: the original says nothing else then.
bool check_network_kind(const Network& network, const std::string& path, const ValidateInput& input,
                        Problems& out) {
    const bool nat = network.vz_nat.value_or(false);
    if (!network.lima.empty()) {
        const auto known = input.networks.find(network.lima);
        if (known == input.networks.end() && !input.whole) {
            return true;
        }
        if (known == input.networks.end()) {
            out.add(path + ".lima",
                    "field `{}.lima` references network {} which is not defined in networks.yaml",
                    path, name_quote(network.lima));
            return false;
        }
        if (known->second != "user-v2" && input.host.os != "darwin") {
            out.add(path + ".lima",
                    "field `{}.lima`: network {} of mode {} is only for macOS hosts", path,
                    name_quote(network.lima), name_quote(known->second));
        }
        if (!network.socket.empty()) {
            out.add(path + ".socket",
                    "field `{0}.lima` and field `{0}.socket` are mutually exclusive", path);
        }
        if (nat) {
            out.add(path + ".vzNAT",
                    "field `{0}.lima` and field `{0}.vzNAT` are mutually exclusive", path);
        }
        return true;
    }
    if (!network.socket.empty()) {
        if (nat) {
            out.add(path + ".vzNAT",
                    "field `{0}.socket` and field `{0}.vzNAT` are mutually exclusive", path);
        }
        struct stat status{};
        if (stat(network.socket.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode)) {
            out.add(path + ".socket", "field `{}.socket` {} points to a non-socket file", path,
                    name_quote(network.socket));
        }
        return true;
    }
    if (!nat) {
        out.add(path, "field `{0}.lima` or field `{0}.socket` must be set", path);
    }
    return true;
}

}  // namespace

void check_provision(const Config& config, const ValidateInput& input, Problems& out) {
    for (std::size_t i = 0; i < config.provision.size(); ++i) {
        Provision step = config.provision[i];
        const std::string path = fmt::format("provision[{}]", i);
        if (step.file && !input.whole) {
            continue;  // script, content or expression come from there
        }
        check_leftover_file(step.file, path, out);
        step.mode = step.mode.value_or("system");
        if (!kModes.contains(*step.mode)) {
            continue;  // told; what else it may have is not known
        }
        if (config.os.value_or("") == "Windows" &&
            contains({"ansible", "boot", "yq"}, *step.mode)) {
            out.add(path + ".mode", "field `{}.mode` must not be {} for a Windows guest", path,
                    name_quote(*step.mode))
                .needs = {"os"};
        }
        if (step.skip_default_dependency_resolution && *step.mode != "dependency") {
            out.add(path + ".skipDefaultDependencyResolution",
                    "field `{}.skipDefaultDependencyResolution` is only for mode `dependency`",
                    path);
        }
        if (*step.mode == "data" || *step.mode == "yq") {
            check_file_step(step, path, out);
        } else {
            check_script_step(step, path, out);
        }
        check_playbook(step, path, out);
        if (step.script.value_or("").find("LIMA_CIDATA") != std::string::npos) {
            out.warn(
                "field `{}.script` uses LIMA_CIDATA variables, which are internal and may change",
                path);
        }
    }
}

void check_probes(const Config& config, const ValidateInput& input, Problems& out) {
    for (std::size_t i = 0; i < config.probes.size(); ++i) {
        const Probe& probe = config.probes[i];
        const std::string path = fmt::format("probes[{}]", i);
        if (probe.file && !input.whole) {
            continue;  // the script comes from there
        }
        check_leftover_file(probe.file, path, out);
        if (!probe.script.value_or("").starts_with("#!")) {
            out.add(path + ".script", "field `{}.script` must start with a `#!` line", path);
        }
    }
}

void check_port_forwards(const Config& config, const ValidateInput&, Problems& out) {
    for (std::size_t i = 0; i < config.port_forwards.size(); ++i) {
        const PortForward& rule = config.port_forwards[i];
        const std::string path = fmt::format("portForwards[{}]", i);
        check_port_forward(rule, path, out);
        if (config.plain.value_or(false) &&
            rule.guest_port_range[1] - rule.guest_port_range[0] >= kPlainRangeMax) {
            out.warn("field `{}` forwards {} ports at once in plain mode", path,
                     rule.guest_port_range[1] - rule.guest_port_range[0] + 1);
        }
    }
}

void check_networks(const Config& config, const ValidateInput& input, Problems& out) {
    std::set<std::string> interfaces;
    for (std::size_t i = 0; i < config.networks.size(); ++i) {
        const Network& network = config.networks[i];
        const std::string path = fmt::format("networks[{}]", i);
        if (!check_network_kind(network, path, input, out)) {
            continue;
        }
        if (!interfaces.insert(network.interface).second) {
            out.add(path + ".interface",
                    "field `{}.interface` has the value {}, which an earlier network has too", path,
                    name_quote(network.interface));
        }
    }
}

}  // namespace lima::config
