#include "core/hostagent/forward/rules.hpp"

#include <gtest/gtest.h>

namespace lima::hostagent {
namespace {

using config::PortForward;
using Kind = ForwardMatch::Kind;

/// A rule as a filled configuration has it.
PortForward rule(int guest_first, int guest_last) {
    PortForward out;
    out.proto = "any";
    out.guest_ip = "127.0.0.1";
    out.guest_ip_must_be_zero = false;
    out.guest_port_range = {guest_first, guest_last};
    out.host_ip = "127.0.0.1";
    out.host_port_range = out.guest_port_range;
    return out;
}

GuestPort tcp(std::string ip, int port) { return {"tcp", std::move(ip), port}; }

ForwardMatch match(std::vector<PortForward> user_rules, const GuestPort& port,
                   int ssh_local_port = 60022) {
    config::Config config;
    config.port_forwards = std::move(user_rules);
    return match_rule(forward_rules(config, ssh_local_port), port);
}

std::string host_of(std::vector<PortForward> user_rules, const GuestPort& port) {
    const ForwardMatch found = match(std::move(user_rules), port);
    switch (found.kind) {
        case Kind::kIgnored:
            return "ignored";
        case Kind::kNone:
            return "none";
        case Kind::kForward:
            break;
    }
    return found.host_address;
}

TEST(Rules, WithoutAnyLoopbackGoesToTheSamePort) {
    EXPECT_EQ(host_of({}, tcp("127.0.0.1", 8080)), "127.0.0.1:8080");
    EXPECT_EQ(host_of({}, tcp("::1", 8080)), "127.0.0.1:8080");
    EXPECT_EQ(host_of({}, tcp("0.0.0.0", 1)), "127.0.0.1:1");
    EXPECT_EQ(host_of({}, tcp("::", 65535)), "127.0.0.1:65535");
    EXPECT_EQ(host_of({}, {"udp", "127.0.0.1", 53}), "127.0.0.1:53");
    EXPECT_EQ(host_of({}, tcp("192.168.5.15", 80)), "none");
    EXPECT_EQ(host_of({}, tcp("127.0.0.53", 53)), "none");
}

TEST(Rules, SshIsNeverForwarded) {
    EXPECT_EQ(host_of({}, tcp("0.0.0.0", 22)), "ignored");
    EXPECT_EQ(host_of({}, tcp("192.168.5.15", 22)), "ignored");
    EXPECT_EQ(host_of({rule(22, 22)}, tcp("127.0.0.1", 22)), "ignored");
    EXPECT_EQ(host_of({}, tcp("127.0.0.1", 60022)), "ignored");
    EXPECT_EQ(match({}, tcp("127.0.0.1", 60022), 0).kind, Kind::kForward);
}

TEST(Rules, RangesKeepTheirDistance) {
    PortForward shifted = rule(3000, 3009);
    shifted.host_port_range = {13000, 13009};
    EXPECT_EQ(host_of({shifted}, tcp("127.0.0.1", 3000)), "127.0.0.1:13000");
    EXPECT_EQ(host_of({shifted}, tcp("127.0.0.1", 3009)), "127.0.0.1:13009");
    EXPECT_EQ(host_of({shifted}, tcp("127.0.0.1", 3010)), "127.0.0.1:3010");
}

TEST(Rules, TheFirstThatFitsDecides) {
    PortForward first = rule(80, 80);
    first.host_port_range = {8080, 8080};
    PortForward second = rule(1, 65535);
    second.host_ip = "0.0.0.0";
    EXPECT_EQ(host_of({first, second}, tcp("127.0.0.1", 80)), "127.0.0.1:8080");
    EXPECT_EQ(host_of({first, second}, tcp("127.0.0.1", 81)), "0.0.0.0:81");
}

TEST(Rules, Protocols) {
    PortForward only_udp = rule(5000, 5000);
    only_udp.proto = "udp";
    only_udp.host_port_range = {6000, 6000};
    EXPECT_EQ(host_of({only_udp}, {"udp", "127.0.0.1", 5000}), "127.0.0.1:6000");
    EXPECT_EQ(host_of({only_udp}, tcp("127.0.0.1", 5000)), "127.0.0.1:5000");
}

TEST(Rules, UnspecifiedGuestMatchesEveryRule) {
    PortForward other = rule(80, 80);
    other.guest_ip = "192.168.5.15";
    other.host_port_range = {8080, 8080};
    EXPECT_EQ(host_of({other}, tcp("0.0.0.0", 80)), "127.0.0.1:8080");
    EXPECT_EQ(host_of({other}, tcp("::", 80)), "127.0.0.1:8080");
    EXPECT_EQ(host_of({other}, tcp("192.168.5.15", 80)), "127.0.0.1:8080");
    EXPECT_EQ(host_of({other}, tcp("127.0.0.1", 80)), "127.0.0.1:80");
}

TEST(Rules, UnspecifiedRuleMatchesAllUnlessItMustBeZero) {
    PortForward any = rule(80, 80);
    any.guest_ip = "0.0.0.0";
    any.host_port_range = {8080, 8080};
    EXPECT_EQ(host_of({any}, tcp("192.168.5.15", 80)), "127.0.0.1:8080");
    any.guest_ip = "::";
    EXPECT_EQ(host_of({any}, tcp("192.168.5.15", 80)), "127.0.0.1:8080");
    any.guest_ip = "0.0.0.0";
    any.guest_ip_must_be_zero = true;
    EXPECT_EQ(host_of({any}, tcp("192.168.5.15", 80)), "none");
    EXPECT_EQ(host_of({any}, tcp("127.0.0.1", 80)), "127.0.0.1:80");
    EXPECT_EQ(host_of({any}, tcp("0.0.0.0", 80)), "127.0.0.1:8080");
    EXPECT_EQ(host_of({any}, tcp("::", 80)), "127.0.0.1:8080");
}

TEST(Rules, IgnoreStopsExceptForSocketsOnAllAddresses) {
    PortForward ignore = rule(80, 80);
    ignore.ignore = true;
    EXPECT_EQ(host_of({ignore}, tcp("127.0.0.1", 80)), "ignored");
    EXPECT_EQ(host_of({ignore}, tcp("::1", 80)), "ignored");
    // The rule speaks of one address, the socket is on all: the next rules decide.
    EXPECT_EQ(host_of({ignore}, tcp("0.0.0.0", 80)), "127.0.0.1:80");
    ignore.guest_ip = "0.0.0.0";
    EXPECT_EQ(host_of({ignore}, tcp("0.0.0.0", 80)), "ignored");
    EXPECT_EQ(host_of({ignore}, tcp("192.168.5.15", 80)), "ignored");
}

TEST(Rules, SocketsOfTheHost) {
    PortForward to_socket = rule(2375, 2375);
    to_socket.host_socket = "/home/me/.lima/x/sock/docker.sock";
    EXPECT_EQ(host_of({to_socket}, tcp("127.0.0.1", 2375)), "/home/me/.lima/x/sock/docker.sock");
    PortForward of_socket = rule(1, 65535);
    of_socket.guest_socket = "/run/docker.sock";
    of_socket.host_socket = "/home/me/docker.sock";
    EXPECT_EQ(host_of({of_socket}, tcp("127.0.0.1", 80)), "127.0.0.1:80");
}

TEST(Rules, HostAddressesOfBothFamilies) {
    PortForward v6 = rule(80, 80);
    v6.host_ip = "::1";
    EXPECT_EQ(host_of({v6}, tcp("127.0.0.1", 80)), "[::1]:80");
    EXPECT_EQ(address_of(tcp("0.0.0.0", 80)), "0.0.0.0:80");
    EXPECT_EQ(address_of(tcp("::", 80)), "[::]:80");
    EXPECT_EQ(address_of(tcp("::1", 80)), "[::1]:80");
}

TEST(Rules, ProtocolsThatAreIgnoredAsAWhole) {
    PortForward all = rule(1, 65535);
    all.ignore = true;
    PortForward part = rule(1, 1024);
    part.ignore = true;
    PortForward udp = all;
    udp.proto = "udp";
    EXPECT_EQ(ignored_protocols({all}), (IgnoredProtocols{true, true}));
    EXPECT_EQ(ignored_protocols({udp}), (IgnoredProtocols{false, true}));
    EXPECT_EQ(ignored_protocols({udp, all}), (IgnoredProtocols{true, true}));
    EXPECT_EQ(ignored_protocols({part, all}), (IgnoredProtocols{false, false}));
    EXPECT_EQ(ignored_protocols({rule(1, 65535), all}), (IgnoredProtocols{false, false}));
    EXPECT_EQ(ignored_protocols({}), (IgnoredProtocols{false, false}));
}

TEST(Rules, StaticPorts) {
    PortForward fixed = rule(8000, 8010);
    fixed.static_ = true;
    EXPECT_TRUE(is_static_port({rule(1, 2), fixed}, 8005));
    EXPECT_FALSE(is_static_port({rule(1, 2), fixed}, 2));
}

}  // namespace
}  // namespace lima::hostagent
