#include "guestagent/agent/ports.hpp"

#include <gtest/gtest.h>

#include <array>

namespace lima::guestagent {
namespace {

std::string text_of(std::array<std::uint8_t, 16> address) { return ip_text(address); }

TEST(Ports, WritesAddressesAsGoDoes) {
    const std::array<std::uint8_t, 4> local{127, 0, 0, 1};
    EXPECT_EQ(ip_text(local), "127.0.0.1");
    EXPECT_EQ(text_of({}), "::");
    EXPECT_EQ(text_of({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), "::1");
    EXPECT_EQ(text_of({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 2, 15}), "10.0.2.15");
    // inet_ntop would write the next one as ::1.2.3.4
    EXPECT_EQ(text_of({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}), "::102:304");
    EXPECT_EQ(text_of({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1}), "fe80::200:0:0:1");
    EXPECT_EQ(text_of({0x20, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1}), "2001:0:1:0:1:0:1:1");
    EXPECT_EQ(text_of({0x20, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1}), "2001::1:1:0:0:1");
    EXPECT_EQ(text_of({0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 0, 0, 0}), "1:2:3:4:5:6::");
}

TEST(Ports, TellsWhatCameAndWent) {
    const Port a{"tcp", "127.0.0.1", 1};
    const Port b{"tcp", "127.0.0.1", 2};
    const Port c{"udp", "127.0.0.1", 2};
    const PortChange change = port_change({a, b}, {c, b, c});
    EXPECT_EQ(change.added, std::vector<Port>{c});
    EXPECT_EQ(change.removed, std::vector<Port>{a});
    EXPECT_TRUE(port_change({a, b}, {b, a, a}).empty());
}

TEST(Ports, KeepsTheStateAsLimaDoes) {
    EXPECT_EQ(encode_port_state({}), "{}");
    const std::vector<Port> ports{{"tcp", "127.0.0.1", 8080}, {"udp", "::", 53}};
    const std::string text = encode_port_state(ports);
    EXPECT_EQ(text, R"({"ports":[{"protocol":"tcp","ip":"127.0.0.1","port":8080},)"
                    R"({"protocol":"udp","ip":"::","port":53}]})");
    const auto back = decode_port_state(text);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, ports);
    EXPECT_FALSE(decode_port_state("{"));
    EXPECT_FALSE(decode_port_state(R"({"ports":[{"protocol":"tcp"}]})"));
    EXPECT_TRUE(decode_port_state("{}")->empty());
}

}  // namespace
}  // namespace lima::guestagent
