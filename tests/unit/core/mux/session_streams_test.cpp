// Single rules of a session: hosts without links, and peers that mean harm.
#include "core/mux/session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace lima::mux {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct Recorder final : Session::Events {
    void session_up() override { ++ups; }
    void session_down(const Error& reason) override {
        ++downs;
        why = reason.text();
        streams.clear();
    }
    void stream_opened(std::uint32_t id, const std::string& target) override {
        streams.insert(id);
        targets.push_back(target);
    }
    void stream_accepted(std::uint32_t) override { ++accepted; }
    void stream_refused(std::uint32_t, const Error& reason) override { why = reason.text(); }
    void stream_data(std::uint32_t id, std::span<const std::byte> data) override {
        bytes[id == 0 ? 0 : 1] += data.size();
        if (id == 0) {
            raw.append(reinterpret_cast<const char*>(data.data()), data.size());
        }
    }
    void stream_writable(std::uint32_t) override { ++writable; }
    void stream_finished(std::uint32_t) override { ++finished; }
    void stream_reset(std::uint32_t id) override {
        streams.erase(id);
        ++resets;
    }

    int ups = 0, downs = 0, accepted = 0, writable = 0, finished = 0, resets = 0;
    std::size_t bytes[2]{};
    std::string why, raw;
    std::set<std::uint32_t> streams;
    std::vector<std::string> targets;
};

struct End {
    explicit End(Role role) : session(role, events) {}

    Result<void> give(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const auto space = session.input();
            const std::size_t size = std::min(space.size(), bytes.size());
            std::copy_n(bytes.begin(), size, space.begin());
            bytes = bytes.subspan(size);
            LIMA_DO(session.received(size));
        }
        return {};
    }
    Result<void> give(std::string_view text) { return give(std::as_bytes(std::span(text))); }
    Bytes take() {
        Bytes out;
        while (!session.output().empty()) {
            iovec part{};
            session.output().gather(std::span(&part, 1));
            const auto* from = static_cast<const std::byte*>(part.iov_base);
            out.insert(out.end(), from, from + part.iov_len);
            session.output().written(part.iov_len);
        }
        return out;
    }

    Recorder events;
    Session session;
};

void exchange(End& a, End& b) {
    for (Bytes bytes = a.take(); !bytes.empty(); bytes = a.take()) {
        ASSERT_TRUE(b.give(bytes));
        ASSERT_TRUE(a.give(b.take()));
    }
}

struct Connected {
    Connected() {
        guest.session.start(true);
        host.session.start(true);
        exchange(host, guest);
        exchange(host, guest);
        EXPECT_TRUE(host.session.up());
        EXPECT_TRUE(guest.session.up());
    }
    End host{Role::kHost};
    End guest{Role::kGuest};
};

TEST(SessionRules, HostWithoutLinksIsServedAsItIs) {
    End guest(Role::kGuest);
    guest.session.start(true);
    ASSERT_TRUE(guest.give("PRI * HTTP/2"));
    EXPECT_TRUE(guest.events.targets.empty());
    ASSERT_TRUE(guest.give(std::string(kPreface.substr(12)) + "settings"));
    EXPECT_EQ(guest.events.targets, std::vector<std::string>{"agent"});
    EXPECT_EQ(guest.events.raw, std::string(kPreface) + "settings");
    const auto space = guest.session.data_space(0);
    ASSERT_GE(space.size(), 2U);
    space[0] = std::byte{'o'};
    space[1] = std::byte{'k'};
    guest.session.commit_data(0, 2);
    // Nothing of ours on the wire, before or after.
    EXPECT_EQ(guest.take(), (Bytes{std::byte{'o'}, std::byte{'k'}}));

    guest.session.peer_away();
    EXPECT_EQ(guest.events.resets, 1);
    End host(Role::kHost);
    host.session.start(true);
    exchange(host, guest);
    exchange(host, guest);
    EXPECT_TRUE(guest.session.up());

    // And back: such a host after one with links, once the guest has seen that it went.
    guest.session.peer_away();
    EXPECT_EQ(guest.events.downs, 1);
    ASSERT_TRUE(guest.give(kPreface));
    EXPECT_EQ(guest.events.targets.size(), 2U);
}

TEST(SessionRules, TheOldHostIsSeenToGoAfterTheNewOneSpoke) {
    Connected both;
    End next(Role::kHost);
    next.session.start(true);
    exchange(next, both.guest);
    ASSERT_TRUE(next.session.up());
    both.guest.session.peer_away();  // of the host before
    EXPECT_FALSE(both.guest.session.up());
    both.guest.session.peer_there();
    ASSERT_TRUE(both.guest.session.wants_patience());
    both.guest.session.patience_over();  // the host waits in vain, and says nothing
    exchange(both.guest, next);
    exchange(next, both.guest);
    EXPECT_TRUE(next.session.up());
    EXPECT_TRUE(both.guest.session.up());
}

