// Two sessions over a port as a VM has it: it cuts what a process wrote at any byte, keeps the
// bytes of the last host for the guest and those of the guest for the next host, and shows the
// guest only at times that the host was away.
#include "core/mux/session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace lima::mux {
namespace {

using Bytes = std::vector<std::byte>;

std::byte pattern(std::uint64_t seed, std::size_t at) {
    const std::uint64_t mixed = (seed * 1000003U + at) * 0x9e3779b97f4a7c15ULL;
    return static_cast<std::byte>(mixed >> 56);
}

/// What a program does with a session: the host opens streams and sends, the guest sends all back.
class End final : public Session::Events {
public:
    End(Role role, std::string process, std::mt19937& random)
        : process_(std::move(process)), random_(random), session(role, *this) {}

    void session_up() override {
        EXPECT_TRUE(streams.empty());
        ++ups;
        session_tag.clear();
    }
    void session_down(const Error&) override {
        streams.clear();
        ++downs;
    }
    void stream_opened(std::uint32_t id, const std::string& target) override {
        if (id == 0) {
            ++raws;
            return;
        }
        // All streams of one session come from one session of one host, and never from an old one.
        const std::string tag = target.substr(0, target.find('#'));
        if (session_tag.empty()) {
            EXPECT_TRUE(seen_tags.insert(tag).second) << tag << " is an old session";
            session_tag = tag;
        }
        EXPECT_EQ(tag, session_tag);
        EXPECT_TRUE(streams.emplace(id, Stream{std::hash<std::string>()(target)}).second);
        session.accept(id);
    }
    void stream_accepted(std::uint32_t id) override {
        EXPECT_TRUE(streams.contains(id));
        ++accepted;
    }
    void stream_refused(std::uint32_t, const Error& reason) override {
        ADD_FAILURE() << reason.text();
    }
    void stream_data(std::uint32_t id, std::span<const std::byte> data) override {
        if (id == 0) {
            raw.insert(raw.end(), data.begin(), data.end());
            return;
        }
        ASSERT_TRUE(streams.contains(id));
        Stream& stream = streams.at(id);
        for (const std::byte byte : data) {
            ASSERT_EQ(byte, pattern(stream.seed, stream.received++)) << process_;
        }
        session.consumed(id, data.size());
        received += data.size();
    }
    void stream_writable(std::uint32_t) override {}
    void stream_finished(std::uint32_t id) override { EXPECT_TRUE(streams.contains(id)); }
    void stream_reset(std::uint32_t id) override {
        if (id != 0) {
            EXPECT_TRUE(streams.contains(id));
        }
        streams.erase(id);
    }

    /// Host: opens or sends. Guest: sends back what it got.
    void work(Role role) {
        if (role == Role::kHost && session.up() && streams.size() < 5 && random_() % 4 == 0) {
            open();
        }
        for (auto& [id, stream] : streams) {
            const std::size_t ready =
                role == Role::kHost ? random_() % 50000 : stream.received - stream.sent;
            const auto space = session.data_space(id);
            const std::size_t size = std::min(space.size(), ready);
            for (std::size_t i = 0; i < size; ++i) {
                space[i] = pattern(stream.seed, stream.sent++);
            }
            if (size > 0) {
                session.commit_data(id, size);
            }
        }
        if (role == Role::kHost && !streams.empty() && random_() % 50 == 0) {
            const std::uint32_t id = streams.begin()->first;
            streams.erase(id);
            session.release(id);
        }
    }
    std::uint32_t open() {
        const std::string target =
            process_ + "/" + std::to_string(ups) + "#" + std::to_string(random_());
        const auto id = session.open(target);
        EXPECT_TRUE(id);
        streams.emplace(*id, Stream{std::hash<std::string>()(target)});
        return *id;
    }

    struct Stream {
        std::uint64_t seed = 0;
        std::size_t sent = 0;
        std::size_t received = 0;
    };

private:
    std::string process_;
    std::mt19937& random_;

public:
    Session session;
    std::map<std::uint32_t, Stream> streams;
    std::string session_tag;
    std::set<std::string> seen_tags;
    Bytes raw;
    int ups = 0;
    int downs = 0;
    int raws = 0;
    int accepted = 0;
    std::size_t received = 0;
};

class Port {
public:
    explicit Port(unsigned seed) : random(seed) {}

