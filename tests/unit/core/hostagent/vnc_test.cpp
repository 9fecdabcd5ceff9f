#include "core/hostagent/vnc.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <random>
#include <set>

namespace lima::hostagent {
namespace {

TEST(VncAddress, IsReadWithItsOptions) {
    const auto usual = VncAddress::parse("127.0.0.1:0,to=9");
    ASSERT_TRUE(usual);
    EXPECT_EQ(usual->text(), "127.0.0.1:0");
    EXPECT_EQ(usual->url(), "vnc://127.0.0.1:5900");
    EXPECT_TRUE(usual->may_move);
    const auto fixed = VncAddress::parse("[::1]:12,websocket=on");
    ASSERT_TRUE(fixed);
    EXPECT_EQ(fixed->url(), "vnc://[::1]:5912");
    EXPECT_FALSE(fixed->may_move);
    for (const char* text : {"", "unix", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:-1", ":99999"}) {
        EXPECT_FALSE(VncAddress::parse(text)) << text;
    }
}

TEST(VncPassword, HasEightCharactersAndTwoDigits) {
    std::mt19937 engine(1);
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const std::string password = make_vnc_password(
            [&](unsigned below) { return static_cast<unsigned>(engine()) % below; });
        EXPECT_EQ(password.size(), 8U);
        EXPECT_EQ(std::count_if(password.begin(), password.end(),
                                [](unsigned char c) { return std::isdigit(c) != 0; }),
                  2);
        EXPECT_TRUE(std::all_of(password.begin(), password.end(),
                                [](unsigned char c) { return std::isalnum(c) != 0; }));
        seen.insert(password);
    }
    EXPECT_EQ(seen.size(), 100U);
}

}  // namespace
}  // namespace lima::hostagent
