#include "guestagent/agent/guest_service.hpp"

#include "tests/unit/guestagent/agent/agent_support.hpp"

#include <sys/stat.h>

namespace lima::guestagent {
namespace {

using test::set_deadline;
using test::TestAgent;
using test::words;

TEST(GuestService, TellsThePortsOfNow) {
    TestAgent agent;
    agent.set_ports({{"tcp", "0.0.0.0", 80}, {"udp", "::", 53}});
    const auto stub = GuestService::NewStub(agent.channel());
    grpc::ClientContext context;
    set_deadline(context);
    Info info;
    const grpc::Status status = stub->GetInfo(&context, Empty(), &info);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(info.local_ports_size(), 2);
    EXPECT_EQ(info.local_ports(0).protocol(), "tcp");
    EXPECT_EQ(info.local_ports(1).ip(), "::");
    EXPECT_EQ(info.local_ports(1).port(), 53);
}

TEST(GuestService, StreamsWhatComesAndGoes) {
    TestAgent agent;
    agent.set_ports({{"tcp", "127.0.0.1", 22}});
    const auto stub = GuestService::NewStub(agent.channel());
    grpc::ClientContext context;
    set_deadline(context);
    const auto stream = stub->GetEvents(&context, Empty());
    Event event;
    ASSERT_TRUE(stream->Read(&event));
    EXPECT_EQ(words(event), "+tcp/127.0.0.1:22 ");
    EXPECT_GT(event.time().seconds(), 1'600'000'000);
    agent.set_ports({{"tcp", "127.0.0.1", 8080}, {"tcp", "127.0.0.1", 8080}});
    ASSERT_TRUE(stream->Read(&event));
    EXPECT_EQ(words(event), "+tcp/127.0.0.1:8080 -tcp/127.0.0.1:22 ");
    context.TryCancel();
    EXPECT_FALSE(stream->Read(&event));
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST(GuestService, SendsHeadersAtOnce) {
    TestAgent agent;
    const auto stub = GuestService::NewStub(agent.channel());
    grpc::ClientContext context;
    set_deadline(context);
    const auto stream = stub->GetEvents(&context, Empty());
    stream->WaitForInitialMetadata();  // no port, no event: only these can come
    context.TryCancel();
    stream->Finish();
}

TEST(GuestService, TellsANewStreamWhatChangedSinceTheLast) {
    TestAgent agent;
    agent.set_ports({{"tcp", "127.0.0.1", 1}, {"tcp", "127.0.0.1", 2}});
    const auto stub = GuestService::NewStub(agent.channel());
    Event event;
    {
        grpc::ClientContext context;
        set_deadline(context);
        const auto stream = stub->GetEvents(&context, Empty());
        ASSERT_TRUE(stream->Read(&event));
        context.TryCancel();
        stream->Finish();
    }
    agent.set_ports({{"tcp", "127.0.0.1", 2}, {"udp", "::1", 3}});
    grpc::ClientContext context;
    set_deadline(context);
    const auto stream = stub->GetEvents(&context, Empty());
    ASSERT_TRUE(stream->Read(&event));
    EXPECT_EQ(words(event), "+udp/::1:3 -tcp/127.0.0.1:1 ");
    context.TryCancel();
    stream->Finish();
}

TEST(GuestService, GivesEveryStreamAllChanges) {
    TestAgent agent;
    const auto stub = GuestService::NewStub(agent.channel());
    grpc::ClientContext one;
    grpc::ClientContext two;
    set_deadline(one);
    set_deadline(two);
    const auto first = stub->GetEvents(&one, Empty());
    const auto second = stub->GetEvents(&two, Empty());
    first->WaitForInitialMetadata();
    second->WaitForInitialMetadata();
    for (int port = 1; port <= 5; ++port) {
        agent.set_ports({{"tcp", "::", port}});
        const std::string wanted = fmt::format("+tcp/:::{} ", port) +
                                   (port > 1 ? fmt::format("-tcp/:::{} ", port - 1) : "");
        Event event;
        ASSERT_TRUE(first->Read(&event));
        EXPECT_EQ(words(event), wanted);
        ASSERT_TRUE(second->Read(&event));
        EXPECT_EQ(words(event), wanted);
    }
    one.TryCancel();
    two.TryCancel();
    first->Finish();
    second->Finish();
}

TEST(GuestService, EndsOpenStreamsWithOk) {
    TestAgent agent;
    const auto stub = GuestService::NewStub(agent.channel());
    grpc::ClientContext events_context;
    set_deadline(events_context);
    const auto events = stub->GetEvents(&events_context, Empty());
    events->WaitForInitialMetadata();
    grpc::ClientContext files_context;
    set_deadline(files_context);
    Empty empty;
    const auto files = stub->PostInotify(&files_context, &empty);
    ASSERT_TRUE(files->Write(Inotify()));
    const test::LocalSocket server = test::local_socket(SOCK_STREAM);
    grpc::ClientContext tunnel_context;
    set_deadline(tunnel_context);
    const auto tunnel = stub->Tunnel(&tunnel_context);
    TunnelMessage hello;
    hello.set_protocol("tcp");
    hello.set_guest_addr(fmt::format("127.0.0.1:{}", server.port));
    ASSERT_TRUE(tunnel->Write(hello));
    const Fd accepted(::accept4(server.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(accepted);
    agent.on_loop([&] { agent.agent->end_calls(); });
    Event event;
    EXPECT_FALSE(events->Read(&event));
    EXPECT_TRUE(events->Finish().ok());
    EXPECT_TRUE(files->Finish().ok());
    EXPECT_FALSE(tunnel->Read(&hello));
    EXPECT_TRUE(tunnel->Finish().ok());
}

TEST(GuestService, SetsTheClock) {
    Nanoseconds set{};
    AgentOptions options;
    options.set_clock = [&](Nanoseconds time) -> Result<void> {
        set = time;
        return {};
    };
    TestAgent agent(std::move(options));
    const auto stub = GuestService::NewStub(agent.channel());
    grpc::ClientContext context;
    set_deadline(context);
    TimeSyncRequest request;
    request.mutable_host_time()->set_seconds(2'000'000'000);
    request.mutable_host_time()->set_nanos(5);
    TimeSyncResponse reply;
    ASSERT_TRUE(stub->SyncTime(&context, request, &reply).ok());
    EXPECT_TRUE(reply.adjusted());
    EXPECT_LT(reply.drift_ms(), 0);
    EXPECT_EQ(set, std::chrono::seconds(2'000'000'000) + Nanoseconds(5));
    grpc::ClientContext bad;
    set_deadline(bad);
    EXPECT_EQ(stub->SyncTime(&bad, TimeSyncRequest(), &reply).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(GuestService, SetsTheTimesOfFiles) {
    TestAgent agent;
    const std::filesystem::path file = agent.root() / "a file";
    ASSERT_TRUE(fs::write_file_atomic(file, "x"));
    const auto stub = GuestService::NewStub(agent.channel());
    grpc::ClientContext context;
    set_deadline(context);
    Empty empty;
    const auto stream = stub->PostInotify(&context, &empty);
    Inotify message;
    message.mutable_time()->set_seconds(1234567890);
    message.mutable_time()->set_nanos(42);
    message.set_mount_path("/nowhere/at/all");
    ASSERT_TRUE(stream->Write(message));
    message.set_mount_path(file);
    ASSERT_TRUE(stream->Write(message));
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
    struct stat info{};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mtim.tv_sec, 1234567890);
    EXPECT_EQ(info.st_mtim.tv_nsec, 42);
    EXPECT_EQ(info.st_atim.tv_sec, 1234567890);
}

}  // namespace
}  // namespace lima::guestagent
