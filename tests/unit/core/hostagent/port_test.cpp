#include "core/hostagent/port.hpp"

#include "core/base/fd.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace lima::hostagent {
namespace {

/// A port of loopback that is listened on.
struct Taken {
    Fd fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    int port = 0;
    Taken() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(listen(fd.get(), 1), 0);
        EXPECT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        port = ntohs(address.sin_port);
    }
};

TEST(Port, AFreeOneIsFoundWhenNoneIsAskedFor) {
    const auto port = choose_ssh_port(0, "x", "v2.0.0");
    ASSERT_TRUE(port);
    EXPECT_GT(*port, 0);
    EXPECT_EQ(choose_ssh_port(*port, "x", "v2.0.0").value_or(0), *port);
}

TEST(Port, ATakenOneIsNamedWithTheWayOut) {
    const Taken taken;
    const auto port = choose_ssh_port(taken.port, "x", "v2.0.0");
    ASSERT_FALSE(port);
    EXPECT_EQ(port.error().code(), Code::kUnavailable);
    EXPECT_NE(port.error().text().find(std::to_string(taken.port)), std::string::npos);
    EXPECT_NE(port.error().hint().find("ssh.localPort"), std::string::npos);
}

TEST(Port, OldDefaultInstancesKeepTheirPort) {
    for (const char* version : {"", "v1.2.3"}) {
        const auto port = choose_ssh_port(0, "default", version);
        if (port) {
            EXPECT_EQ(*port, 60022);
        } else {
            EXPECT_NE(port.error().text().find("60022"), std::string::npos);
        }
    }
    EXPECT_NE(choose_ssh_port(0, "default", "v2.0.0").value_or(60022), 60022);
    EXPECT_NE(choose_ssh_port(0, "other", "").value_or(60022), 60022);
}

TEST(Port, RangeIsChecked) {
    EXPECT_FALSE(choose_ssh_port(-1, "x", ""));
    EXPECT_FALSE(choose_ssh_port(65536, "x", ""));
}

}  // namespace
}  // namespace lima::hostagent
