#include "guestagent/agent/listeners.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"

#include <cerrno>
#include <cstring>
#include <linux/vm_sockets.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace lima::guestagent {
namespace {

constexpr int kBacklog = 16;
constexpr std::chrono::milliseconds kPause{200};

}  // namespace

Result<Fd> listen_unix(const std::filesystem::path& path, uid_t owner) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.native().size() >= sizeof(address.sun_path)) {
        return failf(Code::kInvalidArgument, "{} is too long for a socket", path.native());
    }
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    LIMA_DO(fs::remove_if_exists(path));
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // The file takes its mode from the socket: at no moment may others open it.
    if (!socket || ::fchmod(socket.get(), 0600) != 0 ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        return fail_errno(errno, fmt::format("cannot make the socket {}", path.native()));
    }
    // Nobody is served before the owner is right.
    if (::lchown(path.c_str(), owner, static_cast<gid_t>(-1)) != 0) {
        return fail_errno(errno, fmt::format("cannot give {} to user {}", path.native(), owner));
    }
    if (::listen(socket.get(), kBacklog) != 0) {
        return fail_errno(errno, fmt::format("cannot listen on {}", path.native()));
    }
    return socket;
}

Result<Fd> listen_vsock(std::uint32_t port) {
    sockaddr_vm address{};
    address.svm_family = AF_VSOCK;
    address.svm_cid = VMADDR_CID_ANY;
    address.svm_port = port;
    Fd socket(::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(socket.get(), kBacklog) != 0) {
        return fail_errno(errno, fmt::format("cannot listen on vsock port {}", port));
    }
    return socket;
}

bool is_from_host(int vsock_connection) {
    sockaddr_vm peer{};
    socklen_t size = sizeof(peer);
    if (::getpeername(vsock_connection, reinterpret_cast<sockaddr*>(&peer), &size) != 0 ||
        peer.svm_family != AF_VSOCK || peer.svm_cid != VMADDR_CID_HOST) {
        log::warn("refused a vsock connection from cid {}", peer.svm_cid);
        return false;
    }
    return true;
}

Listener::Listener(const asio::any_io_executor& executor, Fd socket,
                   std::function<bool(int)> accepts, std::function<void(Fd)> on_connection)
    : socket_(executor, socket.release()),
      pause_(executor),
      accepts_(std::move(accepts)),
      on_connection_(std::move(on_connection)) {}

Listener::~Listener() { *alive_ = false; }

void Listener::start() {
    socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [this, alive = alive_](const boost::system::error_code& error) {
                           if (!error && *alive) {
                               accept_all();
                           }
                       });
}

void Listener::accept_all() {
    for (;;) {
        Fd connection(
            ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (connection) {
            if (accepts_(connection.get())) {
                on_connection_(std::move(connection));
            }
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) {
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            start();
            return;
        }
        log::warn("cannot accept a connection: {}", std::strerror(errno));
        break;
    }
    // No descriptors, no memory: the connection stays in the queue and would wake us at once.
    pause_.expires_after(kPause);
    pause_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
        if (!error && *alive) {
            accept_all();
        }
    });
}

}  // namespace lima::guestagent
