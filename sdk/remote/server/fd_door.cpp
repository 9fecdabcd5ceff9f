#include "sdk/remote/server/fd_door.hpp"

#include "core/base/text.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/random.h>
#include <sys/socket.h>

namespace lima::remote {
namespace {

constexpr std::size_t kTokenSize = 32;
constexpr std::chrono::seconds kPatience{10};

Result<std::string> make_token() {
    std::array<char, kTokenSize / 2> random{};
    if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        return fail_errno(errno, "cannot get random bytes");
    }
    return to_hex(std::string_view(random.data(), random.size()));
}

void send_descriptor(int socket, int descriptor) {
    char byte = 'f';
    iovec data{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    // One byte into an empty socket: it fits, or the peer is gone.
    [[maybe_unused]] const ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

Result<std::filesystem::path> FdDoor::path() {
    const std::lock_guard lock(mutex_);
    if (!door_) {
        LIMA_TRY(Door door, Door::open(path_));
        door_.emplace(std::move(door));
        poller_.post([this, fd = door_->fd()] { poller_.add(fd, [this] { accept(); }); });
    }
    return path_;
}

Result<std::string> FdDoor::keep(Fd connection) {
    LIMA_TRY(std::string token, make_token());
    {
        const std::lock_guard lock(mutex_);
        kept_.emplace(token, std::move(connection));
    }
    poller_.post([this, token] {
        poller_.after(kPatience, [this, token] {
            const std::lock_guard lock(mutex_);
            kept_.erase(token);
        });
    });
    return token;
}

void FdDoor::close() {
    const std::lock_guard lock(mutex_);
    if (door_) {
        poller_.remove(door_->fd());
        door_.reset();
    }
    for (const auto& [socket, guest] : guests_) {
        poller_.remove(socket);
    }
    guests_.clear();
}

void FdDoor::accept() {
    std::optional<Fd> peer;
    {
        const std::lock_guard lock(mutex_);
        if (door_) {
            peer = door_->accept();
        }
    }
    if (!peer) {
        return;
    }
    const int socket = peer->get();
    const std::uint64_t number = ++last_guest_;
    guests_.insert_or_assign(socket, Guest{.socket = std::move(*peer), .number = number});
    poller_.add(socket, [this, socket] { listen_to(socket); });
    poller_.after(kPatience, [this, socket, number] {
        const auto guest = guests_.find(socket);
        if (guest != guests_.end() && guest->second.number == number) {
            forget(socket);
        }
    });
}

void FdDoor::listen_to(int socket) {
    Guest& guest = guests_.at(socket);
    std::array<char, kTokenSize> buffer{};
    const ssize_t count = recv(socket, buffer.data(), kTokenSize - guest.said.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (count > 0) {
        guest.said.append(buffer.data(), static_cast<std::size_t>(count));
        if (guest.said.size() < kTokenSize) {
            return;
        }
        hand_out(guest);
    }
    forget(socket);
}

void FdDoor::hand_out(const Guest& guest) {
    Fd connection;
    {
        const std::lock_guard lock(mutex_);
        const auto found = kept_.find(guest.said);
        if (found == kept_.end()) {
            return;
        }
        connection = std::move(found->second);
        kept_.erase(found);
    }
    send_descriptor(guest.socket.get(), connection.get());
}

void FdDoor::forget(int socket) {
    poller_.remove(socket);
    guests_.erase(socket);
}

}  // namespace lima::remote
