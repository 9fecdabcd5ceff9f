#include "sdk/remote/server/server.hpp"

#include "core/base/log.hpp"

#include <array>
#include <cerrno>
#include <future>
#include <grpc/grpc.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace lima::remote {
namespace {

// An instance is kilobytes; its hosts send at most 16 MiB.
constexpr int kMostReceived = 64 * 1024 * 1024;
// Hosts of the original ping every 10 s; a little less, for clocks.
constexpr int kPingIntervalMs = 9000;
constexpr std::chrono::milliseconds kPatience{300};

}  // namespace

std::filesystem::path fd_socket_beside(const std::filesystem::path& socket) {
    std::filesystem::path path = socket;
    return path.replace_extension(".fd.sock");
}

Result<std::unique_ptr<Server>> Server::start(Served& served, Poller& poller,
                                              ServerOptions options) {
    LIMA_TRY(Door door, Door::open(options.socket));
    auto server =
        std::unique_ptr<Server>(new Server(served, poller, std::move(door), std::move(options)));
    LIMA_DO(server->build());
    LIMA_DO(server->watch_socket());
    poller.post([raw = server.get()] {
        raw->poller_.add(raw->door_->fd(), [raw] { raw->accept(); });
        raw->poller_.add(raw->directory_.get(), [raw] { raw->on_directory(); });
    });
    return server;
}

Server::Server(Served& served, Poller& poller, Door door, ServerOptions options)
    : served_(served),
      poller_(poller),
      door_(std::move(door)),
      fds_(poller, fd_socket_beside(options.socket)),
      bridge_(served, poller),
      original_(served, bridge_, options.generation),
      own_(served, fds_) {
    served_.set_instance_dir(options.instance_dir.string());
}

Result<void> Server::build() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&original_);
    builder.RegisterService(&own_);
    builder.SetMaxReceiveMessageSize(kMostReceived);
    builder.SetMaxSendMessageSize(-1);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                               kPingIntervalMs);
    builder.SetDefaultCompressionAlgorithm(GRPC_COMPRESS_NONE);
    grpc_ = builder.BuildAndStart();
    if (!grpc_) {
        return fail(Code::kInternal, "cannot start the gRPC server");
    }
    return {};
}

Server::~Server() { stop(); }

Result<void> Server::watch_socket() {
    directory_ = Fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    const std::string path = door_->path().parent_path().string();
    if (!directory_ ||
        inotify_add_watch(directory_.get(), path.c_str(), IN_DELETE | IN_MOVED_FROM) < 0) {
        return fail_errno(errno, "cannot watch " + path);
    }
    return {};
}

void Server::on_directory() {
    alignas(inotify_event) std::array<char, 4096> events{};
    while (read(directory_.get(), events.data(), events.size()) > 0) {
    }
    if (!door_->reachable()) {
        log::warn("the socket {} was taken away", door_->path().string());
        poller_.remove(directory_.get());
        served_.out_of_reach();
    }
}

void Server::accept() {
    if (auto peer = door_->accept()) {
        grpc::AddInsecureChannelFromFd(grpc_.get(), peer->release());
    }
}

void Server::stop() {
    if (!grpc_) {
        return;
    }
    // The sockets go first: who comes now finds nobody, and starts another process.
    std::promise<void> closed;
    poller_.post([this, &closed] {
        poller_.remove(door_->fd());
        poller_.remove(directory_.get());
        door_.reset();
        fds_.close();
        bridge_.close();
        closed.set_value();
    });
    closed.get_future().wait();
    served_.leave();
    grpc_->Shutdown(std::chrono::system_clock::now() + kPatience);
    grpc_.reset();
}

}  // namespace lima::remote
