#include "core/hostagent/forward/listener.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/hostagent/forward/rules.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace lima::hostagent {
namespace {

constexpr int kBacklog = 512;
constexpr int kKeepAliveSeconds = 60;
// Without descriptors or memory a connection stays in the queue: look again then.
constexpr std::chrono::milliseconds kShortage{200};

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

Result<Address> parse_address(const std::string& text) {
    const auto colon = text.rfind(':');
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    if (colon == std::string::npos ||
        std::from_chars(text.data() + colon + 1, end, port).ptr != end) {
        return failf(Code::kInvalidArgument, "{} is no address with a port", text);
    }
    std::string ip = text.substr(0, colon);
    Address out;
    if (ip.starts_with('[') && ip.ends_with(']')) {
        ip = ip.substr(1, ip.size() - 2);
        auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        out.size = sizeof *v6;
        if (::inet_pton(AF_INET6, ip.c_str(), &v6->sin6_addr) == 1) {
            return out;
        }
    } else {
        auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        out.size = sizeof *v4;
        if (::inet_pton(AF_INET, ip.c_str(), &v4->sin_addr) == 1) {
            return out;
        }
    }
    return failf(Code::kInvalidArgument, "{} is no IP address", ip);
}

Result<Address> unix_address(const std::string& path) {
    Address out;
    auto* name = reinterpret_cast<sockaddr_un*>(&out.storage);
    if (path.size() >= sizeof name->sun_path) {
        return failf(Code::kInvalidArgument, "{} is too long for a socket: at most {} bytes", path,
                     sizeof name->sun_path - 1);
    }
    name->sun_family = AF_UNIX;
    std::memcpy(name->sun_path, path.c_str(), path.size() + 1);
    out.size = sizeof *name;
    return out;
}

Result<void> make_room(const std::string& path) {
    LIMA_DO(fs::make_dirs(fs::Path(path).parent_path(), 0755));
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) {
        return {};
    }
    if (!S_ISSOCK(info.st_mode)) {
        return failf(Code::kAlreadyExists, "{} is there and no socket", path);
    }
    LIMA_DO(fs::remove_if_exists(path));
    return {};
}

Result<Fd> listen_on(const Address& address, const std::string& text) {
    Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        return fail_errno(errno, "cannot make a socket");
    }
    const int on = 1;
    if (address.storage.ss_family != AF_UNIX) {
        ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    if (address.storage.ss_family == AF_INET6) {
        ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    const auto* plain = reinterpret_cast<const sockaddr*>(&address.storage);
    if (::bind(fd.get(), plain, address.size) != 0 || ::listen(fd.get(), kBacklog) != 0) {
        return fail_errno(errno, "cannot listen on " + text);
    }
    return fd;
}

std::string bound_address(int fd, const std::string& given) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (given.starts_with('/') || !given.ends_with(":0") ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
        return given;
    }
    const std::uint16_t port = storage.ss_family == AF_INET6
                                   ? reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port
                                   : reinterpret_cast<const sockaddr_in*>(&storage)->sin_port;
    return given.substr(0, given.size() - 1) + std::to_string(ntohs(port));
}

void tune(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#ifdef TCP_KEEPIDLE
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepAliveSeconds, sizeof kKeepAliveSeconds);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveSeconds, sizeof kKeepAliveSeconds);
#endif
}

}  // namespace

struct Listener::State : std::enable_shared_from_this<State> {
    State(const asio::any_io_executor& executor, Fd fd, bool is_tcp,
          std::function<void(Fd)> accepted)
        : socket(executor, fd.release()),
          pause(executor),
          tcp(is_tcp),
          on_accept(std::move(accepted)) {}

    void wait() {
        socket.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](boost::system::error_code error) {
                              if (!error && !self->closed) {
                                  self->accept_all();
                              }
                          });
    }

    void accept_all() {
        while (!closed) {
            Fd fd(
                ::accept4(socket.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            if (fd) {
                if (tcp) {
                    tune(fd.get());
                }
                on_accept(std::move(fd));
            } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                short_of(errno);
                return;
            } else if (errno == EAGAIN) {
                wait();
                return;
            }  // else: that one client has gone
        }
    }

    void short_of(int number) {
        log::warn("cannot accept a connection: {}", std::strerror(number));
        pause.expires_after(kShortage);
        pause.async_wait([self = shared_from_this()](boost::system::error_code error) {
            if (!error && !self->closed) {
                self->accept_all();
            }
        });
    }

    asio::posix::stream_descriptor socket;
    asio::steady_timer pause;
    bool tcp;
    std::function<void(Fd)> on_accept;
    bool closed = false;
};

Listener::Listener(std::shared_ptr<State> state, std::string address)
    : state_(std::move(state)), address_(std::move(address)) {}

Result<std::unique_ptr<Listener>> Listener::open(asio::any_io_executor executor,
                                                 const std::string& address,
                                                 std::function<void(Fd)> on_accept) {
    const bool is_path = address.starts_with('/');
    LIMA_TRY(const Address parsed, is_path ? unix_address(address) : parse_address(address));
    if (is_path) {
        LIMA_DO(make_room(address));
    }
    LIMA_TRY(Fd fd, listen_on(parsed, address));
    std::string bound = bound_address(fd.get(), address);
    auto state = std::make_shared<State>(executor, std::move(fd), !is_path, std::move(on_accept));
    state->wait();
    return std::unique_ptr<Listener>(new Listener(std::move(state), std::move(bound)));
}

Listener::~Listener() {
    state_->closed = true;
    boost::system::error_code ignored;
    state_->socket.close(ignored);
    state_->pause.cancel();
    if (address_.starts_with('/')) {
        (void)fs::remove_if_exists(address_);
    }
}

}  // namespace lima::hostagent
