// Our own service, beside the original's, as lima-remote.so uses it.
#include "tests/unit/sdk/remote/server/served_rig.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <sys/socket.h>

namespace lima::remote {
namespace {

using testing::ElementsAre;
using testing::IsSupersetOf;

std::string trailer(const grpc::ClientContext& context, const char* key) {
    const auto& all = context.GetServerTrailingMetadata();
    const auto found = all.find(key);
    return found == all.end() ? "" : std::string(found->second.data(), found->second.size());
}

/// A client that watches.
struct Watching {
    explicit Watching(v1::DriverService::Stub& stub)
        : reader(stub.Watch(&context, v1::WatchRequest())) {
        v1::WatchItem item;
        EXPECT_TRUE(reader->Read(&item));
        EXPECT_TRUE(item.has_ready());
        seq = item.seq();
    }
    /// The next of a kind, in one line; logs are passed over.
    std::string next() {
        v1::WatchItem item;
        while (reader->Read(&item)) {
            EXPECT_GT(item.seq(), seq);
            seq = item.seq();
            if (item.has_event()) {
                return item.event().type() + " " + item.event().json();
            }
            if (item.has_progress()) {
                const v1::Progress& progress = item.progress();
                return fmt::format("{}: {} of {}, {}", progress.call(), progress.done(),
                                   progress.total(), progress.what());
            }
        }
        return "end";
    }

    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchItem>> reader;
    std::uint64_t seq = 0;
};

class OwnServiceTest : public ServedRig {
protected:
    OwnServiceTest() : stub_(own()), original_(original()) {}

