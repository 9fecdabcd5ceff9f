#include "sdk/remote/client/handover.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

namespace lima::remote::client {
namespace {

constexpr std::chrono::seconds kPatience(10);

}  // namespace

Result<Fd> fetch_descriptor(const std::string& socket, const std::string& token) {
    LIMA_TRY(const Fd connection, connect_unix(socket));
    if (send(connection.get(), token.data(), token.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(token.size())) {
        return fail_errno(errno, "cannot ask for the connection on " + socket);
    }
    LIMA_TRY(const bool answered, wait_readable(connection.get(), kPatience));
    char byte = 0;
    iovec piece{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t count =
        answered ? recvmsg(connection.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) : -1;
    const cmsghdr* header = count > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(int))) {
        return failf(Code::kUnavailable, "the driver's process hands over no connection on {}",
                     socket);
    }
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return Fd(fd);
}

}  // namespace lima::remote::client