TEST(SessionRules, PrefaceInTheMiddleIsData) {
    Connected both;
    const auto id = both.host.session.open("x");
    exchange(both.host, both.guest);
    const auto space = both.host.session.data_space(*id);
    std::transform(kPreface.begin(), kPreface.end(), space.begin(),
                   [](char c) { return static_cast<std::byte>(c); });
    both.host.session.commit_data(*id, kPreface.size());
    exchange(both.host, both.guest);
    EXPECT_EQ(both.guest.events.bytes[1], kPreface.size());
    EXPECT_EQ(both.guest.events.raw, "");
}

TEST(SessionRules, GuestThatComesToAQuietHostSaysStartAfterAWhile) {
    Connected both;
    End next(Role::kGuest);
    next.session.start(true);
    EXPECT_TRUE(next.session.wants_patience());
    EXPECT_TRUE(next.take().empty());
    next.session.patience_over();
    ASSERT_TRUE(both.host.give(next.take()));
    EXPECT_EQ(both.host.events.downs, 1);
    exchange(both.host, next);
    EXPECT_TRUE(both.host.session.up());
    EXPECT_TRUE(next.session.up());
}

TEST(SessionRules, WindowHoldsTheSenderAndOpensAgain) {
    Connected both;
    const auto id = both.host.session.open("x");
    exchange(both.host, both.guest);
    std::size_t sent = 0;
    for (auto space = both.host.session.data_space(*id); !space.empty();
         space = both.host.session.data_space(*id)) {
        both.host.session.commit_data(*id, space.size());
        sent += space.size();
        exchange(both.host, both.guest);
    }
    EXPECT_EQ(sent, Session::kFirstWindow);
    both.guest.session.consumed(*id, sent);
    ASSERT_TRUE(both.host.give(both.guest.take()));
    EXPECT_EQ(both.host.events.writable, 1);
    EXPECT_FALSE(both.host.session.data_space(*id).empty());
}

TEST(SessionRules, MoreThanTheWindowEndsTheConnection) {
    Connected both;
    const auto id = both.host.session.open("x");
    exchange(both.host, both.guest);
    const Bytes data(kMaxPayload, std::byte{1});
    Result<void> result;
    for (int i = 0; i < 5 && result; ++i) {
        result = both.host.give(encode_frame(Type::kData, *id, data));
    }
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().text(), "the guest agent sent more data than it may");
    EXPECT_LE(both.host.events.bytes[1], Session::kFirstWindow);
    EXPECT_EQ(both.host.events.downs, 1);
}

TEST(SessionRules, FramesOfStreamsThatHaveEndedAreIgnored) {
    Connected both;
    const auto id = both.host.session.open("x");
    exchange(both.host, both.guest);
    both.host.session.release(*id);
    const Bytes data(100, std::byte{1});
    EXPECT_TRUE(both.host.give(encode_frame(Type::kData, *id, data)));
    EXPECT_TRUE(both.host.give(encode_frame(Type::kReset, *id, {})));
    EXPECT_EQ(both.host.events.bytes[1], 0U);
    // One that never was is another matter.
    EXPECT_FALSE(both.host.give(encode_frame(Type::kData, *id + 2, data)));
}

TEST(SessionRules, TooManyStreamsAreRefused) {
    Connected both;
    const std::string target = "x";
    for (std::uint32_t i = 0; i < Session::kMaxStreams + 10; ++i) {
        ASSERT_TRUE(
            both.host.give(encode_frame(Type::kOpen, 2 * i + 2, std::as_bytes(std::span(target)))));
    }
    EXPECT_EQ(both.host.events.streams.size(), Session::kMaxStreams);
    EXPECT_LT(both.host.session.output().size(), 2000U);
}

TEST(SessionRules, FloodOfStartsKeepsTheOutputShort) {
    Connected both;
    End noisy(Role::kGuest);
    noisy.session.start(true);
    noisy.session.patience_over();
    const Bytes start = noisy.take();
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(both.host.give(start));
    }
    EXPECT_LT(both.host.session.output().size(), 2 * kPadding);
}

// Whatever comes, it ends in an error or in nothing: no crash, no growth.
TEST(SessionRules, AnyBytesAreSurvived) {
    std::mt19937 random(7);
    for (int round = 0; round < 3000; ++round) {
        Connected both;
        (void)both.host.session.open("x");
        const auto id = both.host.session.open("y");
        exchange(both.host, both.guest);
        both.guest.session.accept(*id);
        Bytes bytes = both.guest.take();
        for (int i = 0; i < 20; ++i) {
            const auto type = static_cast<Type>(1 + random() % 9);
            Bytes payload(random() % 60);
            std::generate(payload.begin(), payload.end(),
                          [&] { return static_cast<std::byte>(random() % 3); });
            const Bytes frame =
                encode_frame(type, static_cast<std::uint32_t>(random() % 8), payload);
            bytes.insert(bytes.end(), frame.begin(), frame.end());
        }
        if (random() % 2 == 0) {
            bytes[random() % bytes.size()] = static_cast<std::byte>(random());
        }
        End& victim = random() % 2 == 0 ? both.host : both.guest;
        (void)victim.give(bytes);
        EXPECT_LT(victim.session.output().size(), 2 * kPadding);
    }
}

}  // namespace
}  // namespace lima::mux
