// A host of Lima as its bytes arrive: HTTP/2 frames as a Go host writes them, with an empty
// :authority, literal headers without indexing, and 512 MiB windows. Written by hand, so that no
// client library smooths anything.
#include "guestagent/agent/rpc_server.hpp"
#include "guestagent/proto/guest_service.pb.h"
#include "tests/unit/guestagent/agent/agent_support.hpp"

#include <map>
#include <poll.h>

namespace lima::guestagent {
namespace {

using test::local_socket;
using test::LocalSocket;
using test::TestAgent;

std::string frame(char type, char flags, std::uint32_t stream, const std::string& payload) {
    std::string out;
    const auto size = static_cast<std::uint32_t>(payload.size());
    for (const int shift : {16, 8, 0}) {
        out += static_cast<char>(size >> shift);
    }
    out += type;
    out += flags;
    for (const int shift : {24, 16, 8, 0}) {
        out += static_cast<char>(stream >> shift);
    }
    return out + payload;
}

constexpr char kData = 0;
constexpr char kHeaders = 1;
constexpr char kSettings = 4;
constexpr char kPing = 6;
constexpr char kGoAway = 7;
constexpr char kWindowUpdate = 8;
constexpr char kEndStream = 1;
constexpr char kAck = 1;
constexpr char kEndHeaders = 4;

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

std::string grpc_message(const google::protobuf::MessageLite& message) {
    const std::string body = message.SerializeAsString();
    std::string out(1, '\0');
    for (const int shift : {24, 16, 8, 0}) {
        out += static_cast<char>(body.size() >> shift);
    }
    return out + body;
}

class UpstreamHost {
public:
    explicit UpstreamHost(Fd fd) : fd_(std::move(fd)) {
        const std::string window("\x00\x04\x20\x00\x00\x00", 6);  // INITIAL_WINDOW_SIZE 512 MiB
        send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(kSettings, 0, 0, window) +
             frame(kWindowUpdate, 0, 0, std::string("\x1f\xff\x00\x01", 4)));
    }
    void call(std::uint32_t stream, const std::string& method) {
        send(frame(kHeaders, kEndHeaders, stream, request_headers("/GuestService/" + method)));
    }
    void message(std::uint32_t stream, const google::protobuf::MessageLite& message, bool last) {
        send(frame(kData, last ? kEndStream : '\0', stream, grpc_message(message)));
    }
    void half_close(std::uint32_t stream) { send(frame(kData, kEndStream, stream, "")); }

    /// Takes frames until there is a whole message of the stream.
    template <class Message>
    Message receive(std::uint32_t stream) {
        Message out;
        std::string& data = data_[stream];
        while (data.size() < 5 || data.size() < 5 + body_size(data)) {
            if (!take()) {
                ADD_FAILURE() << "no message on stream " << stream;
                return out;
            }
        }
        const std::size_t size = body_size(data);
        EXPECT_TRUE(out.ParseFromArray(data.data() + 5, static_cast<int>(size)));
        data.erase(0, 5 + size);
        return out;
    }
    /// Takes frames until the stream has ended: the number of header blocks it had.
    int wait_end(std::uint32_t stream) {
        while (!ended_[stream] && take()) {
        }
        EXPECT_TRUE(ended_[stream]);
        return blocks_[stream];
    }
    int wait_headers(std::uint32_t stream) {
        while (blocks_[stream] == 0 && take()) {
        }
        return blocks_[stream];
    }
    std::uint32_t max_streams = 0;

private:
    static std::size_t body_size(const std::string& data) {
        std::size_t out = 0;
        for (int i = 1; i < 5; ++i) {
            out = out * 256 + static_cast<unsigned char>(data[static_cast<std::size_t>(i)]);
        }
        return out;
    }
    void send(const std::string& bytes) { EXPECT_TRUE(write_all(fd_.get(), bytes)); }
    bool read(std::string& out, std::size_t size) {
        out.resize(size);
        for (std::size_t done = 0; done < size;) {
            pollfd entry{fd_.get(), POLLIN, 0};
            if (::poll(&entry, 1, 10000) <= 0) {
                return false;
            }
            const ssize_t n = ::recv(fd_.get(), out.data() + done, size - done, 0);
            if (n <= 0) {
                return false;
            }
            done += static_cast<std::size_t>(n);
        }
        return true;
    }
    static std::uint32_t number(const std::string& bytes, std::size_t at, std::size_t count) {
        std::uint32_t out = 0;
        for (std::size_t i = 0; i < count; ++i) {
            out = out * 256 + static_cast<unsigned char>(bytes[at + i]);
        }
        return out;
    }
    bool take() {
        std::string head;
        std::string payload;
        if (!read(head, 9) || !read(payload, number(head, 0, 3))) {
            return false;
        }
        const char type = head[3];
        const char flags = head[4];
        const std::uint32_t stream = number(head, 5, 4);
        if (type == kSettings && (flags & kAck) == 0) {
            for (std::size_t at = 0; at + 6 <= payload.size(); at += 6) {
                if (number(payload, at, 2) == 3) {
                    max_streams = number(payload, at + 2, 4);
                }
            }
            send(frame(kSettings, kAck, 0, ""));
        } else if (type == kPing && (flags & kAck) == 0) {
            send(frame(kPing, kAck, 0, payload));
        } else if (type == kData) {
            data_[stream] += payload;
        } else if (type == kHeaders) {
            ++blocks_[stream];
        } else if (type == kGoAway || type == 3) {
            ADD_FAILURE() << "the agent says goodbye or resets stream " << stream;
            return false;
        }
        if ((type == kData || type == kHeaders) && (flags & kEndStream) != 0) {
            ended_[stream] = true;
        }
        return true;
    }

    Fd fd_;
    std::map<std::uint32_t, std::string> data_;
    std::map<std::uint32_t, int> blocks_;
    std::map<std::uint32_t, bool> ended_;
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
