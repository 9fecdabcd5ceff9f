// A host of Lima, byte for byte as it was recorded, at our agent: the same ports, and the same
// programs in the guest, must give the answers that Lima's own agent gave.
#include "core/mux/transport.hpp"
#include "guestagent/agent/links.hpp"
#include "guestagent/proto/guest_service.pb.h"
#include "tests/support/recording.hpp"
#include "tests/unit/guestagent/agent/agent_support.hpp"
#include "tests/unit/guestagent/agent/wire_host.hpp"

#include <algorithm>
#include <map>

namespace lima::guestagent {
namespace {

using lima::test::RecordedStep;
using test::local_socket;
using test::LocalSocket;
using test::TestAgent;
using test::WireHost;
using Kind = RecordedStep::Kind;
namespace http2 = test::http2;

// The recorded streams.
constexpr std::uint32_t kInfo = 1;
constexpr std::uint32_t kEvents = 3;
constexpr std::uint32_t kClockInStep = 5;
constexpr std::uint32_t kClockOff = 7;
constexpr std::uint32_t kEcho = 9;
constexpr std::uint32_t kGuestEnds = 11;
constexpr std::uint32_t kNobody = 13;
constexpr std::uint32_t kDatagrams = 15;

enum class Way {
    kSocket,      // in the pieces that were recorded
    kByteByByte,  // a stream has no pieces
    kVirtioPort,  // no frames of ours around it: the agent finds out by the first bytes
};

AgentOptions with_clock(std::vector<Nanoseconds>* clock) {
    AgentOptions options;
    options.set_clock = [clock](Nanoseconds time) -> Result<void> {
        clock->push_back(time);
        return {};
    };
    return options;
}

std::vector<Port> ports_of(const google::protobuf::RepeatedPtrField<IPPort>& wire) {
    std::vector<Port> out;
    for (const IPPort& port : wire) {
        out.push_back({port.protocol(), port.ip(), port.port()});
    }
    return out;
}

int accept(const LocalSocket& server) {
    pollfd entry{server.socket.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&entry, 1, 10000), 1) << "nobody dials";
    return ::accept4(server.socket.get(), nullptr, nullptr, SOCK_CLOEXEC);
}

class RecordedHost : public ::testing::TestWithParam<Way> {
protected:
    RecordedHost()
        : agent_(with_clock(&clock_)),
          tasks_(agent_.loop.get_executor()),
          steps_(lima::test::read_recording("lima-2.2.0-host.txt")) {
        ::shutdown(bound_.socket.get(), SHUT_RDWR);  // keeps the port, and refuses
        map_ports();
        read_answers();
        host_.emplace(GetParam() == Way::kVirtioPort ? connect_port() : agent_.connect(), true);
    }
    ~RecordedHost() override {
        host_.reset();
        if (port_) {
            agent_.on_loop([this] { port_->stop(); });
            std::promise<void> joined;
            asio::co_spawn(agent_.loop, tasks_.join(),
                           [&](const std::exception_ptr&) { joined.set_value(); });
            joined.get_future().get();
            agent_.on_loop([this] { port_.reset(); });
        }
    }

