#include "guestagent/agent/tunnel.hpp"

#include "guestagent/proto/guest_service.grpc.pb.h"
#include "tests/unit/guestagent/agent/agent_support.hpp"

#include <sys/un.h>

namespace lima::guestagent {
namespace {

using test::local_socket;
using test::LocalSocket;
using test::TestAgent;

class TunnelTest : public ::testing::Test {
protected:
    using Stream = grpc::ClientReaderWriter<TunnelMessage, TunnelMessage>;

    TunnelTest() : stub_(GuestService::NewStub(agent_.channel())) {}

    std::unique_ptr<Stream> open(grpc::ClientContext& context, const std::string& protocol,
                                 const std::string& address) {
        test::set_deadline(context);
        auto stream = stub_->Tunnel(&context);
        TunnelMessage hello;
        hello.set_id("tcp-1");
        hello.set_protocol(protocol);
        hello.set_guest_addr(address);
        hello.set_data("not counted");
        EXPECT_TRUE(stream->Write(hello));
        return stream;
    }
    static void send(Stream& stream, std::string data) {
        TunnelMessage message;
        message.set_data(std::move(data));
        EXPECT_TRUE(stream.Write(message));
    }
    static Fd accept(const LocalSocket& server) {
        return Fd(::accept4(server.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
    static std::string receive(const Fd& fd, std::size_t size) {
        std::string out(size, '\0');
        std::size_t done = 0;
        while (done < size) {
            const ssize_t n = ::recv(fd.get(), out.data() + done, size - done, 0);
            if (n <= 0) {
                break;
            }
            done += static_cast<std::size_t>(n);
        }
        out.resize(done);
        return out;
    }

    TestAgent agent_;
    std::unique_ptr<GuestService::Stub> stub_;
};

TEST_F(TunnelTest, CarriesBothDirections) {
    const LocalSocket server = local_socket(SOCK_STREAM);
    grpc::ClientContext context;
    const auto stream = open(context, "tcp", fmt::format("0.0.0.0:{}", server.port));
    const Fd guest = accept(server);
    send(*stream, "hello");
    EXPECT_EQ(receive(guest, 5), "hello");
    ASSERT_EQ(::send(guest.get(), "world", 5, 0), 5);
    TunnelMessage reply;
    ASSERT_TRUE(stream->Read(&reply));
    EXPECT_EQ(reply.data(), "world");
    EXPECT_EQ(reply.id(), "tcp-1");
    ::shutdown(guest.get(), SHUT_RDWR);
    EXPECT_FALSE(stream->Read(&reply));
    EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(TunnelTest, KeepsTheHalfCloseOfTheHost) {
    const LocalSocket server = local_socket(SOCK_STREAM, AF_INET6);
    grpc::ClientContext context;
    const auto stream = open(context, "tcp", fmt::format("[::]:{}", server.port));
    const Fd guest = accept(server);
    send(*stream, "question");
    stream->WritesDone();
    EXPECT_EQ(receive(guest, 100), "question");  // to its end
    ASSERT_EQ(::send(guest.get(), "answer", 6, 0), 6);
    ::shutdown(guest.get(), SHUT_RDWR);
    TunnelMessage reply;
    ASSERT_TRUE(stream->Read(&reply));
    EXPECT_EQ(reply.data(), "answer");
    EXPECT_FALSE(stream->Read(&reply));
    EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(TunnelTest, SaysWhyItCannotConnect) {
    int port = 0;
    {
        const LocalSocket closed = local_socket(SOCK_STREAM);
        port = closed.port;
    }
    for (const auto& [protocol, address, text] : std::vector<std::array<std::string, 3>>{
             {"tcp", fmt::format("127.0.0.1:{}", port), "onnection refused"},
             {"tcp", "127.0.0.1", "missing port"},
             {"sctp", "127.0.0.1:1", "unknown network"},
             {"tcp", "example.com:80", "not a numeric address"},
             {"unix", "/nowhere/socket", "o such file"}}) {
        grpc::ClientContext context;
        const auto stream = open(context, protocol, address);
        TunnelMessage reply;
        EXPECT_FALSE(stream->Read(&reply));
        const grpc::Status status = stream->Finish();
        EXPECT_EQ(status.error_code(), grpc::StatusCode::UNKNOWN);
        EXPECT_NE(status.error_message().find(text), std::string::npos) << status.error_message();
    }
}

TEST_F(TunnelTest, CarriesDatagrams) {
    const LocalSocket server = local_socket(SOCK_DGRAM);
    grpc::ClientContext context;
    const auto stream = open(context, "udp", fmt::format("127.0.0.1:{}", server.port));
    const std::string big(60000, 'x');
    send(*stream, big);
    std::string got(70000, '\0');
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    const ssize_t n = ::recvfrom(server.socket.get(), got.data(), got.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    EXPECT_EQ(n, 60000);
    const auto* to = reinterpret_cast<const sockaddr*>(&from);
    // An empty one would end the session and is left out.
    EXPECT_EQ(::sendto(server.socket.get(), "", 0, 0, to, size), 0);
    EXPECT_EQ(::sendto(server.socket.get(), big.data(), big.size(), 0, to, size), 60000);
    TunnelMessage reply;
    ASSERT_TRUE(stream->Read(&reply));
    EXPECT_EQ(reply.data(), big);
    stream->WritesDone();
    EXPECT_FALSE(stream->Read(&reply));
    EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(TunnelTest, HoldsTheHostUpWhenTheGuestDoesNotRead) {
    const LocalSocket server = local_socket(SOCK_STREAM);
    grpc::ClientContext context;
    const auto stream = open(context, "tcp", fmt::format("127.0.0.1:{}", server.port));
    const Fd guest = accept(server);
    const std::string chunk(1 << 20, 'y');
    constexpr int kChunks = 64;
    std::atomic<int> sent{0};
    std::thread writer([&] {
        for (int i = 0; i < kChunks; ++i) {
            send(*stream, chunk);
            ++sent;
        }
        stream->WritesDone();
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    EXPECT_LT(sent.load(), kChunks / 2);
    // Others go on meanwhile.
    const LocalSocket other = local_socket(SOCK_STREAM);
    grpc::ClientContext second_context;
    const auto second = open(second_context, "tcp", fmt::format("127.0.0.1:{}", other.port));
    const Fd other_guest = accept(other);
    send(*second, "quick");
    EXPECT_EQ(receive(other_guest, 5), "quick");
    second_context.TryCancel();
    second->Finish();
    EXPECT_EQ(receive(guest, kChunks * chunk.size()).size(), kChunks * chunk.size());
    writer.join();
    ::shutdown(guest.get(), SHUT_RDWR);
    TunnelMessage reply;
    EXPECT_FALSE(stream->Read(&reply));
    EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(TunnelTest, ClosesTheGuestsConnectionWhenTheHostIsGone) {
    const LocalSocket server = local_socket(SOCK_STREAM);
    grpc::ClientContext context;
    const auto stream = open(context, "tcp", fmt::format("127.0.0.1:{}", server.port));
    const Fd guest = accept(server);
    context.TryCancel();
    stream->Finish();
    EXPECT_EQ(receive(guest, 1), "");
}

}  // namespace
}  // namespace lima::guestagent
