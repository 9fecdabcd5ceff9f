// A driver on the wire: both services, the sockets, and how it ends. Everything but the process
// itself (run.hpp), so that tests have it in theirs.
#pragma once

#include "core/base/error.hpp"
#include "sdk/remote/server/fd_door.hpp"
#include "sdk/remote/server/guest_bridge.hpp"
#include "sdk/remote/server/original_service.hpp"
#include "sdk/remote/server/own_service.hpp"

#include <filesystem>
#include <memory>

namespace grpc {
class Server;
}

namespace lima::remote {

struct ServerOptions {
    std::filesystem::path socket;
    std::filesystem::path instance_dir = {};  // empty: known once the driver is configured
    Generation generation = Generation::kTwo;
};

class Server {
public:
    /// Serves until stop().
    static Result<std::unique_ptr<Server>> start(Served& served, Poller& poller,
                                                 ServerOptions options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Takes no more connections, ends all calls; the sockets are gone. Returns when that is done.
    /// Thread: not the poller's.
    void stop();

private:
    Server(Served& served, Poller& poller, Door door, ServerOptions options);
    Result<void> build();
    void accept();
    /// Hosts of the original remove the socket of a process that they have lost.
    Result<void> watch_socket();
    void on_directory();

    Served& served_;
    Poller& poller_;
    std::optional<Door> door_;
    Fd directory_;  // inotify
    FdDoor fds_;
    GuestBridge bridge_;
    OriginalService original_;
    OwnService own_;
    std::unique_ptr<grpc::Server> grpc_;
};

/// Beside the socket "NAME.drv.sock": "NAME.drv.fd.sock".
std::filesystem::path fd_socket_beside(const std::filesystem::path& socket);

}  // namespace lima::remote
