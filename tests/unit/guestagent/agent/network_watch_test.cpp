#include "guestagent/agent/network_watch.hpp"

#include "core/base/process.hpp"
#include "guestagent/agent/netlink.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <cstring>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace lima::guestagent {
namespace {

template <class T>
void append(std::string& out, const T& value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void append_attribute(std::string& out, unsigned short type, std::string_view value) {
    append(out, rtattr{static_cast<unsigned short>(sizeof(rtattr) + value.size()), type});
    out.append(value);
    out.resize((out.size() + 3) / 4 * 4);
}

std::string address(unsigned char family, unsigned char scope, std::uint32_t flags,
                    std::string_view ip) {
    std::string out;
    append(out, ifaddrmsg{.ifa_family = family,
                          .ifa_prefixlen = 24,
                          .ifa_flags = 0,
                          .ifa_scope = scope,
                          .ifa_index = 2});
    append_attribute(out, IFA_ADDRESS, ip);
    std::string bits;
    append(bits, flags);
    append_attribute(out, IFA_FLAGS, bits);
    return out;
}

TEST(NetworkWatch, TakesGlobalAddressesThatAreReady) {
    const auto found =
        usable_address(address(AF_INET, RT_SCOPE_UNIVERSE, 0, "\x0a\x00\x02\x0f" + std::string()));
    EXPECT_FALSE(found);  // three bytes and an end: no address
    const std::string ip("\x0a\x00\x02\x0f", 4);
    const auto four = usable_address(address(AF_INET, RT_SCOPE_UNIVERSE, 0, ip));
    ASSERT_TRUE(four);
    EXPECT_EQ(four->ip, "10.0.2.15");
    EXPECT_EQ(four->family, AF_INET);
    const std::string six = "\xfe\x80" + std::string(13, '\0') + "\x01";
    EXPECT_EQ(usable_address(address(AF_INET6, RT_SCOPE_UNIVERSE, 0, six))->ip, "fe80::1");
    EXPECT_FALSE(usable_address(address(AF_INET6, RT_SCOPE_UNIVERSE, IFA_F_TENTATIVE, six)));
    EXPECT_FALSE(usable_address(address(AF_INET6, RT_SCOPE_LINK, 0, six)));
    EXPECT_FALSE(usable_address(address(AF_INET, RT_SCOPE_HOST, 0, ip)));
    EXPECT_FALSE(usable_address("short"));
}

TEST(NetworkWatch, TakesDefaultRoutes) {
    const auto route = [](unsigned char bits, unsigned char table, unsigned char type) {
        rtmsg message{};
        message.rtm_family = AF_INET;
        message.rtm_dst_len = bits;
        message.rtm_table = table;
        message.rtm_type = type;
        std::string out;
        append(out, message);
        return default_route(out);
    };
    EXPECT_EQ(route(0, RT_TABLE_MAIN, RTN_UNICAST), AF_INET);
    EXPECT_FALSE(route(24, RT_TABLE_MAIN, RTN_UNICAST));
    EXPECT_FALSE(route(0, RT_TABLE_LOCAL, RTN_UNICAST));
    EXPECT_FALSE(route(0, RT_TABLE_MAIN, RTN_UNREACHABLE));
    EXPECT_FALSE(default_route(""));
}

/// In a network namespace of its own thread: nothing, then an address, then a route.
void watch_a_network_come(bool& ran, std::string& seen, std::string& early) {
    if (::unshare(CLONE_NEWNET) != 0) {
        return;
    }
    const auto ip = [](const std::vector<std::string>& words) {
        SpawnOptions options;
        options.argv = {"ip"};
        options.argv.insert(options.argv.end(), words.begin(), words.end());
        const auto done = run(std::move(options));
        return done && done->status.ok();
    };
    if (!ip({"link", "set", "lo", "up"})) {
        return;
    }
    asio::io_context loop{1};
    NetworkWatch watch(loop.get_executor(), [&](const std::string& address) {
        seen = address;
        loop.stop();
    });
    ran = watch.start().has_value() && ip({"addr", "add", "10.9.8.7/24", "dev", "lo"});
    loop.run_for(std::chrono::milliseconds(100));
    early = seen;
    ran = ran && ip({"route", "add", "default", "dev", "lo"});
    loop.restart();
    loop.run_for(std::chrono::seconds(10));
}

TEST(NetworkWatch, SeesTheNetworkCome) {
    if (::geteuid() != 0 || !find_program("ip")) {
        GTEST_SKIP() << "needs root and the program ip, for a network namespace";
    }
    bool ran = false;
    std::string seen;
    std::string early;
    std::thread thread([&] { watch_a_network_come(ran, seen, early); });
    thread.join();
    if (!ran) {
        GTEST_SKIP() << "cannot make a network namespace here";
    }
    EXPECT_EQ(early, "");
    EXPECT_EQ(seen, "10.9.8.7");
}

}  // namespace
}  // namespace lima::guestagent