    void new_host(bool with_link = true) {
        // What was on its way to the old host is lost up to some byte; what the old host wrote last
        // was never taken from its socket.
        drop_front(to_host);
        cut_back(to_guest);
        host.reset();
        if (with_link) {
            forge(to_host, ControlKind::kStart);
            forge(to_host, ControlKind::kWelcome);
            host = std::make_unique<End>(Role::kHost, "host" + std::to_string(++processes), random);
            host->session.start(true);
        }
        host_there = true;
    }
    void host_goes() {
        cut_back(to_guest);
        host.reset();
        host_there = false;
    }
    void new_guest() {
        drop_front(to_guest);
        cut_back(to_host);
        forge(to_guest, ControlKind::kHello);
        seen_by_guests.merge(guest ? guest->seen_tags : seen_by_guests);
        guest = std::make_unique<End>(Role::kGuest, "guest" + std::to_string(++processes), random);
        guest->seen_tags = seen_by_guests;
        guest->session.start(host_there);
    }
    /// The guest notices that nobody is there; it has read all by then.
    void guest_sees_nobody() {
        while (!to_guest.empty()) {
            read(guest.get(), to_guest);
        }
        guest->session.peer_away();
    }
    /// The kernel tells of a disconnect only after the next host's bytes have been read.
    void guest_sees_nobody_late() {
        guest_sees_nobody();
        guest->session.peer_there();
    }
    void step() {
        if (host) {
            host->work(Role::kHost);
            write(host.get(), to_guest);
            read(host.get(), to_host);
        }
        if (guest) {
            guest->work(Role::kGuest);
            if (host_there) {
                write(guest.get(), to_host);
            }
            read(guest.get(), to_guest);
        }
    }
    /// Without disturbance both meet, and bytes go there and back.
    void settle() {
        std::uint32_t stream = 0;
        for (int i = 0; i < 4000; ++i) {
            step();
            if (i % 20 == 19) {
                guest->session.patience_over();
            }
            if (!host->session.up() || !guest->session.up()) {
                stream = 0;
                continue;
            }
            if (stream == 0 || !host->streams.contains(stream)) {
                stream = host->open();
            } else if (host->streams.at(stream).received > 1000) {
                return;
            }
        }
        FAIL() << "the link does not come up: host " << host->session.up() << ", guest "
               << guest->session.up() << ", host ups " << host->ups << ", guest ups " << guest->ups;
    }

    std::mt19937 random;
    std::unique_ptr<End> host;
    std::unique_ptr<End> guest;
    Bytes to_guest;
    Bytes to_host;
    std::set<std::string> seen_by_guests;
    bool host_there = false;
    int processes = 0;

private:
    static constexpr std::size_t kCapacity = 100'000;

    /// Somebody's data looks like ours, in what a reader finds that is not in step.
    void forge(Bytes& bytes, ControlKind kind) {
        if (random() % 3 == 0) {
            Control control;
            control.kind = kind;
            control.session.fill(static_cast<std::byte>(random()));
            control.agent.fill(static_cast<std::byte>(random() % 2));
            const Bytes frame = encode_control(control);
            bytes.insert(bytes.begin(), frame.begin(), frame.end());
        }
    }

    std::size_t below(std::size_t limit) {
        // Often at the edges, where the mistakes are.
        switch (random() % 4) {
            case 0:
                return 0;
            case 1:
                return limit;
            case 2:
                return std::min<std::size_t>(limit, random() % 64);
            default:
                return random() % (limit + 1);
        }
    }
    void drop_front(Bytes& bytes) {
        bytes.erase(bytes.begin(),
                    bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size())));
    }
    void cut_back(Bytes& bytes) { bytes.resize(bytes.size() - below(bytes.size())); }

    void write(End* end, Bytes& channel) {
        if (channel.size() >= kCapacity) {
            return;
        }
        std::array<iovec, 3> parts{};
        const std::size_t count = end->session.output().gather(parts);
        std::size_t room = std::min(kCapacity - channel.size(), below(60'000));
        std::size_t written = 0;
        for (std::size_t i = 0; i < count && room > 0; ++i) {
            const auto* from = static_cast<const std::byte*>(parts[i].iov_base);
            const std::size_t size = std::min(room, parts[i].iov_len);
            channel.insert(channel.end(), from, from + size);
            room -= size;
            written += size;
        }
        end->session.output().written(written);
    }
    void read(End* end, Bytes& channel) {
        const auto space = end->session.input();
        const std::size_t size = std::min({space.size(), channel.size(), 1 + below(80'000)});
        std::copy_n(channel.begin(), size, space.begin());
        channel.erase(channel.begin(), channel.begin() + static_cast<std::ptrdiff_t>(size));
        const auto received = end->session.received(size);
        EXPECT_TRUE(received) << received.error().text();
    }
};

TEST(Session, AlwaysComesUpAgainAndNeverWithOldBytes) {
    std::size_t bytes = 0;
    for (unsigned seed = 0; seed < 150; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Port port(seed);
        if (seed % 2 == 0) {
            port.new_host();
        }
        port.new_guest();
        for (int round = 0; round < 25; ++round) {
            switch (port.random() % 6) {
                case 0:
                    port.new_guest();
                    break;
                case 1:
                    port.new_host();
                    port.new_guest();
                    break;
                case 2:
                    port.host_goes();
                    port.guest_sees_nobody();
                    port.new_host();
                    break;
                case 3:
                    port.new_host();
                    port.step();
                    port.guest_sees_nobody_late();
                    break;
                default:
                    port.new_host();  // too quick for the guest to see
            }
            for (auto steps = port.random() % 30; steps > 0; --steps) {
                port.step();
            }
            if (HasFatalFailure() || HasNonfatalFailure()) {
                return;
            }
            if (round % 3 == 0) {
                port.guest->session.patience_over();
            }
        }
        if (!port.host) {
            port.new_host();
        }
        port.settle();
        bytes += port.guest->received;
        if (HasFailure()) {
            return;
        }
    }
    EXPECT_GT(bytes, 1'000'000U);
}

}  // namespace
}  // namespace lima::mux
