// A host of Lima as its bytes arrive: HTTP/2 frames as a Go host writes them, with an empty
// :authority, literal headers without indexing, and 512 MiB windows. Written by hand, so that no
// client library smooths anything.
#include "guestagent/agent/rpc_server.hpp"
#include "guestagent/proto/guest_service.pb.h"
#include "tests/unit/guestagent/agent/agent_support.hpp"
#include "tests/unit/guestagent/agent/wire_host.hpp"

namespace lima::guestagent {
namespace {

using test::local_socket;
using test::LocalSocket;
using test::TestAgent;
using test::WireHost;
using test::http2::Frame;
namespace http2 = test::http2;

std::string literal(const std::string& name, const std::string& value) {
    return std::string(1, '\0') + static_cast<char>(name.size()) + name +
           static_cast<char>(value.size()) + value;
}

/// ":method POST" and ":scheme http" are in HPACK's own table; the others come as they are.
std::string request_headers(const std::string& path) {
    return "\x83\x86" + literal(":path", path) + literal(":authority", "") +
           literal("content-type", "application/grpc") + literal("user-agent", "grpc-go/1.83.0") +
           literal("te", "trailers");
}

class UpstreamHost : public WireHost {
public:
    explicit UpstreamHost(Fd fd) : WireHost(std::move(fd)) {
        const std::string window("\x00\x04\x20\x00\x00\x00", 6);  // INITIAL_WINDOW_SIZE 512 MiB
        const Frame more{.type = http2::kWindowUpdate,
                         .payload = std::string("\x1f\xff\x00\x01", 4)};
        send(std::string(http2::kPreface) +
             Frame{.type = http2::kSettings, .payload = window}.bytes() + more.bytes());
    }
    void call(std::uint32_t stream, const std::string& method) {
        send(Frame{http2::kHeaders, http2::kEndHeaders, stream,
                   request_headers("/GuestService/" + method)}
                 .bytes());
    }
    void message(std::uint32_t stream, const google::protobuf::MessageLite& message, bool last) {
        send(Frame{http2::kData, last ? http2::kEndStream : '\0', stream,
                   http2::grpc_message(message.SerializeAsString())}
                 .bytes());
    }
    void half_close(std::uint32_t stream) {
        send(Frame{http2::kData, http2::kEndStream, stream, ""}.bytes());
    }
};

TEST(UpstreamHost, AsksForInfo) {
    TestAgent agent;
    agent.set_ports({{"tcp", "0.0.0.0", 22}, {"udp", "127.0.0.53", 53}});
    UpstreamHost host(agent.connect());
    host.call(1, "GetInfo");
    host.message(1, Empty(), true);
    const Info info = host.receive<Info>(1);
    ASSERT_EQ(info.local_ports_size(), 2);
    EXPECT_EQ(info.local_ports(0).ip(), "0.0.0.0");
    EXPECT_EQ(host.wait_end(1), 2);  // headers and trailers
    EXPECT_EQ(host.max_streams, 2048U);
}

TEST(UpstreamHost, FollowsEvents) {
    TestAgent agent;
    UpstreamHost host(agent.connect());
    host.call(1, "GetEvents");
    host.message(1, Empty(), true);
    EXPECT_EQ(host.wait_headers(1), 1);  // before there is any event
    agent.set_ports({{"tcp", "::", 80}});
    EXPECT_EQ(test::words(host.receive<Event>(1)), "+tcp/:::80 ");
    agent.set_ports({});
    EXPECT_EQ(test::words(host.receive<Event>(1)), "-tcp/:::80 ");
}

TEST(UpstreamHost, SyncsTheTime) {
    AgentOptions options;
    options.set_clock = [](Nanoseconds) -> Result<void> {
        return fail(Code::kPermissionDenied, "operation not permitted");
    };
    TestAgent agent(std::move(options));
    UpstreamHost host(agent.connect());
    TimeSyncRequest request;
    request.mutable_host_time()->set_seconds(1);
    host.call(1, "SyncTime");
    host.message(1, request, true);
    const auto reply = host.receive<TimeSyncResponse>(1);
    EXPECT_FALSE(reply.adjusted());
    EXPECT_EQ(reply.error(), "operation not permitted");
    EXPECT_GT(reply.drift_ms(), 100);
    EXPECT_EQ(host.wait_end(1), 2);
}

TEST(UpstreamHost, TunnelsBesideEvents) {
    TestAgent agent;
    const LocalSocket server = local_socket(SOCK_STREAM);
    UpstreamHost host(agent.connect());
    host.call(1, "GetEvents");
    host.message(1, Empty(), true);
    TunnelMessage message;
    message.set_id("tcp-127.0.0.1:1-1");
    message.set_protocol("tcp");
    message.set_guest_addr(fmt::format("0.0.0.0:{}", server.port));
    host.call(3, "Tunnel");
    host.message(3, message, false);
    const Fd guest(::accept4(server.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    message.set_data("GET /");
    host.message(3, message, false);
    std::string got(5, '\0');
    ASSERT_EQ(::recv(guest.get(), got.data(), got.size(), MSG_WAITALL), 5);
    EXPECT_EQ(got, "GET /");
    ASSERT_EQ(::send(guest.get(), "200 OK", 6, 0), 6);
    EXPECT_EQ(host.receive<TunnelMessage>(3).data(), "200 OK");
    host.half_close(3);
    EXPECT_EQ(::recv(guest.get(), got.data(), 1, 0), 0);
    ::shutdown(guest.get(), SHUT_RDWR);
    EXPECT_EQ(host.wait_end(3), 2);
}

}  // namespace
}  // namespace lima::guestagent
