// The plane with the other end as the guest agent has it: a link that dials what it is asked for.
#include "core/hostagent/forward/link_plane.hpp"

#include "core/aio/loop.hpp"
#include "core/hostagent/forward/forwards.hpp"
#include "tests/unit/core/hostagent/forward/forward_support.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

namespace lima::hostagent {
namespace {

using test::answer;
using test::ask;
using test::connect_tcp;
using test::Server;

TEST(LinkTarget, UnspecifiedIsLoopback) {
    EXPECT_EQ(link_target("tcp", "0.0.0.0:80"), "tcp:127.0.0.1:80");
    EXPECT_EQ(link_target("tcp", "[::]:80"), "tcp:[::1]:80");
    EXPECT_EQ(link_target("tcp", "[::1]:80"), "tcp:[::1]:80");
    EXPECT_EQ(link_target("tcp", "192.168.5.15:80"), "tcp:192.168.5.15:80");
    EXPECT_EQ(link_target("unix", "/run/x.sock"), "unix:/run/x.sock");
}

class LinkPlaneTest : public testing::Test {
protected:
    LinkPlaneTest() : guard_(loop_.get_executor()), scope_(loop_.get_executor()) {
        plane_ =
            std::make_shared<LinkPlane>(loop_.get_executor(), pool_, [this] { return dial(); });
    }
    ~LinkPlaneTest() override {
        asio::co_spawn(loop_, forwards_->close(), asio::use_future).get();
        on_loop([this] {
            forwards_->set_plane(nullptr);
            plane_->stop();
            guest_->stop();
            guard_.reset();
        });
        thread_.join();
        forwards_.reset();
        pool_.join();
    }
    /// A host port that leads to the server.
    int forward(const Server& server) {
        const int host_port = test::free_port();
        config::PortForward rule;
        rule.proto = "any";
        rule.guest_ip = "127.0.0.1";
        rule.guest_port_range = {server.port, server.port};
        rule.host_ip = "127.0.0.1";
        rule.host_port_range = {host_port, host_port};
        ForwardSetup setup;
        setup.config.port_forwards = {rule};
        forwards_ = std::make_unique<Forwards>(loop_.get_executor(), pool_, std::move(setup));
        forwards_->set_guest_ports({{"tcp", "127.0.0.1", server.port}});
        scope_.spawn(plane_->run(), "plane");
        thread_ = std::thread([this] { loop_.run(); });
        set_plane(true);
        return host_port;
    }
    void kill_guest() {
        on_loop([this] { guest_->stop(); });
    }
    /// What Services does when the guest's agent comes and goes.
    void set_plane(bool there) {
        on_loop([this, there] { forwards_->set_plane(there ? plane_ : nullptr); });
    }

private:
    template <class F>
    void on_loop(F work) {
        asio::post(loop_, asio::use_future(std::move(work))).get();
    }
    Result<Fd> dial() {
        LIMA_TRY(auto ends, make_socket_pair());
        const auto theirs = std::make_shared<Fd>(std::move(ends.second));
        asio::post(loop_, [this, theirs] { new_guest(std::move(*theirs)); });
        return std::move(ends.first);
    }
    void new_guest(Fd port) {
        mux::LinkHandlers handlers;
        handlers.on_open = [this](std::uint32_t id, const std::string& target) {
            Fd fd = connect_tcp(std::stoi(target.substr(target.rfind(':') + 1)));
            if (fd) {
                scope_.spawn(accept(guest_, id, std::move(fd)), "accept");
            } else {
                guest_->refuse(id, Error(Code::kUnavailable, "connection refused"));
            }
        };
        guest_ = std::make_shared<mux::Link>(
            loop_.get_executor(), mux::socket_transport(loop_.get_executor(), std::move(port)),
            mux::LinkOptions{mux::Role::kGuest, "guest"}, std::move(handlers));
        scope_.spawn(run(guest_), "guest");
    }
    static asio::awaitable<void> run(std::shared_ptr<mux::Link> link) {
        (void)co_await link->run();
    }
    static asio::awaitable<void> accept(std::shared_ptr<mux::Link> link, std::uint32_t id, Fd fd) {
        (void)co_await link->accept(id, std::move(fd));
    }

    asio::io_context loop_;
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    asio::thread_pool pool_{2};
    aio::TaskScope scope_;
    std::thread thread_;
    std::shared_ptr<mux::Link> guest_;
    std::shared_ptr<LinkPlane> plane_;
    std::unique_ptr<Forwards> forwards_;
};

TEST_F(LinkPlaneTest, AThousandOneAfterTheOther) {
    Server server(answer);
    const int port = forward(server);
    for (int i = 0; i < 1000; ++i) {
        const std::string text = std::to_string(i);
        ASSERT_EQ(ask(connect_tcp(port), text), "got: " + text);
    }
}

TEST_F(LinkPlaneTest, TwoHundredAtOnce) {
    Server server(answer);
    const int port = forward(server);
    std::vector<Fd> clients;
    for (int i = 0; i < 200; ++i) {
        clients.push_back(connect_tcp(port));
        ASSERT_TRUE(clients.back());
    }
    for (int i = 199; i >= 0; --i) {
        const std::string text = std::to_string(i);
        ASSERT_EQ(ask(clients[static_cast<std::size_t>(i)], text), "got: " + text);
    }
}

TEST_F(LinkPlaneTest, RefusedInTheGuestEndsTheConnection) {
    auto server = std::make_unique<Server>(answer);
    const int port = forward(*server);
    server.reset();
    const Fd client = connect_tcp(port);
    ASSERT_TRUE(client);
    EXPECT_NE(ask(client, "x").substr(0, 4), "got:");
}

TEST_F(LinkPlaneTest, ComesBackWhenTheGuestEndIsReplaced) {
    Server server(answer);
    const int port = forward(server);
    for (int i = 1; i <= 5; ++i) {
        ASSERT_EQ(ask(connect_tcp(port), "x"), "got: x");
        const Fd open = connect_tcp(port);
        const int served = 3 * (i - 1) + 2;
        while (server.served < served) {
            std::this_thread::yield();
        }
        // Either way a connection that comes now waits.
        const bool withdrawn = i % 2 == 0;
        if (withdrawn) {
            set_plane(false);
        }
        kill_guest();
        EXPECT_NE(ask(open, "x").substr(0, 4), "got:");
        const Fd early = connect_tcp(port);
        if (withdrawn) {
            set_plane(true);
        }
        EXPECT_EQ(ask(early, "early"), "got: early");
    }
}

}  // namespace
}  // namespace lima::hostagent
