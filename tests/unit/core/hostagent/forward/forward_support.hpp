// TCP on loopback for the tests of forwards: servers in the place of the guest's, clients in the
// place of the host's.
#pragma once

#include "core/base/fd.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <atomic>
#include <functional>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace lima::hostagent::test {

inline sockaddr_in loopback(int port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(static_cast<std::uint16_t>(port));
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return out;
}

inline Fd connect_tcp(int port) {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in to = loopback(port);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        return {};
    }
    return fd;
}

inline int free_port() {
    const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in name = loopback(0);
    socklen_t size = sizeof name;
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    return ntohs(name.sin_port);
}

/// Serves each connection in a thread.
class Server {
public:
    explicit Server(std::function<void(Fd)> serve) : serve_(std::move(serve)) {
        fd_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in name = loopback(0);
        socklen_t size = sizeof name;
        EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
        EXPECT_EQ(::listen(fd_.get(), 512), 0);
        EXPECT_EQ(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
        port = ntohs(name.sin_port);
        thread_ = std::thread([this] { accept_all(); });
    }
    ~Server() {
        ::shutdown(fd_.get(), SHUT_RDWR);
        thread_.join();
        for (std::thread& each : connections_) {
            each.join();
        }
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    int port = 0;
    std::atomic<int> served{0};

private:
    void accept_all() {
        while (true) {
            Fd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!fd) {
                return;
            }
            ++served;
            connections_.emplace_back([this, socket = std::make_shared<Fd>(std::move(fd))] {
                serve_(std::move(*socket));
            });
        }
    }

    std::function<void(Fd)> serve_;
    Fd fd_;
    std::thread thread_;
    std::vector<std::thread> connections_;
};

/// Reads to the end, then answers "got: …" in the other direction: half-close is what makes it
/// work.
inline void answer(Fd fd) {
    const auto request = read_all(fd.get());
    if (request) {
        (void)write_all(fd.get(), "got: " + *request);
    }
}

inline std::string ask(const Fd& fd, const std::string& text) {
    if (!fd || !write_all(fd.get(), text)) {
        return "not connected";
    }
    ::shutdown(fd.get(), SHUT_WR);
    return read_all(fd.get()).value_or("broken");
}

}  // namespace lima::hostagent::test
