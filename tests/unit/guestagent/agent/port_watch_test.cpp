#include "guestagent/agent/port_watch.hpp"

#include "guestagent/agent/sock_diag.hpp"
#include "tests/unit/guestagent/agent/agent_support.hpp"

#include <algorithm>
#include <unistd.h>

namespace lima::guestagent {
namespace {

using std::chrono::milliseconds;
using test::FakeEvents;
using test::local_socket;

bool contains(const std::vector<Port>& ports, const char* protocol, const char* ip, int number) {
    return std::ranges::find(ports, Port{protocol, ip, number}) != ports.end();
}

TEST(SockDiag, FindsWhatListens) {
    auto diag = SockDiag::open();
    ASSERT_TRUE(diag);
    const auto tcp4 = local_socket(SOCK_STREAM);
    const auto tcp6 = local_socket(SOCK_STREAM, AF_INET6);
    const auto udp4 = local_socket(SOCK_DGRAM);
    const auto udp6 = local_socket(SOCK_DGRAM, AF_INET6);
    const auto ports = diag->list();
    ASSERT_TRUE(ports) << ports.error().text();
    EXPECT_TRUE(contains(*ports, "tcp", "127.0.0.1", tcp4.port));
    EXPECT_TRUE(contains(*ports, "tcp", "::1", tcp6.port));
    EXPECT_TRUE(contains(*ports, "udp", "127.0.0.1", udp4.port));
    EXPECT_TRUE(contains(*ports, "udp", "::1", udp6.port));
    EXPECT_FALSE(contains(*ports, "udp", "127.0.0.1", tcp4.port));
}

TEST(SockDiag, LeavesOutWhatIsConnectedOrGone) {
    auto diag = SockDiag::open();
    ASSERT_TRUE(diag);
    int gone = 0;
    {
        const auto closed = local_socket(SOCK_STREAM);
        gone = closed.port;
    }
    const auto peer = local_socket(SOCK_DGRAM);
    const auto udp = local_socket(SOCK_DGRAM);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(peer.port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(udp.socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    const auto ports = diag->list();
    ASSERT_TRUE(ports);
    EXPECT_FALSE(contains(*ports, "tcp", "127.0.0.1", gone));
    EXPECT_FALSE(contains(*ports, "udp", "127.0.0.1", udp.port));
    EXPECT_TRUE(contains(*ports, "udp", "127.0.0.1", peer.port));
}

TEST(SockDiag, ReadsTheTablesOfProc) {
    const DiagTable tcp{AF_INET, IPPROTO_TCP, "tcp"};
    const DiagTable udp6{AF_INET6, IPPROTO_UDP, "udp6"};
    const std::vector<Port> four = parse_proc_net(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        "   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
        "   1: 0F05A8C0:0016 0205A8C0:BC86 01 00000000:00000000 00:00000000 00000000     0\n"
        "   2: nonsense:1 0 0A\n",
        tcp);
    EXPECT_EQ(four, (std::vector<Port>{{"tcp", "127.0.0.1", 22}}));
    const std::vector<Port> six = parse_proc_net(
        "   0: 00000000000000000000000001000000:14E9 00000000000000000000000000000000:0000 07 0\n"
        "   1: 0000000000000000FFFF00000100007F:0035 00000000000000000000000000000000:0000 07 0\n"
        "   2: 00000000000000000000000000000000:0000 00000000000000000000000000000000:0000 07 0\n",
        udp6);
    EXPECT_EQ(six, (std::vector<Port>{{"udp", "::1", 5353}, {"udp", "127.0.0.1", 53}}));
}

TEST(Netlink, TellsWhatIsCutShort) {
    const auto ignore = [](const NetlinkMessage&) -> Result<void> { return {}; };
    EXPECT_TRUE(each_netlink_message("", ignore));
    const std::string request = netlink_dump_request(20, 1, "body");
    EXPECT_TRUE(each_netlink_message(request, ignore));
    EXPECT_FALSE(
        each_netlink_message(std::string_view(request).substr(0, request.size() - 1), ignore));
    EXPECT_FALSE(each_netlink_message(std::string(16, '\0'), ignore));
}

class PortWatchTest : public ::testing::Test {
protected:
    PortWatch& make(bool with_events) {
        PortWatchOptions options;
        options.list = [this]() -> Result<std::vector<Port>> {
            if (broken_) {
                return fail(Code::kInternal, "broken");
            }
            const std::vector<Port> found = listed_;
            if (const auto happens = std::exchange(while_it_looks_, nullptr)) {
                happens();
            }
            return found;
        };
        if (with_events) {
            auto fake = std::make_unique<FakeEvents>();
            events_ = fake.get();
            options.events = std::move(fake);
        }
        options.tick = milliseconds(20);
        options.quiet = milliseconds(10);
        options.patience = milliseconds(60);
        watch_.emplace(loop_.get_executor(), std::move(options));
        return *watch_;
    }
    void run_for(milliseconds time) {
        loop_.restart();
        loop_.run_for(time);
    }

    asio::io_context loop_{1};
    std::vector<Port> listed_;
    bool broken_ = false;
    std::function<void()> while_it_looks_;
    FakeEvents* events_ = nullptr;
    std::optional<PortWatch> watch_;
};

TEST_F(PortWatchTest, LooksOnceForABurst) {
    PortWatch& watch = make(true);
    int calls = 0;
    const auto subscription = watch.subscribe([&](const std::vector<Port>&) { ++calls; });
    EXPECT_TRUE(events_->enabled);
    EXPECT_EQ(watch.looks(), 1U);
    for (int i = 0; i < 100; ++i) {
        listed_.push_back({"tcp", "::", i + 1});
        events_->fire();
    }
    run_for(milliseconds(200));
    EXPECT_EQ(watch.looks(), 2U);
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(watch.ports().size(), 100U);
    EXPECT_GE(events_->rearms, 1);
}

TEST_F(PortWatchTest, LooksAgainForWhatCameWhileItLooked) {
    PortWatch& watch = make(true);
    const auto subscription = watch.subscribe([](const std::vector<Port>&) {});
    listed_ = {{"tcp", "127.0.0.1", 80}};
    while_it_looks_ = [this] {
        listed_.clear();
        events_->moves = true;  // and no call: nobody waited
    };
    events_->fire();
    run_for(milliseconds(100));
    EXPECT_TRUE(watch.ports().empty());
    EXPECT_EQ(watch.looks(), 3U);
}

TEST_F(PortWatchTest, LooksNowAndThenInAStorm) {
    PortWatch& watch = make(true);
    const auto subscription = watch.subscribe([](const std::vector<Port>&) {});
    const auto end = std::chrono::steady_clock::now() + milliseconds(500);
    while (std::chrono::steady_clock::now() < end) {
        events_->fire();
        run_for(milliseconds(1));
    }
    EXPECT_GE(watch.looks(), 3U);   // not put off for ever
    EXPECT_LE(watch.looks(), 12U);  // and not for every event
}

TEST_F(PortWatchTest, KnowsNothingWhileItIsHeld) {
    PortWatchOptions options;
    int looks = 0;
    options.list = [&]() -> Result<std::vector<Port>> {
        ++looks;
        return std::vector<Port>{};
    };
    options.held = true;
    PortWatch watch(loop_.get_executor(), std::move(options));
    int calls = 0;
    const auto subscription = watch.subscribe([&](const std::vector<Port>&) { ++calls; });
    EXPECT_EQ(looks, 0);
    EXPECT_FALSE(watch.known());
    watch.release(std::make_unique<FakeEvents>());
    EXPECT_EQ(looks, 1);
    EXPECT_TRUE(watch.known());
    EXPECT_EQ(calls, 1);  // to know that there is nothing is news, too
}

TEST_F(PortWatchTest, DoesNothingWithoutEvents) {
    PortWatch& watch = make(true);
    auto subscription = watch.subscribe([](const std::vector<Port>&) {});
    run_for(milliseconds(100));
    EXPECT_EQ(watch.looks(), 1U);
    subscription.reset();
    EXPECT_FALSE(events_->enabled);
    EXPECT_FALSE(static_cast<bool>(events_->waiting));
}

TEST_F(PortWatchTest, PollsOnlyWhileSomebodyListensWhereThereAreNoEvents) {
    PortWatch& watch = make(false);
    run_for(milliseconds(60));
    EXPECT_EQ(watch.looks(), 0U);
    int calls = 0;
    auto subscription = watch.subscribe([&](const std::vector<Port>&) { ++calls; });
    listed_ = {{"udp", "::", 53}};
    run_for(milliseconds(150));
    EXPECT_EQ(calls, 2);
    EXPECT_GE(watch.looks(), 3U);
    subscription.reset();
    const auto looks = watch.looks();
    run_for(milliseconds(100));
    EXPECT_EQ(watch.looks(), looks);
}

TEST_F(PortWatchTest, KeepsTheListWhenItCannotLook) {
    PortWatch& watch = make(true);
    listed_ = {{"tcp", "::", 80}};
    int calls = 0;
    const auto subscription = watch.subscribe([&](const std::vector<Port>&) { ++calls; });
    broken_ = true;
    events_->fire();
    run_for(milliseconds(100));
    EXPECT_EQ(watch.ports().size(), 1U);
    EXPECT_EQ(calls, 1);
    EXPECT_FALSE(watch.look());
}

/// The kernel's own events, where we may have them.
class PerfTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root, for tracepoints";
        }
        auto events = open_perf_events(loop_.get_executor());
        if (!events) {
            GTEST_SKIP() << events.error().text();
        }
        auto diag = SockDiag::open();
        ASSERT_TRUE(diag);
        PortWatchOptions options;
        options.events = std::move(*events);
        options.list = [kept = std::make_shared<SockDiag>(std::move(*diag))] {
            return kept->list();
        };
        watch_.emplace(loop_.get_executor(), std::move(options));
        subscription_ = watch_->subscribe([this](const std::vector<Port>&) { loop_.stop(); });
    }
    bool soon(bool wanted, const char* protocol, int port) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (contains(watch_->ports(), protocol, "127.0.0.1", port) != wanted) {
            loop_.restart();
            if (std::chrono::steady_clock::now() > end) {
                return false;
            }
            loop_.run_until(end);
        }
        return true;
    }

    asio::io_context loop_{1};
    std::optional<PortWatch> watch_;
    PortWatch::Subscription subscription_;
};

TEST_F(PerfTest, SeesTcpComeAndGo) {
    auto tcp = local_socket(SOCK_STREAM);
    EXPECT_TRUE(soon(true, "tcp", tcp.port));
    tcp.socket.reset();
    EXPECT_TRUE(soon(false, "tcp", tcp.port));
}

TEST_F(PerfTest, SeesUdpComeAndGo) {
    auto udp = local_socket(SOCK_DGRAM);
    EXPECT_TRUE(soon(true, "udp", udp.port));
    udp.socket.reset();
    EXPECT_TRUE(soon(false, "udp", udp.port));
}

TEST_F(PerfTest, SeesManyInTurn) {
    for (int i = 0; i < 20; ++i) {
        auto tcp = local_socket(SOCK_STREAM);
        ASSERT_TRUE(soon(true, "tcp", tcp.port)) << i;
        tcp.socket.reset();
        ASSERT_TRUE(soon(false, "tcp", tcp.port)) << i;
    }
}

}  // namespace
}  // namespace lima::guestagent
