#include "core/hostagent/forward/reconciler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lima::hostagent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FakeGround final : public Reconciler::Ground {
public:
    Result<void> open(const std::string& host, const std::string& guest) override {
        ++attempts;
        if (const auto taken = errors.find(host); taken != errors.end()) {
            return fail(taken->second);
        }
        EXPECT_TRUE(listeners.emplace(host, guest).second) << host << " is open already";
        return {};
    }
    void retarget(const std::string& host, const std::string& guest) override {
        listeners.at(host) = guest;
    }
    void close(const std::string& host) override { EXPECT_EQ(listeners.erase(host), 1U) << host; }

    std::map<std::string, std::string> listeners;
    std::map<std::string, Error> errors;
    int attempts = 0;
};

class ReconcilerTest : public testing::Test {
protected:
    void with(std::vector<config::PortForward> user_rules) {
        config::Config config;
        config.port_forwards = user_rules;
        reconciler_ = std::make_unique<Reconciler>(
            forward_rules(config, 60022), ignored_protocols(user_rules), ground_,
            [this](const hostapi::PortForwardEvent& event) {
                std::string text = event.type + " " + event.protocol + " " + event.guest_addr;
                text += event.host_addr.empty() ? "" : " " + event.host_addr;
                text += event.error.empty() ? "" : ": " + event.error;
                events_.push_back(text);
            });
    }
    void SetUp() override { with({}); }
    void set(std::vector<GuestPort> ports) { reconciler_->set(ports); }
    std::vector<std::string> events() { return std::exchange(events_, {}); }

    FakeGround ground_;
    std::unique_ptr<Reconciler> reconciler_;
    std::vector<std::string> events_;
};

config::PortForward all(bool ignore) {
    config::PortForward rule;
    rule.proto = "any";
    rule.guest_ip = "0.0.0.0";
    rule.guest_ip_must_be_zero = false;
    rule.guest_port_range = {1, 65535};
    rule.host_ip = "127.0.0.1";
    rule.host_port_range = rule.guest_port_range;
    rule.ignore = ignore;
    return rule;
}

TEST_F(ReconcilerTest, FollowsWhatListens) {
    set({{"tcp", "127.0.0.1", 80}});
    EXPECT_THAT(events(), ElementsAre("forwarding tcp 127.0.0.1:80 127.0.0.1:80"));
    set({{"tcp", "127.0.0.1", 80}});
    EXPECT_THAT(events(), IsEmpty());
    // What is new comes before what has gone.
    set({{"tcp", "127.0.0.1", 81}});
    EXPECT_THAT(events(), ElementsAre("forwarding tcp 127.0.0.1:81 127.0.0.1:81",
                                      "stopping tcp 127.0.0.1:80 127.0.0.1:80"));
    EXPECT_EQ(ground_.listeners.size(), 1U);
    set({});
    EXPECT_TRUE(ground_.listeners.empty());
}

TEST_F(ReconcilerTest, SaysWhatIsNotForwarded) {
    set({{"tcp", "0.0.0.0", 22}, {"tcp", "192.168.5.15", 80}, {"udp", "127.0.0.1", 5000}});
    EXPECT_THAT(events(),
                ElementsAre("not-forwarding tcp 0.0.0.0:22", "not-forwarding tcp 192.168.5.15:80",
                            "not-forwarding udp 127.0.0.1:5000"));
    set({});
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(ReconcilerTest, SaysNothingWhenAllIsIgnored) {
    with({all(true)});
    set({{"tcp", "0.0.0.0", 80}, {"udp", "127.0.0.1", 5000}});
    EXPECT_THAT(events(), IsEmpty());
    EXPECT_TRUE(ground_.listeners.empty());
}

TEST_F(ReconcilerTest, StaticPortsAreNotItsBusiness) {
    config::PortForward fixed = all(false);
    fixed.static_ = true;
    fixed.guest_port_range = {8080, 8080};
    with({fixed});
    set({{"tcp", "192.168.5.15", 8080}, {"tcp", "127.0.0.1", 8081}});
    EXPECT_THAT(events(), ElementsAre("forwarding tcp 127.0.0.1:8081 127.0.0.1:8081"));
}

TEST_F(ReconcilerTest, OnePortOnBothFamiliesSharesAListener) {
    const GuestPort v4{"tcp", "0.0.0.0", 80};
    const GuestPort v6{"tcp", "::", 80};
    set({v6});
    EXPECT_EQ(ground_.listeners.at("127.0.0.1:80"), "[::]:80");
    set({v4, v6});
    EXPECT_EQ(ground_.listeners.at("127.0.0.1:80"), "0.0.0.0:80");
    EXPECT_THAT(events(), ElementsAre("forwarding tcp [::]:80 127.0.0.1:80",
                                      "forwarding tcp 0.0.0.0:80 127.0.0.1:80"));
    set({v6});
    EXPECT_EQ(ground_.listeners.at("127.0.0.1:80"), "[::]:80");
    EXPECT_THAT(events(), ElementsAre("stopping tcp 0.0.0.0:80 127.0.0.1:80"));
    set({});
    EXPECT_TRUE(ground_.listeners.empty());
    EXPECT_EQ(ground_.attempts, 1);
}

TEST_F(ReconcilerTest, TakenPortIsReportedOnceAndTriedAgain) {
    ground_.errors.emplace("127.0.0.1:80", Error(Code::kUnknown, "address already in use"));
    set({{"tcp", "127.0.0.1", 80}});
    EXPECT_THAT(events(), ElementsAre("failed tcp 127.0.0.1:80 127.0.0.1:80: address already in "
                                      "use"));
    EXPECT_TRUE(reconciler_->has_failed());
    reconciler_->retry();
    EXPECT_THAT(events(), IsEmpty());
    ground_.errors.clear();
    set({{"tcp", "127.0.0.1", 80}, {"tcp", "192.168.5.15", 9}});
    EXPECT_THAT(events(), ElementsAre("not-forwarding tcp 192.168.5.15:9",
                                      "forwarding tcp 127.0.0.1:80 127.0.0.1:80"));
    EXPECT_FALSE(reconciler_->has_failed());
}

TEST_F(ReconcilerTest, TwoGuestPortsForOneHostPort) {
    config::PortForward shifted = all(false);
    shifted.guest_port_range = {80, 80};
    shifted.host_port_range = {8080, 8080};
    with({shifted});
    set({{"tcp", "127.0.0.1", 80}, {"tcp", "127.0.0.1", 8080}});
    EXPECT_THAT(events(),
                ElementsAre("forwarding tcp 127.0.0.1:80 127.0.0.1:8080",
                            "failed tcp 127.0.0.1:8080 127.0.0.1:8080: 127.0.0.1:8080 leads to "
                            "port 80 of the guest already"));
    // The holder goes: the other takes its place.
    set({{"tcp", "127.0.0.1", 8080}});
    EXPECT_THAT(events(), ElementsAre("stopping tcp 127.0.0.1:80 127.0.0.1:8080",
                                      "forwarding tcp 127.0.0.1:8080 127.0.0.1:8080"));
    EXPECT_EQ(ground_.listeners.at("127.0.0.1:8080"), "127.0.0.1:8080");
}

TEST_F(ReconcilerTest, PrivilegedPortIsNoFailure) {
    ground_.errors.emplace("127.0.0.1:80", Error(Code::kPermissionDenied, "permission denied"));
    set({{"tcp", "127.0.0.1", 80}});
    EXPECT_THAT(events(),
                ElementsAre("not-forwarding tcp 127.0.0.1:80 127.0.0.1:80: permission denied"));
}

}  // namespace
}  // namespace lima::hostagent