    Fd connect_port() {
        test::SocketPair pair = test::socket_pair();
        agent_.on_loop([&] {
            const asio::any_io_executor executor = agent_.loop.get_executor();
            port_ = std::make_unique<PortLink>(
                executor, mux::socket_transport(executor, std::move(pair.theirs)), "agent",
                agent_opener(
                    [this](Fd fd) { return agent_.agent->add_connection(std::move(fd)); }));
            tasks_.spawn(port_->serve(), "port");
        });
        return std::move(pair.ours);
    }
    /// Recorded ports are those of another machine. All have five digits, so no length changes.
    void map_ports() {
        const std::array<int, 4> here{echo_.port, guest_ends_.port, datagrams_.port, bound_.port};
        for (RecordedStep& step : steps_) {
            std::size_t at = 0;
            while ((at = step.bytes.find(":4000", at)) != std::string::npos) {
                const auto which = static_cast<std::size_t>(step.bytes.at(at + 5) - '1');
                step.bytes.replace(at, 6, fmt::format(":{:05}", here.at(which)));
                at += 6;
            }
        }
    }
    /// The messages of Lima's agent.
    void read_answers() {
        http2::Frames frames(false);
        std::map<std::uint32_t, http2::Messages> messages;
        for (const RecordedStep& step : steps_) {
            if (step.kind == Kind::kAgent) {
                frames.add(step.bytes);
            }
        }
        while (const auto frame = frames.next()) {
            if (frame->type == http2::kData) {
                messages[frame->stream].add(frame->payload);
                while (const auto message = messages[frame->stream].next()) {
                    answers_[frame->stream].push_back(*message);
                }
            }
        }
    }
    template <class Message>
    Message answer(std::uint32_t stream, std::size_t index = 0) const {
        Message out;
        EXPECT_TRUE(out.ParseFromString(answers_.at(stream).at(index)));
        return out;
    }
    /// Sends what the host had sent before it had an answer.
    void play_turn() {
        bool sent = false;
        for (; at_ < steps_.size() && (!sent || steps_[at_].kind == Kind::kHost); ++at_) {
            if (steps_[at_].kind == Kind::kHost) {
                send(steps_[at_].bytes);
                sent = true;
            }
        }
    }
    /// Sends what the host had sent until then.
    void play(const std::string& mark) {
        for (; at_ < steps_.size(); ++at_) {
            const RecordedStep& step = steps_[at_];
            if (step.kind == Kind::kMark && step.bytes == mark) {
                return;
            }
            if (step.kind == Kind::kHost) {
                send(step.bytes);
            }
        }
        FAIL() << "no mark " << mark;
    }
    void send(std::string_view bytes) {
        const std::size_t piece = GetParam() == Way::kByteByByte ? 1 : bytes.size();
        for (; !bytes.empty(); bytes.remove_prefix(piece)) {
            host_->send(bytes.substr(0, piece));
        }
    }
    void expect_ended(std::uint32_t stream, const std::string& status) {
        host_->wait_end(stream);
        EXPECT_EQ(host_->header(stream, "grpc-status"), status)
            << host_->header(stream, "grpc-message");
        EXPECT_FALSE(host_->has_messages(stream));
    }
    void expect_data(std::uint32_t stream, const TunnelMessage& want) {
        TunnelMessage got = host_->receive<TunnelMessage>(stream);
        while (got.data().size() < want.data().size()) {
            const auto more = host_->receive<TunnelMessage>(stream);
            ASSERT_FALSE(more.data().empty());
            got.mutable_data()->append(more.data());
        }
        EXPECT_EQ(got.SerializeAsString(), want.SerializeAsString());
    }

    void info_and_events();
    void clock();
    void echo();
    void other_tunnels();

