#include "core/hostagent/forward/forwards.hpp"

#include "core/aio/loop.hpp"
#include "core/base/fs.hpp"
#include "tests/unit/core/hostagent/forward/forward_support.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <fcntl.h>
#include <future>
#include <mutex>
#include <sys/un.h>

namespace lima::hostagent {
namespace {

using test::answer;
using test::ask;
using test::connect_tcp;
using test::Server;

/// "The guest" is this machine: dials the port that the address names and joins the two by threads.
class DirectPlane final : public Plane {
public:
    explicit DirectPlane(asio::thread_pool& pool) : pool_(pool) {}
    asio::awaitable<Result<void>> join(std::string protocol, std::string address,
                                       Fd socket) override {
        EXPECT_EQ(protocol, "tcp");
        last = address;
        const int port = std::stoi(address.substr(address.rfind(':') + 1));
        const auto client = std::make_shared<Fd>(std::move(socket));
        std::function<Result<void>()> job = [port, client]() -> Result<void> {
            const Fd server = connect_tcp(port);
            std::string text;
            if (wait_readable(client->get(), std::chrono::seconds(10))) {
                ::fcntl(client->get(), F_SETFL, 0);
                text = read_all(client->get()).value_or("");
            }
            return write_all(client->get(), ask(server, text));
        };
        co_return co_await aio::on_pool(pool_, std::move(job));
    }
    const char* name() const override { return "direct"; }

    std::string last;

private:
    asio::thread_pool& pool_;
};

class ForwardsTest : public testing::Test {
protected:
    ForwardsTest() : guard_(loop_.get_executor()) {
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~ForwardsTest() override {
        if (forwards_) {
            asio::co_spawn(loop_, forwards_->close(), asio::use_future).get();
            on_loop([this] { forwards_.reset(); });
        }
        guard_.reset();
        thread_.join();
        pool_.join();
    }
    void start(config::Config config = {}) {
        ForwardSetup setup;
        setup.config = std::move(config);
        setup.on_event = [this](const hostapi::PortForwardEvent& event) {
            const std::lock_guard lock(mutex_);
            events_.push_back(event.type + " " + event.guest_addr);
            changed_.notify_all();
        };
        on_loop([this, &setup] {
            forwards_ = std::make_unique<Forwards>(loop_.get_executor(), pool_, std::move(setup));
            plane_ = std::make_shared<DirectPlane>(pool_);
        });
    }
    template <class F>
    void on_loop(F work) {
        asio::post(loop_, asio::use_future(std::move(work))).get();
    }
    void set_ports(std::vector<GuestPort> ports) {
        on_loop([this, &ports] { forwards_->set_guest_ports(std::move(ports)); });
    }
    void set_plane(bool there) {
        on_loop([this, there] { forwards_->set_plane(there ? plane_ : nullptr); });
    }
    bool saw(const std::string& event, std::chrono::seconds patience) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [&] {
            return std::find(events_.begin(), events_.end(), event) != events_.end();
        });
    }
    static config::PortForward to(int guest, int host) {
        config::PortForward rule;
        rule.proto = "any";
        rule.guest_ip = "127.0.0.1";
        rule.guest_ip_must_be_zero = false;
        rule.guest_port = guest;
        rule.guest_port_range = {guest, guest};
        rule.host_ip = "127.0.0.1";
        rule.host_port_range = {host, host};
        return rule;
    }
    static config::Config with(config::PortForward rule) {
        config::Config config;
        config.port_forwards = {std::move(rule)};
        return config;
    }

