#include "core/hostagent/guest/tunnel.hpp"

#include "tests/support/socket_pair.hpp"
#include "tests/unit/core/hostagent/guest/guest_fixture.hpp"

namespace lima::hostagent {
namespace {

class TunnelTest : public GuestTest {
protected:
    TunnelTest() {
        listener_ = Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(listen(listener_.get(), 5), 0);
        getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    /// Begins a connection; the other end of the socket that was handed over.
    Fd connect() {
        auto [ours, theirs] = test::socket_pair();
        const auto plane = guest_->tunnel_plane();
        asio::co_spawn(loop_,
                       plane->join("tcp", "127.0.0.1:" + std::to_string(port_), std::move(theirs)),
                       [this, plane](const std::exception_ptr& escaped, Result<void> result) {
                           EXPECT_FALSE(escaped);
                           result_ = std::move(result);
                       });
        return std::move(ours);
    }
    void serve(std::function<void(int)> each) {
        server_ = std::thread([this, each] {
            const Fd peer(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            each(peer.get());
        });
    }
    ~TunnelTest() override {
        if (server_.joinable()) {
            server_.join();
        }
    }

    Fd listener_;
    int port_ = 0;
    std::thread server_;
    std::optional<Result<void>> result_;
};

TEST_F(TunnelTest, BothWaysAndBothEnds) {
    serve([](int peer) {
        const auto request = read_all(peer);  // until the host has finished
        EXPECT_TRUE(write_all(peer, "you said " + *request));
    });
    begin();
    ASSERT_TRUE(run_until([&] { return guest_->up(); }));
    const Fd ours = connect();
    ASSERT_TRUE(write_all(ours.get(), "hello"));
    shutdown(ours.get(), SHUT_WR);
    std::string reply;
    std::thread reader([&] { reply = *read_all(ours.get()); });
    EXPECT_TRUE(run_until([&] { return result_.has_value(); }));
    reader.join();
    EXPECT_EQ(reply, "you said hello");
    EXPECT_TRUE(*result_);
}

TEST_F(TunnelTest, MuchDataArrivesWhole) {
    const std::string data(5'000'000, 'x');
    serve([&](int peer) { EXPECT_TRUE(write_all(peer, data)); });
    begin();
    ASSERT_TRUE(run_until([&] { return guest_->up(); }));
    Fd ours = connect();
    std::string reply;
    std::thread reader([&] {
        reply = *read_all(ours.get());
        ours.reset();
    });
    EXPECT_TRUE(run_until([&] { return result_.has_value(); }));
    reader.join();
    EXPECT_EQ(reply.size(), data.size());
}

TEST_F(TunnelTest, ARefusedDialIsTold) {
    listener_.reset();
    begin();
    ASSERT_TRUE(run_until([&] { return guest_->up(); }));
    const Fd ours = connect();
    ASSERT_TRUE(run_until([&] { return result_.has_value(); }));
    ASSERT_FALSE(*result_);
    EXPECT_NE(result_->error().text().find("connection refused"), std::string::npos);
    EXPECT_EQ(*read_all(ours.get()), "");
}

TEST_F(TunnelTest, AfterTheConnectionItIsUnavailable) {
    begin();
    ASSERT_TRUE(run_until([&] { return guest_->up(); }));
    const auto plane = guest_->tunnel_plane();
    await(guest_->close());
    auto ends = test::socket_pair();
    const auto result = await(plane->join("tcp", "127.0.0.1:1", std::move(ends.theirs)));
    EXPECT_FALSE(result);
    EXPECT_FALSE(await(plane->join("udp", "127.0.0.1:1", Fd())));
}

}  // namespace
}  // namespace lima::hostagent
