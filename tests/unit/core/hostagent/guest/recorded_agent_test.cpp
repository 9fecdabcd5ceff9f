// Our client at Lima's guest agent, byte for byte as it was recorded.
#include "tests/unit/core/hostagent/guest/recorded_agent.hpp"

#include "tests/unit/core/hostagent/guest/guest_fixture.hpp"

namespace lima::hostagent {
namespace {

using PortSet = std::vector<GuestPort>;

class RecordedAgentTest : public GuestTest {
protected:
    struct Tunnel {
        Fd ours;
        std::optional<Result<void>> result;
    };

    RecordedAgentTest() {
        begin([this] { return lima_.connect(); });
    }
    ~RecordedAgentTest() override { close(); }
    void close() {
        if (guest_) {
            await(guest_->close());
            guest_.reset();
        }
    }
    std::unique_ptr<Tunnel> tunnel(int port) {
        auto out = std::make_unique<Tunnel>();
        auto pair = make_socket_pair();
        EXPECT_TRUE(pair);
        out->ours = std::move(pair->first);
        const auto plane = guest_->tunnel_plane();
        asio::co_spawn(
            loop_, plane->join("tcp", "127.0.0.1:" + std::to_string(port), std::move(pair->second)),
            [result = &out->result, plane](const std::exception_ptr& escaped, Result<void> ended) {
                EXPECT_FALSE(escaped);
                *result = std::move(ended);
            });
        return out;
    }
    /// So many bytes of what the guest says; fewer at its end.
    std::string hear(const Tunnel& from, std::size_t size) {
        std::string out;
        run_until([&] {
            std::array<char, 1024> buffer{};
            const ssize_t n = ::recv(from.ours.get(), buffer.data(),
                                     std::min(buffer.size(), size - out.size()), MSG_DONTWAIT);
            out.append(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
            return n == 0 || out.size() == size;
        });
        return out;
    }
    /// The end of a tunnel whose guest side has ended.
    Result<void> finish(Tunnel& of) {
        EXPECT_EQ(hear(of, 1), "");
        of.ours.reset();
        EXPECT_TRUE(run_until([&] { return of.result.has_value(); }));
        return of.result.value_or(fail(Code::kInternal, "it does not end"));
    }

    void ports();
    void clock();
    void tunnels();

    RecordedAgent lima_{"lima-2.2.0-agent.txt"};
};

void RecordedAgentTest::ports() {
    const PortSet first{{"tcp", "127.0.0.1", 40001},
                        {"tcp", "127.0.0.1", 40002},
                        {"tcp", "::", 22},
                        {"udp", "127.0.0.1", 40003}};
    PortSet opened = first;
    opened.insert(opened.begin(), {"tcp", "0.0.0.0", 8080});
    ASSERT_TRUE(run_until([&] { return !port_sets_.empty(); }));
    lima_.let_events_come();
    ASSERT_TRUE(run_until([&] { return port_sets_.size() >= 3; }));
    EXPECT_EQ(port_sets_, (std::vector<PortSet>{first, opened, first}));
    EXPECT_TRUE(facts_.foreign);
    EXPECT_TRUE(steps_.empty());
    EXPECT_TRUE(guest_->up());
}

void RecordedAgentTest::clock() {
    const auto in_step = await(guest_->sync_time(std::chrono::system_clock::now()));
    ASSERT_TRUE(in_step) << in_step.error().text();
    EXPECT_TRUE(in_step->known);
    EXPECT_FALSE(in_step->adjusted);
    EXPECT_EQ(in_step->drift.count(), 0);
    EXPECT_EQ(in_step->error, "");
    const auto off = await(guest_->sync_time(std::chrono::system_clock::now()));
    ASSERT_TRUE(off) << off.error().text();
    EXPECT_FALSE(off->adjusted);
    EXPECT_EQ(off->drift.count(), 3'600'000);
    EXPECT_EQ(off->error, "operation not permitted");
}

void RecordedAgentTest::tunnels() {
    const std::string hello("hello guest\0\xff", 13);
    std::string more;
    for (int i = 0; i < 32; ++i) {
        more += "0123456789abcdef";
    }
    const auto echo = tunnel(40001);
    ASSERT_TRUE(write_all(echo->ours.get(), hello));
    EXPECT_EQ(hear(*echo, hello.size()), hello);
    ASSERT_TRUE(write_all(echo->ours.get(), more));
    EXPECT_EQ(hear(*echo, more.size()), more);
    ::shutdown(echo->ours.get(), SHUT_WR);
    EXPECT_TRUE(finish(*echo));

    const auto guest_ends = tunnel(40002);
    ASSERT_TRUE(write_all(guest_ends->ours.get(), "goodbye"));
    EXPECT_EQ(hear(*guest_ends, 16), "you said goodbye");
    EXPECT_TRUE(finish(*guest_ends));

    const auto nobody = tunnel(40004);
    const auto refused = finish(*nobody);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text(), "dial tcp 127.0.0.1:40004: connect: connection refused");
}

TEST_F(RecordedAgentTest, AnswersAllThatAHostAsks) {
    ASSERT_NO_FATAL_FAILURE(ports());
    ASSERT_NO_FATAL_FAILURE(clock());
    ASSERT_NO_FATAL_FAILURE(tunnels());
    EXPECT_TRUE(guest_->up());
    EXPECT_EQ(ups_, 1);
    EXPECT_EQ(port_sets_.size(), 3U);
    close();
    EXPECT_TRUE(lima_.played());
}

}  // namespace
}  // namespace lima::hostagent
