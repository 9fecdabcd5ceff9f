// A Guest behind a link, as on the virtio port: the guest's link gives each stream to the agent.
#include "core/mux/link.hpp"
#include "tests/support/socket_pair.hpp"
#include "tests/unit/core/hostagent/guest/guest_fixture.hpp"

namespace lima::hostagent {
namespace {

class LinkGuestTest : public GuestTest {
protected:
    ~LinkGuestTest() override {
        if (guest_) {
            await(guest_->close());
            guest_.reset();
        }
        end_peer();
    }

    /// The guest's end of a connection, with a link on it.
    void begin_peer(Fd socket) {
        mux::LinkHandlers on;
        on.on_open = [this](std::uint32_t stream, const std::string& target) {
            targets_.push_back(target);
            auto ends = test::socket_pair();
            agent_.serve(std::move(ends.theirs));
            peer_tasks_.spawn(accept(stream, std::move(ends.ours)), "a stream");
        };
        mux::LinkOptions options;
        options.role = mux::Role::kGuest;
        options.name = "guest";
        peer_ = std::make_unique<mux::Link>(
            loop_.get_executor(), mux::socket_transport(loop_.get_executor(), std::move(socket)),
            options, std::move(on));
        peer_tasks_.spawn(run_peer(), "the guest's link");
    }
    asio::awaitable<void> accept(std::uint32_t stream, Fd end) {
        const auto ended = co_await peer_->accept(stream, std::move(end));
        static_cast<void>(ended);
    }
    asio::awaitable<void> run_peer() {
        const auto ended = co_await peer_->run();
        static_cast<void>(ended);
    }
    void end_peer() {
        if (peer_) {
            peer_->stop();
            await(peer_tasks_.join());
            peer_.reset();
        }
    }
    /// Each dial gives the host one end and keeps the other in `waiting_`.
    void begin_linked() {
        agent_.start();
        begin(
            [this]() -> Result<Fd> {
                ++dials_;
                auto [ours, theirs] = test::socket_pair();
                const std::lock_guard lock(mutex_);
                waiting_ = std::move(theirs);
                return std::move(ours);
            },
            true);
    }
    Fd take_waiting() {
        run_until([&] {
            const std::lock_guard lock(mutex_);
            return static_cast<bool>(waiting_);
        });
        const std::lock_guard lock(mutex_);
        return std::move(waiting_);
    }

    std::mutex mutex_;
    Fd waiting_;
    std::unique_ptr<mux::Link> peer_;
    aio::TaskScope peer_tasks_{loop_.get_executor()};
    std::vector<std::string> targets_;
};

TEST_F(LinkGuestTest, TheAgentIsReachedThroughTheLink) {
    FakeGuestService::fill(*agent_.guest.info.add_local_ports(), 22);
    begin_linked();
    begin_peer(take_waiting());
    ASSERT_TRUE(run_until([&] { return !ports_.empty(); }));
    EXPECT_EQ(targets_, std::vector<std::string>{"agent"});
    EXPECT_FALSE(facts_.foreign);
    agent_.guest.push(FakeGuestService::added(80));
    EXPECT_TRUE(run_until([&] { return ports_.size() == 2; }));
}

TEST_F(LinkGuestTest, AConnectionThatIsLostIsMadeAnewAtOnce) {
    begin_linked();
    begin_peer(take_waiting());
    ASSERT_TRUE(run_until([&] { return ups_ == 1; }));
    end_peer();
    begin_peer(take_waiting());
    EXPECT_TRUE(run_until([&] { return ups_ == 2; }));
    EXPECT_EQ(downs_, 1);
    EXPECT_EQ(dials_, 2);
}

TEST_F(LinkGuestTest, AnAgentThatIsReplacedIsGreetedAnew) {
    begin_linked();
    begin_peer(take_waiting());
    ASSERT_TRUE(run_until([&] { return ups_ == 1; }));
    agent_.kill();
    agent_.start();
    EXPECT_TRUE(run_until([&] { return ups_ == 2; }));
    EXPECT_EQ(downs_, 1);
    EXPECT_EQ(dials_, 1);  // the link itself has held
}

TEST_F(LinkGuestTest, AClosedPortEndsTheLink) {
    begin_linked();
    begin_peer(take_waiting());
    ASSERT_TRUE(run_until([&] { return ups_ == 1; }));
    guest_->port_changed(false);
    ASSERT_TRUE(run_until([&] { return downs_ == 1; }));
    end_peer();
    guest_->port_changed(true);
    begin_peer(take_waiting());
    EXPECT_TRUE(run_until([&] { return ups_ == 2; }));
}

}  // namespace
}  // namespace lima::hostagent
