#include "guestagent/agent/links.hpp"

#include "core/mux/transport.hpp"
#include "guestagent/proto/agent_service.grpc.pb.h"
#include "guestagent/proto/guest_service.grpc.pb.h"
#include "tests/unit/guestagent/agent/agent_support.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace lima::guestagent {
namespace {

using test::local_socket;
using test::LocalSocket;
using test::SocketPair;
using test::TestAgent;

/// The agent's two ports with a host at their other ends, all on the agent's loop.
class LinksTest : public ::testing::Test {
protected:
    LinksTest() : tasks_(agent_.loop.get_executor()) {
        SocketPair port = test::socket_pair();
        SocketPair plane = test::socket_pair();
        agent_.on_loop([&] {
            const asio::any_io_executor executor = agent_.loop.get_executor();
            port_ = std::make_unique<PortLink>(
                executor, mux::socket_transport(executor, std::move(port.theirs)), "agent",
                agent_opener(
                    [this](Fd fd) { return agent_.agent->add_connection(std::move(fd)); }));
            plane_ = std::make_unique<PortLink>(
                executor, mux::socket_transport(executor, std::move(plane.theirs)), "plane",
                plane_opener());
            host_ = host_link(executor, std::move(port.ours));
            host_plane_ = host_link(executor, std::move(plane.ours));
            tasks_.spawn(port_->serve(), "port");
            tasks_.spawn(plane_->serve(), "plane");
            tasks_.spawn(run(*host_), "host");
            tasks_.spawn(run(*host_plane_), "host plane");
        });
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [this] { return up_ == 2; }));
    }
    ~LinksTest() override {
        agent_.on_loop([this] {
            for (mux::Link* link : {host_.get(), host_plane_.get()}) {
                link->stop();
            }
            port_->stop();
            plane_->stop();
        });
        std::promise<void> joined;
        asio::co_spawn(agent_.loop, tasks_.join(), [&](std::exception_ptr) { joined.set_value(); });
        joined.get_future().get();
        agent_.on_loop([this] {
            host_.reset();
            host_plane_.reset();
            port_.reset();
            plane_.reset();
        });
    }

    static asio::awaitable<void> run(mux::Link& link) { static_cast<void>(co_await link.run()); }
    asio::awaitable<void> connect(mux::Link& link, std::string target, Fd fd,
                                  std::promise<Result<void>>& done) {
        done.set_value(co_await link.connect(std::move(target), std::move(fd)));
    }
    std::unique_ptr<mux::Link> host_link(const asio::any_io_executor& executor, Fd fd) {
        mux::LinkHandlers handlers{.on_up =
                                       [this] {
                                           const std::lock_guard lock(mutex_);
                                           ++up_;
                                           changed_.notify_all();
                                       },
                                   .on_down = [](const Error&) {},
                                   .on_open = [](std::uint32_t, const std::string&) {}};
        return std::make_unique<mux::Link>(
            executor, mux::socket_transport(executor, std::move(fd)),
            mux::LinkOptions{.role = mux::Role::kHost, .name = "host"}, std::move(handlers));
    }
    /// A stream of the link: our end of it, and what it ends with.
    Fd open(mux::Link& link, const std::string& target, std::promise<Result<void>>& done) {
        SocketPair pair = test::socket_pair();
        agent_.on_loop(
            [&] { tasks_.spawn(connect(link, target, std::move(pair.theirs), done), target); });
        return std::move(pair.ours);
    }

    TestAgent agent_;
    aio::TaskScope tasks_;
    std::unique_ptr<PortLink> port_;
    std::unique_ptr<PortLink> plane_;
    std::unique_ptr<mux::Link> host_;
    std::unique_ptr<mux::Link> host_plane_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int up_ = 0;
};

