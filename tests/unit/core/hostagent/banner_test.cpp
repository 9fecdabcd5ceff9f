#include "core/hostagent/banner.hpp"

#include "core/base/fd.hpp"
#include "core/hostagent/port.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <functional>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace lima::hostagent {
namespace {

using std::chrono::milliseconds;

constexpr BannerTiming kFast{milliseconds(5), milliseconds(20), milliseconds(30)};

/// Accepts connections and does with the n-th what it is told.
class Peer {
public:
    explicit Peer(std::function<void(int connection, int fd)> talk, int port = 0)
        : talk_(std::move(talk)) {
        const int yes = 1;
        setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        socklen_t size = sizeof address;
        EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(listen(listener_.get(), 8), 0);
        EXPECT_EQ(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] {
            for (int i = 0;; ++i) {
                const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
                if (fd < 0) {
                    return;
                }
                open_.emplace_back(fd);
                talk_(i, fd);
            }
        });
    }
    ~Peer() {
        shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }
    int port() const { return port_; }

private:
    std::function<void(int, int)> talk_;
    Fd listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    int port_ = 0;
    std::vector<Fd> open_;
    std::thread thread_;
};

void say(int fd, std::string_view text) {
    EXPECT_EQ(send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

Result<void> wait_for(int port, milliseconds timeout, int cancel_fd = -1) {
    return wait_for_banner("127.0.0.1", port, timeout, cancel_fd, kFast);
}

TEST(Banner, ComesAtOnce) {
    Peer peer([](int, int fd) { say(fd, "SSH-2.0-OpenSSH_9.2\r\n"); });
    EXPECT_TRUE(wait_for(peer.port(), std::chrono::seconds(10)));
}

TEST(Banner, SilentConnectionsAreNotWaitedForAlone) {
    Peer peer([](int connection, int fd) {
        if (connection >= 6) {
            say(fd, "SSH-2.0-x\r\n");
        }
    });
    EXPECT_TRUE(wait_for(peer.port(), std::chrono::seconds(10)));
}

TEST(Banner, AConnectionThatWakesUpLateCounts) {
    Peer peer([](int connection, int fd) {
        if (connection == 2) {
            std::this_thread::sleep_for(milliseconds(60));
            say(fd, "SSH-");
        }
    });
    EXPECT_TRUE(wait_for(peer.port(), std::chrono::seconds(10)));
}

TEST(Banner, ClosedConnectionsAreTriedAgain) {
    Peer peer([](int connection, int fd) {
        if (connection < 3) {
            shutdown(fd, SHUT_RDWR);
        } else {
            say(fd, "SSH-2.0-x\r\n");
        }
    });
    EXPECT_TRUE(wait_for(peer.port(), std::chrono::seconds(10)));
}

TEST(Banner, APortThatOpensLaterIsFound) {
    const int port = *free_tcp_port();
    std::unique_ptr<Peer> peer;
    std::jthread opener([&] {
        std::this_thread::sleep_for(milliseconds(60));
        peer = std::make_unique<Peer>([](int, int fd) { say(fd, "SSH-2.0-x\r\n"); }, port);
    });
    EXPECT_TRUE(wait_for(port, std::chrono::seconds(10)));
    opener.join();
}

TEST(Banner, TheTimeIsKeptAndTheLastObservationTold) {
    auto result = wait_for(*free_tcp_port(), milliseconds(80));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kDeadlineExceeded);
    EXPECT_NE(result.error().text().find("refused"), std::string::npos) << result.error().text();

    Peer silent([](int, int) {});
    result = wait_for(silent.port(), milliseconds(80));
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().text().find("silent"), std::string::npos) << result.error().text();
}

TEST(Banner, ItCanBeCancelled) {
    Peer silent([](int, int) {});
    auto pipe = *make_pipe();
    std::jthread canceller([&] {
        std::this_thread::sleep_for(milliseconds(40));
        pipe.write.reset();
    });
    const auto result = wait_for(silent.port(), std::chrono::minutes(5), pipe.read.get());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kCancelled);
}

}  // namespace
}  // namespace lima::hostagent