    std::vector<Nanoseconds> clock_;
    TestAgent agent_;
    aio::TaskScope tasks_;
    std::unique_ptr<PortLink> port_;
    LocalSocket echo_ = local_socket(SOCK_STREAM);
    LocalSocket guest_ends_ = local_socket(SOCK_STREAM);
    LocalSocket datagrams_ = local_socket(SOCK_DGRAM);
    LocalSocket bound_ = local_socket(SOCK_STREAM);
    std::vector<RecordedStep> steps_;
    std::size_t at_ = 0;
    std::map<std::uint32_t, std::vector<std::string>> answers_;
    std::optional<WireHost> host_;
};

void RecordedHost::info_and_events() {
    const auto info = answer<Info>(kInfo);
    ASSERT_EQ(info.local_ports_size(), 4);
    std::vector<Port> ports = ports_of(info.local_ports());
    agent_.set_ports(ports);
    play("GetInfo");
    EXPECT_EQ(host_->receive<Info>(kInfo).SerializeAsString(), info.SerializeAsString());
    expect_ended(kInfo, "0");
    EXPECT_EQ(host_->max_streams, 2048U);
    EXPECT_EQ(host_->settings_acks, 1);

    play("GetEvents");
    for (std::size_t i = 0; i < 3; ++i) {
        const auto want = answer<Event>(kEvents, i);
        if (i == 1) {
            play("opened");
            ports.push_back(ports_of(want.added_local_ports()).at(0));
            agent_.set_ports(ports);
        } else if (i == 2) {
            play("closed");
            ports.pop_back();
            agent_.set_ports(ports);
        }
        const auto got = host_->receive<Event>(kEvents);
        EXPECT_EQ(test::words(got), test::words(want));
        EXPECT_EQ(got.errors_size(), 0);
        EXPECT_GE(got.time().seconds(), want.time().seconds() - 1'000'000'000);
    }
}

void RecordedHost::clock() {
    play("SyncTime");  // the recording's present is in the past now
    auto reply = host_->receive<TimeSyncResponse>(kClockInStep);
    EXPECT_TRUE(reply.adjusted());
    expect_ended(kClockInStep, "0");
    play("SyncTime adjusts");
    auto earlier = host_->receive<TimeSyncResponse>(kClockOff);
    EXPECT_EQ(earlier.adjusted(), answer<TimeSyncResponse>(kClockOff).adjusted());
    EXPECT_EQ(earlier.error(), "");
    expect_ended(kClockOff, "0");
    ASSERT_EQ(clock_.size(), 2U);
    // The host said "now", and then "an hour ago".
    constexpr std::int64_t kHour = 3'600'000;
    EXPECT_NEAR(static_cast<double>((clock_[0] - clock_[1]).count()), kHour * 1e6, 10e9);
    EXPECT_NEAR(static_cast<double>(earlier.drift_ms() - reply.drift_ms()), kHour, 60e3);
    EXPECT_EQ(answer<TimeSyncResponse>(kClockOff).drift_ms(), kHour);
}

void RecordedHost::echo() {
    play("Tunnel");
    const Fd guest(accept(echo_));
    const auto echo = [&](std::size_t index) {
        const auto want = answer<TunnelMessage>(kEcho, index);
        std::string got(want.data().size(), '\0');
        ASSERT_EQ(::recv(guest.get(), got.data(), got.size(), MSG_WAITALL),
                  static_cast<ssize_t>(got.size()));
        EXPECT_EQ(got, want.data());
        ASSERT_TRUE(write_all(guest.get(), got));
        expect_data(kEcho, want);
    };
    echo(0);
    play("Tunnel more");
    echo(1);
    play("Tunnel ends by the host");
    char byte = 0;
    EXPECT_EQ(::recv(guest.get(), &byte, 1, 0), 0);
    ::shutdown(guest.get(), SHUT_RDWR);
    expect_ended(kEcho, "0");
}

void RecordedHost::other_tunnels() {
    play_turn();
    {
        const Fd guest(accept(guest_ends_));
        std::string got(7, '\0');
        ASSERT_EQ(::recv(guest.get(), got.data(), got.size(), MSG_WAITALL), 7);
        ASSERT_TRUE(write_all(guest.get(), "you said " + got));
    }
    expect_data(kGuestEnds, answer<TunnelMessage>(kGuestEnds));
    expect_ended(kGuestEnds, "0");
    play("Tunnel ends by the guest");  // the host resets what has ended

    play_turn();
    expect_ended(kNobody, "2");
    EXPECT_NE(host_->header(kNobody, "grpc-message").find("connection refused"), std::string::npos);
    play("Tunnel to nobody");

    play("Tunnel of datagrams");
    std::array<char, 64> buffer{};
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t n = ::recvfrom(datagrams_.socket.get(), buffer.data(), buffer.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    ASSERT_EQ(n, 4);
    const std::string reply = "re: " + std::string(buffer.data(), 4);
    ASSERT_EQ(::sendto(datagrams_.socket.get(), reply.data(), reply.size(), 0,
                       reinterpret_cast<sockaddr*>(&from), size),
              static_cast<ssize_t>(reply.size()));
    expect_data(kDatagrams, answer<TunnelMessage>(kDatagrams));
    play("Tunnel of datagrams ends");
}

TEST_P(RecordedHost, GetsTheAnswersOfLimasAgent) {
    ASSERT_NO_FATAL_FAILURE(info_and_events());
    ASSERT_NO_FATAL_FAILURE(clock());
    ASSERT_NO_FATAL_FAILURE(echo());
    ASSERT_NO_FATAL_FAILURE(other_tunnels());
    play("end");
    host_.reset();
    if (GetParam() != Way::kVirtioPort) {  // which has one host at a time
        host_.emplace(agent_.connect(), true);
        at_ = 0;
        play("GetInfo");
        EXPECT_EQ(host_->receive<Info>(kInfo).local_ports_size(), 4);
    }
}

/// ":authority" is there and empty, as an entry of HPACK's own table.
TEST(RecordedHostBytes, HaveAnEmptyAuthority) {
    http2::Frames frames(true);
    int calls = 0;
    for (const RecordedStep& step : lima::test::read_recording("lima-2.2.0-host.txt")) {
        if (step.kind == Kind::kHost) {
            frames.add(step.bytes);
        }
    }
    while (const auto frame = frames.next()) {
        if (frame->type == http2::kHeaders) {
            ++calls;
            EXPECT_NE(frame->payload.find('\x81'), std::string::npos);
        }
    }
    EXPECT_EQ(calls, 8);
}

INSTANTIATE_TEST_SUITE_P(Ways, RecordedHost,
                         ::testing::Values(Way::kSocket, Way::kByteByByte, Way::kVirtioPort),
                         [](const ::testing::TestParamInfo<Way>& way) -> std::string {
                             return way.param == Way::kSocket       ? "Socket"
                                    : way.param == Way::kByteByByte ? "ByteByByte"
                                                                    : "VirtioPort";
                         });

}  // namespace
}  // namespace lima::guestagent