std::string drain(const Fd& fd) {
    std::string out;
    std::array<char, 4096> buffer{};
    ssize_t n = 0;
    while ((n = ::recv(fd.get(), buffer.data(), buffer.size(), 0)) > 0) {
        out.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return out;
}

TEST_F(LinksTest, ServeGrpcBehindTheTargetAgent) {
    std::promise<Result<void>> ended;
    Fd fd = open(*host_, "agent", ended);
    ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
    {
        const auto channel = grpc::CreateInsecureChannelFromFd("agent", fd.release());
        const auto stub = GuestService::NewStub(channel);
        grpc::ClientContext context;
        test::set_deadline(context);
        agent_.set_ports({{"tcp", "127.0.0.1", 8080}});
        Info info;
        const grpc::Status status = stub->GetInfo(&context, Empty(), &info);
        ASSERT_TRUE(status.ok()) << status.error_message();
        ASSERT_EQ(info.local_ports_size(), 1);
        const auto own = agentpb::AgentService::NewStub(channel);
        grpc::ClientContext own_context;
        test::set_deadline(own_context);
        agentpb::HelloReply reply;
        EXPECT_TRUE(own->Hello(&own_context, agentpb::HelloRequest(), &reply).ok());
    }
    EXPECT_TRUE(ended.get_future().get());
}

TEST_F(LinksTest, RefuseOtherTargetsOnTheAgentsPort) {
    std::promise<Result<void>> ended;
    const Fd fd = open(*host_, "tcp:127.0.0.1:22", ended);
    const Result<void> result = ended.get_future().get();
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().text().find("no target"), std::string::npos) << result.error().text();
}

TEST_F(LinksTest, ConnectThePlaneToWhatListens) {
    const LocalSocket server = local_socket(SOCK_STREAM);
    std::promise<Result<void>> ended;
    const Fd fd = open(*host_plane_, fmt::format("tcp:0.0.0.0:{}", server.port), ended);
    const Fd guest(::accept4(server.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(guest);
    ASSERT_EQ(::send(fd.get(), "question", 8, 0), 8);
    ::shutdown(fd.get(), SHUT_WR);
    EXPECT_EQ(drain(guest), "question");
    ASSERT_EQ(::send(guest.get(), "answer", 6, 0), 6);
    ::shutdown(guest.get(), SHUT_WR);
    EXPECT_EQ(drain(fd), "answer");
    EXPECT_TRUE(ended.get_future().get());
}

TEST_F(LinksTest, RefuseWhatCannotBeReached) {
    int closed_port = 0;
    {
        const LocalSocket closed = local_socket(SOCK_STREAM);
        closed_port = closed.port;
    }
    const std::vector<std::pair<std::string, std::string>> cases{
        {fmt::format("tcp:127.0.0.1:{}", closed_port), "onnection refused"},
        {"unix:/nowhere/socket", "o such file"},
        {"udp:127.0.0.1:53", "not a stream"},
        {"nonsense", "no network"}};
    for (const auto& [target, text] : cases) {
        std::promise<Result<void>> ended;
        const Fd fd = open(*host_plane_, target, ended);
        const Result<void> result = ended.get_future().get();
        ASSERT_FALSE(result) << target;
        EXPECT_NE(result.error().text().find(text), std::string::npos) << result.error().text();
    }
}

TEST(VirtioPorts, AreFoundByLinkOrByNameInSysfs) {
    const auto dir = fs::TempDir::create("lima-ports");
    ASSERT_TRUE(dir);
    const std::filesystem::path root = dir->path();
    ASSERT_FALSE(find_virtio_port("io.x.0", root));
    EXPECT_EQ(find_virtio_port("io.x.0", root).error().code(), Code::kNotFound);
    ASSERT_TRUE(fs::make_dirs(root / "sys/class/virtio-ports/vport1p1"));
    ASSERT_TRUE(fs::make_dirs(root / "dev/virtio-ports"));
    ASSERT_TRUE(fs::write_file_atomic(root / "sys/class/virtio-ports/vport1p1/name", "io.x.0\n"));
    ASSERT_FALSE(find_virtio_port("io.x.0", root));
    ASSERT_TRUE(fs::write_file_atomic(root / "dev/vport1p1", ""));
    EXPECT_EQ(*find_virtio_port("io.x.0", root), root / "dev/vport1p1");
    ASSERT_TRUE(fs::write_file_atomic(root / "dev/virtio-ports/io.x.0", ""));
    EXPECT_EQ(*find_virtio_port("io.x.0", root), root / "dev/virtio-ports/io.x.0");
}

TEST(VirtioPorts, AreTakenFromOthers) {
    const auto dir = fs::TempDir::create("lima-ports");
    ASSERT_TRUE(dir);
    const std::filesystem::path device = dir->path() / "vport";
    ASSERT_TRUE(fs::write_file_atomic(device, "", 0660));
    ASSERT_TRUE(secure_device(device));
    EXPECT_EQ(std::filesystem::status(device).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_FALSE(secure_device(dir->path() / "missing"));
}

}  // namespace
}  // namespace lima::guestagent