    std::unique_ptr<v1::DriverService::Stub> stub_;
    std::unique_ptr<::Driver::Stub> original_;
};

TEST_F(OwnServiceTest, HelloTellsWhatTheDriverOffers) {
    grpc::ClientContext context;
    v1::HelloReply reply;
    ASSERT_TRUE(stub_->Hello(&context, v1::HelloRequest(), &reply).ok());
    EXPECT_EQ(reply.name(), "played");
    EXPECT_EQ(reply.version(), "1.2.3");
    EXPECT_EQ(reply.abi(), LIMA_DRIVER_ABI);
    EXPECT_EQ(reply.fd_socket(), (dir_.path() / "played.drv.fd.sock").string());
    EXPECT_THAT(
        reply.extensions(),
        ElementsAre("lima.adopt/1", "lima.boot-scripts/1", "lima.config-schema/1", "lima.display/1",
                    "lima.guest-agent/1", "lima.guest-channel/1", "lima.gui/1", "lima.screenshot/1",
                    "lima.snapshot/1", "lima.ssh/1", "lima.status/1"));
}

TEST_F(OwnServiceTest, DescribeIsTheWholeInfo) {
    grpc::ClientContext context;
    v1::DescribeReply reply;
    ASSERT_TRUE(stub_->Describe(&context, v1::DescribeRequest(), &reply).ok());
    EXPECT_EQ(reply.info_json(),
              R"({"name":"played","features":{"canRunGui":true,"dynamicSSHAddress":true}})");
}

TEST_F(OwnServiceTest, AnswersQuestions) {
    v1::StatusReply status;
    v1::ConfigSchemaReply schema;
    v1::SshAddressReply ssh;
    grpc::ClientContext first;
    grpc::ClientContext second;
    grpc::ClientContext third;
    ASSERT_TRUE(stub_->Status(&first, v1::StatusRequest(), &status).ok());
    ASSERT_TRUE(stub_->ConfigSchema(&second, v1::ConfigSchemaRequest(), &schema).ok());
    ASSERT_TRUE(stub_->SshAddress(&third, v1::SshAddressRequest(), &ssh).ok());
    EXPECT_EQ(status.status(), "Installing");
    EXPECT_EQ(schema.schema(), R"({"type":"object"})");
    EXPECT_EQ(ssh.address(), "192.0.2.7");
    EXPECT_EQ(ssh.port(), 2222);
}

TEST_F(OwnServiceTest, AHintComesBesideTheText) {
    played().on("start", [](const auto&) -> Result<void> {
        return fail(Error(Code::kNotFound, "no ü").with_hint("install ü"));
    });
    grpc::ClientContext context;
    context.AddMetadata("lima-call", "7");
    v1::StartReply reply;
    const grpc::Status status = stub_->Start(&context, v1::StartRequest(), &reply);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_EQ(status.error_message(), "no ü");
    EXPECT_EQ(trailer(context, "lima-hint-bin"), "install ü");
    EXPECT_EQ(trailer(context, "lima-seq"), std::to_string(served_->feed().last_seq()));
}

TEST_F(OwnServiceTest, WatchHearsEventsAndProgressInOrder) {
    Watching watching(*stub_);
    played().on("start", [](const lima::sdk::Call& call) -> Result<void> {
        call.progress(1, 2, "making it");
        return {};
    });
    grpc::ClientContext context;
    context.AddMetadata("lima-call", "18446744073709551615");
    v1::StartReply reply;
    ASSERT_TRUE(stub_->Start(&context, v1::StartRequest(), &reply).ok());
    EXPECT_EQ(watching.next(), "18446744073709551615: 1 of 2, making it");
    EXPECT_EQ(watching.next(), "started {}");
    EXPECT_EQ(std::to_string(watching.seq), trailer(context, "lima-seq"));
    played().host->exited(0, 9, "killed");
    EXPECT_EQ(watching.next(), R"(exited {"code":0,"signal":9,"stderr":"killed"})");
}

TEST_F(OwnServiceTest, AllWatchersHearTheSame) {
    Watching first(*stub_);
    const auto other = own();
    Watching second(*other);
    played().host->event("panic", R"({"message":"x"})");
    EXPECT_EQ(first.next(), R"(panic {"message":"x"})");
    EXPECT_EQ(second.next(), R"(panic {"message":"x"})");
    EXPECT_EQ(first.seq, second.seq);
}

TEST_F(OwnServiceTest, AWatcherThatDoesNotReadLosesLogsAndNoEvents) {
    Watching watching(*stub_);
    for (int i = 0; i < 20'000; ++i) {
        served_->feed().log(2, std::string(200, 'l'), "");
        if (i % 5000 == 0) {
            played().host->event("phase", std::to_string(i));
        }
    }
    played().host->event("phase", "last");
    EXPECT_EQ(watching.next(), "phase 0");
    EXPECT_EQ(watching.next(), "phase 5000");
    EXPECT_EQ(watching.next(), "phase 10000");
    EXPECT_EQ(watching.next(), "phase 15000");
    EXPECT_EQ(watching.next(), "phase last");
    EXPECT_EQ(watching.seq, served_->feed().last_seq());
}

TEST_F(OwnServiceTest, CancelEndsTheCallWithItsTrueResult) {
    std::promise<void> running;
    played().on("create_disk", [&](const lima::sdk::Call& call) -> Result<void> {
        running.set_value();
        (void)wait_for_cancel(call);
        return fail(Code::kAborted, "half of it is there");
    });
    auto disk = std::async(std::launch::async, [&] {
        grpc::ClientContext context;
        context.AddMetadata("lima-call", "42");
        DriverEmpty reply;
        const grpc::Status status = original_->CreateDisk(&context, DriverEmpty(), &reply);
        return status.error_message();
    });
    running.get_future().wait();
    for (const std::uint64_t number : {41U, 42U}) {
        grpc::ClientContext context;
        v1::CancelRequest request;
        request.set_call(number);
        v1::CancelReply reply;
        EXPECT_TRUE(stub_->Cancel(&context, request, &reply).ok());
    }
    EXPECT_EQ(disk.get(), "half of it is there");
}

TEST_F(OwnServiceTest, StopIsForcedByCancellingIt) {
    std::promise<void> running;
    played().on("stop", [&](const lima::sdk::Call& call) -> Result<void> {
        running.set_value();
        (void)wait_for_cancel(call);
        return {};
    });
    auto stop = std::async(std::launch::async, [&] {
        grpc::ClientContext context;
        context.AddMetadata("lima-call", "1");
        DriverEmpty reply;
        return original_->Stop(&context, DriverEmpty(), &reply).ok();
    });
    running.get_future().wait();
    grpc::ClientContext context;
    v1::CancelRequest request;
    request.set_call(1);
    v1::CancelReply reply;
    EXPECT_TRUE(stub_->Cancel(&context, request, &reply).ok());
    EXPECT_TRUE(stop.get());
}

/// What comes for a token: the descriptor and the byte with it.
Fd fetch(const std::string& socket, const std::string& token) {
    auto connected = connect_unix(socket);
    if (!connected || !write_all(connected->get(), token)) {
        return {};
    }
    char byte = 0;
    iovec data{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (recvmsg(connected->get(), &message, MSG_CMSG_CLOEXEC) != 1 ||
        CMSG_FIRSTHDR(&message) == nullptr) {
        return {};
    }
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof descriptor);
    return Fd(descriptor);
}

class ConnectTest : public OwnServiceTest {
protected:
    ConnectTest() {
        grpc::ClientContext context;
        v1::HelloReply reply;
        EXPECT_TRUE(stub_->Hello(&context, v1::HelloRequest(), &reply).ok());
        fd_socket_ = reply.fd_socket();
    }
    std::string connect(const std::string& channel) {
        grpc::ClientContext context;
        v1::ConnectRequest request;
        request.set_channel(channel);
        v1::ConnectReply reply;
        const grpc::Status status = stub_->Connect(&context, request, &reply);
        return status.ok() ? reply.token() : status.error_message();
    }
    std::string fd_socket_;
};

TEST_F(ConnectTest, PassesTheConnectionItself) {
    const std::string token = connect("");
    ASSERT_EQ(token.size(), 32U);
    const Fd connection = fetch(fd_socket_, token);
    ASSERT_TRUE(connection);
    ASSERT_TRUE(write_all(played().guest_end.get(), "hello"));
    std::array<char, 5> got{};
    EXPECT_EQ(read(connection.get(), got.data(), got.size()), 5);
    EXPECT_EQ(std::string_view(got.data(), got.size()), "hello");
    // This process keeps no end of it: the guest hears at once when the host closes.
    const int number = connection.get();
    EXPECT_GE(number, 0);
    shutdown(connection.get(), SHUT_RDWR);
    char byte = 0;
    EXPECT_EQ(read(played().guest_end.get(), &byte, 1), 0);
    EXPECT_TRUE(played().was_called("connect"));
}

TEST_F(ConnectTest, ChannelsHaveNames) {
    EXPECT_TRUE(fetch(fd_socket_, connect("forward")));
    EXPECT_TRUE(played().was_called("connect forward"));
}

TEST_F(ConnectTest, ATokenIsGoodOnce) {
    const std::string token = connect("");
    EXPECT_FALSE(fetch(fd_socket_, std::string(32, '0')));
    EXPECT_TRUE(fetch(fd_socket_, token));
    EXPECT_FALSE(fetch(fd_socket_, token));
}

TEST_F(ConnectTest, PeersThatSayNothingDoNotMatter) {
    std::vector<Fd> silent;
    for (int i = 0; i < 30; ++i) {
        silent.push_back(*connect_unix(fd_socket_));
        ASSERT_TRUE(write_all(silent.back().get(), "short"));
    }
    EXPECT_TRUE(fetch(fd_socket_, connect("")));
}

TEST_F(ConnectTest, AFailureIsTheDrivers) {
    played().on("connect", [](const auto&) -> Result<void> {
        return fail(Code::kUnavailable, "the guest is not up");
    });
    EXPECT_EQ(connect(""), "the guest is not up");
}

TEST_F(OwnServiceTest, AScreenshotComesInPieces) {
    grpc::ClientContext context;
    v1::ScreenshotRequest request;
    request.set_format("png");
    const auto reader = stub_->Screenshot(&context, request);
    v1::ScreenshotPiece piece;
    ASSERT_TRUE(reader->Read(&piece));
    EXPECT_EQ(piece.format(), "png");
    std::string image = piece.data();
    while (reader->Read(&piece)) {
        image += piece.data();
    }
    EXPECT_TRUE(reader->Finish().ok());
    EXPECT_EQ(image, std::string(5'000'000, 'p'));
}

TEST_F(OwnServiceTest, AScreenshotThatFails) {
    played().on("screenshot bmp", [](const auto&) -> Result<void> {
        return fail(Code::kFailedPrecondition, "no display");
    });
    grpc::ClientContext context;
    v1::ScreenshotRequest request;
    request.set_format("bmp");
    const auto reader = stub_->Screenshot(&context, request);
    v1::ScreenshotPiece piece;
    EXPECT_FALSE(reader->Read(&piece));
    const grpc::Status status = reader->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(status.error_message(), "no display");
}

TEST_F(OwnServiceTest, TheWindowIsOnTheMainThreadAndStopsNobody) {
    std::promise<std::thread::id> thread;
    played().on("run_gui", [&](const lima::sdk::Call& call) -> Result<void> {
        thread.set_value(std::this_thread::get_id());
        return wait_for_cancel(call);
    });
    grpc::ClientContext gui_context;
    auto gui = std::async(std::launch::async, [&] {
        DriverEmpty reply;
        return original_->RunGUI(&gui_context, DriverEmpty(), &reply).error_code();
    });
    EXPECT_EQ(thread.get_future().get(), main_.get_id());
    grpc::ClientContext context;
    DriverEmpty reply;
    EXPECT_TRUE(original_->Stop(&context, DriverEmpty(), &reply).ok());
    gui_context.TryCancel();
    EXPECT_EQ(gui.get(), grpc::StatusCode::CANCELLED);
}

TEST_F(OwnServiceTest, TheVmGoesOnWhenItsHostDiesAndTheProcessLeaves) {
    auto watching = std::make_unique<Watching>(*stub_);
    grpc::ClientContext context;
    v1::StartReply reply;
    ASSERT_TRUE(stub_->Start(&context, v1::StartRequest(), &reply).ok());
    auto idle = idle_.get_future();
    EXPECT_EQ(idle.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    watching->context.TryCancel();
    ASSERT_EQ(idle.wait_for(std::chrono::seconds(5)), std::future_status::ready);
    shut_down();
    EXPECT_FALSE(played().was_called("stop"));
}

TEST_F(OwnServiceTest, TheProcessStaysForASecondHost) {
    auto first = std::make_unique<Watching>(*stub_);
    const auto other = own();
    auto second = std::make_unique<Watching>(*other);
    auto idle = idle_.get_future();
    first->context.TryCancel();
    first.reset();
    EXPECT_EQ(idle.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
    second->context.TryCancel();
    EXPECT_EQ(idle.wait_for(std::chrono::seconds(5)), std::future_status::ready);
}

TEST_F(OwnServiceTest, TheProcessFinishesItsWorkBeforeItLeaves) {
    std::promise<void> running;
    std::promise<void> go_on;
    played().on("create", [&](const auto&) -> Result<void> {
        running.set_value();
        go_on.get_future().wait();
        return {};
    });
    auto watching = std::make_unique<Watching>(*stub_);
    auto create = std::async(std::launch::async, [&] {
        grpc::ClientContext context;
        DriverEmpty reply;
        return original_->Create(&context, DriverEmpty(), &reply).ok();
    });
    running.get_future().wait();
    auto idle = idle_.get_future();
    watching->context.TryCancel();
    EXPECT_EQ(idle.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
    go_on.set_value();
    EXPECT_EQ(idle.wait_for(std::chrono::seconds(5)), std::future_status::ready);
    EXPECT_TRUE(create.get());
}

TEST_F(OwnServiceTest, WithoutItsSocketTheProcessLeavesOnceTheVmHasEnded) {
    grpc::ClientContext start_context;
    const auto start = original_->Start(&start_context, DriverEmpty());
    StartResponse message;
    ASSERT_TRUE(start->Read(&message));
    auto idle = idle_.get_future();
    ASSERT_TRUE(*fs::remove_if_exists(socket()));
    EXPECT_EQ(idle.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
    played().host->exited(0, 0);
    EXPECT_EQ(idle.wait_for(std::chrono::seconds(5)), std::future_status::ready);
}

TEST_F(OwnServiceTest, AdoptIsAsStart) {
    Watching watching(*stub_);
    grpc::ClientContext context;
    v1::AdoptReply reply;
    ASSERT_TRUE(stub_->Adopt(&context, v1::AdoptRequest(), &reply).ok());
    EXPECT_EQ(watching.next(), "started {}");
    grpc::ClientContext again;
    v1::StartReply start;
    EXPECT_EQ(stub_->Start(&again, v1::StartRequest(), &start).error_code(),
              grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(OwnServiceTest, CallsAfterTheEndAreRefused) {
    const std::shared_ptr<grpc::Channel> channel = channel_to(socket());
    const auto late = ::Driver::NewStub(channel);
    grpc::ClientContext first;
    DriverEmpty reply;
    ASSERT_TRUE(late->Create(&first, DriverEmpty(), &reply).ok());
    shut_down();
    grpc::ClientContext second;
    EXPECT_EQ(late->Create(&second, DriverEmpty(), &reply).error_code(),
              grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace lima::remote
