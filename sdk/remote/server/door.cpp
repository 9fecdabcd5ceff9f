#include "sdk/remote/server/door.hpp"

#include "core/base/fs.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace lima::remote {
namespace {

constexpr int kBacklog = 64;

Result<void> clear(const std::filesystem::path& path) {
    const auto living = connect_unix(path.string());
    if (living) {
        return failf(Code::kAlreadyExists, "another process serves {}", path.string());
    }
    LIMA_DO(fs::remove_if_exists(path));
    return {};
}

bool is_own(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

}  // namespace

Result<Door> Door::open(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    if (text.size() >= sizeof address.sun_path) {
        return failf(Code::kInvalidArgument,
                     "cannot listen on {}: the path of a socket has at most {} bytes, not {}", text,
                     sizeof address.sun_path - 1, text.size());
    }
    std::memcpy(address.sun_path, text.data(), text.size());
    LIMA_DO(clear(path), "cannot listen on {}", text);
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        return fail_errno(errno, "cannot create a socket");
    }
    // The mode of the file is that of the socket at bind, so there is no moment without it.
    if (fchmod(fd.get(), 0600) != 0 ||
        bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return fail_errno(errno, "cannot listen on " + text);
    }
    struct stat file{};
    if (lstat(text.c_str(), &file) != 0 || listen(fd.get(), kBacklog) != 0) {
        return fail_errno(errno, "cannot listen on " + text);
    }
    return Door(path, std::move(fd), file.st_dev, file.st_ino);
}

Door::Door(Door&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::move(other.fd_)),
      device_(other.device_),
      inode_(other.inode_) {}

bool Door::reachable() const {
    struct stat file{};
    return lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_;
}

Door::~Door() {
    if (fd_ && reachable()) {
        unlink(path_.c_str());
    }
}

std::optional<Fd> Door::accept() const {
    Fd peer(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!peer || !is_own(peer.get())) {
        return std::nullopt;
    }
    return peer;
}

}  // namespace lima::remote
