#include "core/hostagent/guest/guest.hpp"

#include "core/hostagent/guest/session.hpp"
#include "tests/support/socket_pair.hpp"
#include "tests/unit/core/hostagent/guest/guest_fixture.hpp"

#include <future>

namespace lima::hostagent {
namespace {

using Ports = std::vector<int>;
using Step = lima::agent::v1::BootStep;

TEST_F(GuestTest, AnAgentOfOursTellsWhoPortsAndBoot) {
    FakeGuestService::fill(*agent_.guest.info.add_local_ports(), 22);
    Step step;
    step.set_kind("session");
    step.set_state(Step::DONE);
    step.set_instance_id("iid-1");
    step.set_uptime_ms(1234);
    agent_.agent.steps = {step};
    begin();
    ASSERT_TRUE(run_until([&] { return !steps_.empty() && !ports_.empty(); }));
    EXPECT_FALSE(facts_.foreign);
    EXPECT_EQ(facts_.agent_version, "test for v9");
    EXPECT_TRUE(facts_.has("forward-plane/1"));
    EXPECT_EQ(facts_.forward_port, "io.lima-vm.forward.0");
    EXPECT_EQ(ports_, Ports{22});
    EXPECT_EQ(steps_[0].kind, "session");
    EXPECT_EQ(steps_[0].state, BootStep::State::kDone);
    EXPECT_EQ(steps_[0].instance_id, "iid-1");
    EXPECT_EQ(steps_[0].uptime.count(), 1234);
    EXPECT_TRUE(guest_->up());
    EXPECT_NE(guest_->tunnel_plane(), nullptr);

    agent_.guest.push(FakeGuestService::added(80));
    EXPECT_TRUE(run_until([&] { return ports_ == Ports{22, 80}; }));
    agent_.guest.push(FakeGuestService::removed(22));
    EXPECT_TRUE(run_until([&] { return ports_ == Ports{80}; }));
}

class ForeignGuestTest : public GuestTest {
protected:
    FakeAgent foreign_{false};
};

TEST_F(ForeignGuestTest, AForeignAgentIsAskedForItsPortsAlone) {
    FakeGuestService::fill(*foreign_.guest.info.add_local_ports(), 22);
    foreign_.guest.knows_time = false;
    foreign_.start();
    begin([this]() -> Result<Fd> { return foreign_.connect(); });
    ASSERT_TRUE(run_until([&] { return !ports_.empty(); }));
    EXPECT_TRUE(facts_.foreign);
    EXPECT_EQ(ports_, Ports{22});
    EXPECT_TRUE(steps_.empty());
    const auto reply = await(guest_->sync_time(std::chrono::system_clock::now()));
    ASSERT_TRUE(reply);  // an agent of before SyncTime is no error
    EXPECT_FALSE(reply->known);
}

TEST_F(GuestTest, TheClockIsSet) {
    agent_.guest.time_answer.set_adjusted(true);
    agent_.guest.time_answer.set_drift_ms(-1500);
    begin();
    ASSERT_TRUE(run_until([&] { return guest_->up(); }));
    const SystemTime now{std::chrono::milliseconds(1'700'000'000'500)};
    const auto reply = await(guest_->sync_time(now));
    ASSERT_TRUE(reply);
    EXPECT_TRUE(reply->adjusted);
    EXPECT_EQ(reply->drift.count(), -1500);
    EXPECT_EQ(agent_.guest.host_seconds, 1'700'000'000);
}

TEST_F(GuestTest, KilledAndBack) {
    FakeGuestService::fill(*agent_.guest.info.add_local_ports(), 22);
    agent_.start();
    begin([this]() -> Result<Fd> {
        ++dials_;
        return agent_.alive() ? Result<Fd>(agent_.connect())
                              : Result<Fd>(fail(Code::kUnavailable, "nobody listens"));
    });
    ASSERT_TRUE(run_until([&] { return port_calls_ == 1; }));
    const int before = dials_;
    agent_.kill();
    ASSERT_TRUE(run_until([&] { return downs_ == 1 && dials_ > before + 2; }));
    EXPECT_FALSE(guest_->up());
    EXPECT_EQ(guest_->tunnel_plane(), nullptr);
    EXPECT_FALSE(await(guest_->sync_time(std::chrono::system_clock::now())));

    FakeGuestService::fill(*agent_.guest.info.add_local_ports(), 443);
    agent_.start();
    ASSERT_TRUE(run_until([&] { return port_calls_ == 2; }));
    EXPECT_EQ(ups_, 2);
    EXPECT_EQ(ports_, (Ports{22, 443}));
}

TEST_F(GuestTest, AClosedPortIsNotTriedUntilItOpens) {
    begin();
    ASSERT_TRUE(run_until([&] { return ups_ == 1; }));
    guest_->port_changed(false);
    ASSERT_TRUE(run_until([&] { return downs_ == 1; }));
    const int before = dials_;
    run_until([until = std::chrono::steady_clock::now() + std::chrono::milliseconds(150)] {
        return std::chrono::steady_clock::now() > until;
    });
    EXPECT_EQ(dials_, before);
    guest_->port_changed(true);
    EXPECT_TRUE(run_until([&] { return ups_ == 2; }));
    EXPECT_EQ(dials_, before + 1);
}

TEST_F(GuestTest, TryingEndsAndBeginsAnewWithAnEvent) {
    give_up_ = std::chrono::milliseconds(40);
    bool there = false;
    agent_.start();
    begin([&]() -> Result<Fd> {
        ++dials_;
        return there ? Result<Fd>(agent_.connect())
                     : Result<Fd>(fail(Code::kUnavailable, "nobody listens"));
    });
    const auto quiet = [&] {
        const int before = dials_;
        run_until([until = std::chrono::steady_clock::now() + std::chrono::milliseconds(100)] {
            return std::chrono::steady_clock::now() > until;
        });
        return dials_ == before;
    };
    ASSERT_TRUE(run_until(quiet));
    EXPECT_GT(dials_, 1);
    there = true;
    guest_->wake();
    EXPECT_TRUE(run_until([&] { return ups_ == 1; }));
}

TEST_F(GuestTest, RedirectedFromAClosedPort) {
    agent_.start();
    begin([]() -> Result<Fd> { return fail(Code::kUnavailable, "nobody listens"); }, true);
    guest_->port_changed(false);
    guest_->redirect(
        [this]() -> Result<Fd> {
            ++dials_;
            return agent_.connect();
        },
        false);
    EXPECT_TRUE(run_until([&] { return ups_ == 1; }));
    EXPECT_EQ(dials_, 1);
}

TEST_F(GuestTest, RedirectedWhileItDials) {
    agent_.start();
    std::atomic<bool> dialling = false;
    std::promise<void> redirected;
    begin([&]() -> Result<Fd> {
        dialling = true;
        redirected.get_future().wait();
        ++dials_;
        return agent_.connect();
    });
    ASSERT_TRUE(run_until([&] { return dialling.load(); }));
    bool second = false;
    guest_->redirect(
        [&]() -> Result<Fd> {
            second = true;
            return agent_.connect();
        },
        false);
    redirected.set_value();
    EXPECT_TRUE(run_until([&] { return ups_ == 1; }));
    EXPECT_EQ(dials_, 1);
    EXPECT_TRUE(second);
}

TEST_F(GuestTest, RedirectedFromOneThatAnswers) {
    begin();
    ASSERT_TRUE(run_until([&] { return ups_ == 1; }));
    FakeAgent other(false);
    other.start();
    guest_->redirect([&]() -> Result<Fd> { return other.connect(); }, false);
    ASSERT_TRUE(run_until([&] { return ups_ == 2; }));
    EXPECT_EQ(downs_, 1);
    EXPECT_TRUE(facts_.foreign);
    EXPECT_EQ(dials_, 1);
    await(guest_->close());
    guest_.reset();
}

TEST_F(GuestTest, ConnectionsThatBreakOffGetPauses) {
    begin([this]() -> Result<Fd> {
        ++dials_;
        return std::move(test::socket_pair().ours);  // the other end closes at once
    });
    run_until([until = std::chrono::steady_clock::now() + std::chrono::milliseconds(300)] {
        return std::chrono::steady_clock::now() > until;
    });
    EXPECT_GT(dials_, 2);
    EXPECT_LT(dials_, 40);
    EXPECT_EQ(ups_, 0);
}

TEST(PortSet, ChangesFromBeforeTheAnswerAreNotLost) {
    PortSet set;
    EXPECT_FALSE(set.apply(FakeGuestService::removed(22)));
    EXPECT_FALSE(set.apply(FakeGuestService::added(80)));
    Info info;
    FakeGuestService::fill(*info.add_local_ports(), 22);
    FakeGuestService::fill(*info.add_local_ports(), 443);
    set.fill(info);
    ASSERT_EQ(set.ports().size(), 2U);
    EXPECT_EQ(set.ports()[0].port, 80);
    EXPECT_EQ(set.ports()[1].port, 443);
    EXPECT_FALSE(set.apply(FakeGuestService::added(80)));  // told twice
    EXPECT_TRUE(set.apply(FakeGuestService::removed(80)));
}

}  // namespace
}  // namespace lima::hostagent
