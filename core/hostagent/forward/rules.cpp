#include "core/hostagent/forward/rules.hpp"

#include <algorithm>

namespace lima::hostagent {
namespace {

using config::PortForward;

constexpr const char* kAnyV4 = "0.0.0.0";
constexpr const char* kAnyV6 = "::";
constexpr const char* kLoopbackV4 = "127.0.0.1";
constexpr const char* kLoopbackV6 = "::1";

bool is_unspecified(const std::string& ip) { return ip == kAnyV4 || ip == kAnyV6; }

bool contains(const config::PortRange& range, int port) {
    return range[0] <= port && port <= range[1];
}

PortForward blocked(int port) {
    PortForward rule;
    rule.guest_ip = kAnyV4;
    rule.guest_ip_must_be_zero = false;
    rule.guest_port = port;
    rule.guest_port_range = {port, port};
    rule.proto = "any";
    rule.ignore = true;
    return rule;
}

bool matches_ip(const PortForward& rule, const std::string& rule_ip, const std::string& guest_ip) {
    return is_unspecified(guest_ip) || guest_ip == rule_ip ||
           (guest_ip == kLoopbackV6 && rule_ip == kLoopbackV4) ||
           (is_unspecified(rule_ip) && !rule.guest_ip_must_be_zero.value_or(false));
}

std::string host_address(const PortForward& rule, int guest_port) {
    if (!rule.host_socket.empty()) {
        return rule.host_socket;
    }
    return join_address(rule.host_ip.value_or(kLoopbackV4),
                        guest_port + rule.host_port_range[0] - rule.guest_port_range[0]);
}

}  // namespace

std::vector<PortForward> forward_rules(const config::Config& config, int ssh_local_port) {
    std::vector<PortForward> rules{blocked(22)};
    if (ssh_local_port > 0) {
        rules.push_back(blocked(ssh_local_port));
    }
    rules.insert(rules.end(), config.port_forwards.begin(), config.port_forwards.end());
    PortForward rest;
    rest.guest_ip = kLoopbackV4;
    rest.guest_ip_must_be_zero = false;
    rest.guest_port_range = {1, 65535};
    rest.host_ip = kLoopbackV4;
    rest.host_port_range = rest.guest_port_range;
    rest.proto = "any";
    rules.push_back(std::move(rest));
    return rules;
}

ForwardMatch match_rule(const std::vector<PortForward>& rules, const GuestPort& port) {
    for (const PortForward& rule : rules) {
        const std::string rule_ip = rule.guest_ip.value_or(kLoopbackV4);
        if (!rule.guest_socket.empty() ||
            (rule.proto != "any" && !rule.proto.empty() && rule.proto != port.protocol) ||
            !contains(rule.guest_port_range, port.port) || !matches_ip(rule, rule_ip, port.ip)) {
            continue;
        }
        if (rule.ignore) {
            // A socket on all addresses is also on those that this rule does not speak of.
            if (is_unspecified(port.ip) && !is_unspecified(rule_ip)) {
                continue;
            }
            return {ForwardMatch::Kind::kIgnored};
        }
        return {ForwardMatch::Kind::kForward, host_address(rule, port.port)};
    }
    return {};
}

IgnoredProtocols ignored_protocols(const std::vector<PortForward>& user_rules) {
    IgnoredProtocols out;
    for (const PortForward& rule : user_rules) {
        if (!rule.ignore || rule.guest_port_range != config::PortRange{1, 65535}) {
            break;
        }
        out.tcp = out.tcp || rule.proto == "tcp" || rule.proto == "any";
        out.udp = out.udp || rule.proto == "udp" || rule.proto == "any";
    }
    return out;
}

bool is_static_port(const std::vector<PortForward>& rules, int port) {
    return std::any_of(rules.begin(), rules.end(), [port](const PortForward& rule) {
        return rule.static_ && contains(rule.guest_port_range, port);
    });
}

std::string join_address(const std::string& ip, int port) {
    const bool v6 = ip.find(':') != std::string::npos;
    return (v6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port);
}

std::string address_of(const GuestPort& port) { return join_address(port.ip, port.port); }

}  // namespace lima::hostagent