    asio::io_context loop_;
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    asio::thread_pool pool_{4};
    std::thread thread_;
    std::unique_ptr<Forwards> forwards_;
    std::shared_ptr<DirectPlane> plane_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> events_;
};

TEST_F(ForwardsTest, PortOfTheGuestAnswersOnTheHostAndGoesWithIt) {
    Server server(answer);
    const int host_port = test::free_port();
    start(with(to(server.port, host_port)));
    set_plane(true);
    EXPECT_FALSE(connect_tcp(host_port));
    set_ports({{"tcp", "127.0.0.1", server.port}});
    EXPECT_EQ(ask(connect_tcp(host_port), "hello"), "got: hello");
    // A connection that was made before the port goes outlives its listener.
    const Fd old = connect_tcp(host_port);
    while (server.served < 2) {
        std::this_thread::yield();
    }
    set_ports({});
    EXPECT_FALSE(connect_tcp(host_port));
    EXPECT_EQ(ask(old, "still here"), "got: still here");
}

TEST_F(ForwardsTest, ConnectionsWaitForAPlane) {
    Server server(answer);
    const int host_port = test::free_port();
    start(with(to(server.port, host_port)));
    set_ports({{"tcp", "0.0.0.0", server.port}});
    const Fd early = connect_tcp(host_port);
    ASSERT_TRUE(early);
    EXPECT_FALSE(wait_readable(early.get(), std::chrono::milliseconds(50)).value_or(true));
    set_plane(true);
    EXPECT_EQ(ask(early, "a"), "got: a");
    set_plane(false);
    const Fd later = connect_tcp(host_port);
    set_plane(true);
    EXPECT_EQ(ask(later, "b"), "got: b");
    EXPECT_EQ(plane_->last, "0.0.0.0:" + std::to_string(server.port));
}

TEST_F(ForwardsTest, ClosesWhileAConnectionWaitsForAPlane) {
    Server server(answer);
    const int host_port = test::free_port();
    start(with(to(server.port, host_port)));
    set_ports({{"tcp", "127.0.0.1", server.port}});
    const Fd client = connect_tcp(host_port);
    ASSERT_TRUE(client);
    EXPECT_FALSE(wait_readable(client.get(), std::chrono::milliseconds(50)).value_or(true));
    asio::co_spawn(loop_, forwards_->close(), asio::use_future).get();
    EXPECT_TRUE(wait_readable(client.get(), std::chrono::seconds(5)).value_or(false));
    set_plane(true);  // nobody waits for it any more
    EXPECT_EQ(server.served, 0);
}

TEST_F(ForwardsTest, UnixSocketOfTheHostReplacesAStaleOne) {
    Server server(answer);
    auto temp = fs::TempDir::create("fwd");
    ASSERT_TRUE(temp);
    const std::string path = (temp->path() / "sock" / "x.sock").string();
    config::PortForward rule = to(server.port, 0);
    rule.host_socket = path;
    start(with(rule));
    set_plane(true);
    ASSERT_TRUE(fs::make_dirs(temp->path() / "sock"));
    {
        const Fd stale(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        std::copy(path.begin(), path.end(), name.sun_path);
        ASSERT_EQ(::bind(stale.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    }
    set_ports({{"tcp", "127.0.0.1", server.port}});
    const auto client = connect_unix(path);
    ASSERT_TRUE(client);
    EXPECT_EQ(ask(*client, "x"), "got: x");
    set_ports({});
    EXPECT_FALSE(fs::exists_nofollow(path));

    ASSERT_TRUE(fs::write_file_atomic(path, "mine"));
    set_ports({{"tcp", "127.0.0.1", server.port}});
    EXPECT_TRUE(saw("failed 127.0.0.1:" + std::to_string(server.port), std::chrono::seconds(1)));
    EXPECT_EQ(fs::read_file(path).value_or(""), "mine");
}

TEST_F(ForwardsTest, TakenHostPortIsTriedAgain) {
    Server server(answer);
    auto holder = std::make_unique<Server>(answer);
    start(with(to(server.port, holder->port)));
    const int host_port = holder->port;
    set_plane(true);
    set_ports({{"tcp", "127.0.0.1", server.port}});
    const std::string guest = "127.0.0.1:" + std::to_string(server.port);
    EXPECT_TRUE(saw("failed " + guest, std::chrono::seconds(1)));
    holder.reset();
    EXPECT_TRUE(saw("forwarding " + guest, std::chrono::seconds(5)));
    EXPECT_EQ(ask(connect_tcp(host_port), "x"), "got: x");
}

TEST_F(ForwardsTest, StaticRuleListensFromTheStart) {
    Server server(answer);
    const int host_port = test::free_port();
    config::PortForward rule = to(server.port, host_port);
    rule.static_ = true;
    start(with(rule));
    asio::co_spawn(loop_, forwards_->start_static(), asio::use_future).get();
    set_plane(true);
    EXPECT_EQ(ask(connect_tcp(host_port), "x"), "got: x");
    // What the guest says of it later changes nothing.
    set_ports({{"tcp", "127.0.0.1", server.port}});
    set_ports({});
    EXPECT_EQ(ask(connect_tcp(host_port), "y"), "got: y");
    EXPECT_TRUE(events_.empty());
}

}  // namespace
}  // namespace lima::hostagent
