// An agent on a loop of its own thread, with ports that the test sets, and clients of it.
#pragma once

#include "core/base/fs.hpp"
#include "guestagent/agent/agent.hpp"
#include "tests/support/socket_pair.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <fcntl.h>
#include <future>
#include <grpcpp/create_channel_posix.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>

namespace lima::guestagent::test {

using lima::test::socket_pair;
using lima::test::SocketPair;

/// A socket on a free port of 127.0.0.1 (or ::1), TCP ones listening.
struct LocalSocket {
    Fd socket;
    int port = 0;
};
inline LocalSocket local_socket(int type, int family = AF_INET) {
    sockaddr_storage address{};
    socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    address.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET) {
        reinterpret_cast<sockaddr_in&>(address).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        reinterpret_cast<sockaddr_in6&>(address).sin6_addr = in6addr_loopback;
    }
    LocalSocket out{.socket = Fd(::socket(family, type | SOCK_CLOEXEC, 0))};
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(out.socket.get(), raw, size), 0) << std::strerror(errno);
    if (type == SOCK_STREAM) {
        EXPECT_EQ(::listen(out.socket.get(), 64), 0);
    }
    EXPECT_EQ(::getsockname(out.socket.get(), raw, &size), 0);
    out.port = ntohs(family == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                       : reinterpret_cast<sockaddr_in6&>(address).sin6_port);
    return out;
}

/// Events that the test makes. On the loop.
class FakeEvents final : public PortEvents {
public:
    void enable(bool on) override { enabled = on; }
    void async_wait(std::function<void()> on_event) override { waiting = std::move(on_event); }
    bool moved() override { return std::exchange(moves, false); }
    void rearm() override {
        ++rearms;
        moves = false;
    }
    void fire() {
        moves = true;
        if (auto handler = std::exchange(waiting, nullptr)) {
            handler();
        }
    }

    std::function<void()> waiting;
    bool enabled = false;
    bool moves = false;
    int rearms = 0;
};

class TestAgent {
public:
    explicit TestAgent(AgentOptions options = {}) : guard_(loop.get_executor()) {
        auto dir = fs::TempDir::create("lima-agent-test");
        EXPECT_TRUE(dir);
        dir_.emplace(std::move(*dir));
        options.runtime_dir = dir_->path() / "run";
        options.boot.root = dir_->path() / "root";
        options.boot.network = false;
        options.boot.sshd = false;
        EXPECT_TRUE(fs::make_dirs(options.boot.root / "run"));
        auto fake = std::make_unique<FakeEvents>();
        events = fake.get();
        options.ports.events = std::move(fake);
        options.ports.list = [this]() -> Result<std::vector<Port>> { return listed_; };
        options.ports.quiet = std::chrono::milliseconds(1);
        auto started = Agent::start(loop.get_executor(), std::move(options));
        EXPECT_TRUE(started) << started.error().text();
        agent = std::move(*started);
        thread_ = std::thread([this] { loop.run(); });
    }
    ~TestAgent() {
        on_loop([this] { agent->end_calls(); });
        agent->stop_server(std::chrono::milliseconds(500));
        on_loop([this] { agent.reset(); });
        guard_.reset();
        loop.stop();
        thread_.join();
    }

    /// Runs on the loop and waits for it.
    void on_loop(const std::function<void()>& fn) {
        std::promise<void> done;
        asio::post(loop, [&] {
            fn();
            done.set_value();
        });
        done.get_future().get();
    }
    void set_ports(std::vector<Port> ports) {
        on_loop([&] {
            listed_ = std::move(ports);
            events->fire();
        });
    }
    Fd connect() {
        SocketPair pair = socket_pair();
        on_loop([&] { EXPECT_TRUE(agent->add_connection(std::move(pair.theirs))); });
        return std::move(pair.ours);
    }
    std::shared_ptr<grpc::Channel> channel() {
        Fd fd = connect();
        ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
        return grpc::CreateInsecureChannelFromFd("agent", fd.release());
    }
    std::filesystem::path root() const { return dir_->path() / "root"; }
    std::filesystem::path runtime_dir() const { return dir_->path() / "run"; }

    asio::io_context loop{1};
    std::unique_ptr<Agent> agent;
    FakeEvents* events = nullptr;

private:
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    std::optional<fs::TempDir> dir_;
    std::vector<Port> listed_;
    std::thread thread_;
};

inline void set_deadline(grpc::ClientContext& context, int seconds = 20) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
}

inline std::string words(const Event& event) {
    std::string out;
    for (const IPPort& port : event.added_local_ports()) {
        out += fmt::format("+{}/{}:{} ", port.protocol(), port.ip(), port.port());
    }
    for (const IPPort& port : event.removed_local_ports()) {
        out += fmt::format("-{}/{}:{} ", port.protocol(), port.ip(), port.port());
    }
    return out;
}

}  // namespace lima::guestagent::test
