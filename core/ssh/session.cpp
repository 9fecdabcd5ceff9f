#include "core/ssh/session.hpp"

#include "core/base/fd.hpp"

#include <libssh2.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace lima::ssh {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kReadBuffer = std::size_t{64} * 1024;
constexpr std::size_t kMaxOutput = std::size_t(256) << 20;

Result<void> init_library() {
    static std::once_flag once;
    static int status = 0;
    std::call_once(once, [] { status = libssh2_init(0); });
    if (status != 0) {
        return failf(Code::kInternal, "cannot initialize libssh2: error {}", status);
    }
    return {};
}

int signal_number(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, int>, 13> kSignals = {{{"ABRT", SIGABRT},
                                                                            {"ALRM", SIGALRM},
                                                                            {"FPE", SIGFPE},
                                                                            {"HUP", SIGHUP},
                                                                            {"ILL", SIGILL},
                                                                            {"INT", SIGINT},
                                                                            {"KILL", SIGKILL},
                                                                            {"PIPE", SIGPIPE},
                                                                            {"QUIT", SIGQUIT},
                                                                            {"SEGV", SIGSEGV},
                                                                            {"TERM", SIGTERM},
                                                                            {"USR1", SIGUSR1},
                                                                            {"USR2", SIGUSR2}}};
    const auto* found = std::find_if(kSignals.begin(), kSignals.end(),
                                     [&](const auto& known) { return known.first == name; });
    return found == kSignals.end() ? 0 : found->second;
}

}  // namespace

struct Session::Impl {
    std::string peer;  // "127.0.0.1 port 60022"
    Fd socket;
    Fd interrupted;  // an eventfd that stays readable once it was
    int cancel_fd = -1;
    std::atomic<bool> stop = false;
    bool broken = false;
    LIBSSH2_SESSION* session = nullptr;

    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl();

    /// Until the descriptor is ready. The code is kCancelled, or kDeadlineExceeded with what was
    /// waited for.
    Result<void> wait(short events, Clock::time_point deadline, std::string_view what) const {
        std::array<pollfd, 3> fds = {
            {{socket.get(), events, 0}, {interrupted.get(), POLLIN, 0}, {cancel_fd, POLLIN, 0}}};
        while (true) {
            const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
            const int timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
            const int ready = ::poll(fds.data(), fds.size(), timeout);
            if (ready < 0 && errno == EINTR) {
                continue;
            }
            if (ready < 0) {
                return fail_errno(errno, "cannot wait for " + peer);
            }
            if (fds[1].revents != 0 || fds[2].revents != 0) {
                return given_up();
            }
            if (ready > 0) {
                return {};
            }
            if (Clock::now() >= deadline) {
                return failf(Code::kDeadlineExceeded, "no {} from {} in time", what, peer);
            }
        }
    }

    /// What libssh2 waits for, after it returned EAGAIN.
    Result<void> wait_for_library(Clock::time_point deadline, std::string_view what) const {
        const int directions = libssh2_session_block_directions(session);
        short events = 0;
        if ((directions & LIBSSH2_SESSION_BLOCK_INBOUND) != 0) {
            events |= POLLIN;
        }
        if ((directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0) {
            events |= POLLOUT;
        }
        return wait(events == 0 ? short{POLLIN} : events, deadline, what);
    }

    /// Calls until it is not EAGAIN any more; returns what it returned then.
    template <class Call>
    Result<int> repeat(Call call, Clock::time_point deadline, std::string_view what) const {
        while (true) {
            const int status = static_cast<int>(call());
            if (status != LIBSSH2_ERROR_EAGAIN) {
                return status;
            }
            LIMA_DO(wait_for_library(deadline, what));
        }
    }

    std::string library_text() const {
        char* text = nullptr;
        int size = 0;
        libssh2_session_last_error(session, &text, &size, 0);
        return text == nullptr ? "" : std::string(text, static_cast<std::size_t>(size));
    }

    Failure library_error(int status, std::string_view doing) const {
        Code code = Code::kUnknown;
        switch (status) {
            case LIBSSH2_ERROR_SOCKET_DISCONNECT:
            case LIBSSH2_ERROR_SOCKET_RECV:
            case LIBSSH2_ERROR_SOCKET_SEND:
            case LIBSSH2_ERROR_BANNER_RECV:
            case LIBSSH2_ERROR_BANNER_SEND:
                code = Code::kUnavailable;
                break;
            case LIBSSH2_ERROR_ALLOC:
                code = Code::kResourceExhausted;
                break;
            default:
                break;
        }
        return failf(code, "cannot {} {}: {} ({})", doing, peer, library_text(), status);
    }

    Failure given_up() const {
        return failf(Code::kCancelled, "the connection to {} was given up", peer);
    }

    Result<void> open_socket(const SessionTarget& target, Clock::time_point deadline);
    Result<void> handshake(Clock::time_point deadline) const;
    Result<void> authenticate(const SessionTarget& target, Clock::time_point deadline) const;
    Result<CommandResult> execute(const std::string& command, std::string_view input,
                                  Clock::time_point deadline) const;
};

Session::Impl::~Impl() {
    if (session == nullptr) {
        return;
    }
    if (!broken) {
        libssh2_session_disconnect(session,
                                   "done");  // for the peer's log; as much as the socket takes
    }
    // without a peer nothing can block any more, and the library lets go of all its memory
    ::shutdown(socket.get(), SHUT_RDWR);
    for (int tries = 0; tries < 10 && libssh2_session_free(session) == LIBSSH2_ERROR_EAGAIN;
         ++tries) {
    }
}

Result<void> Session::Impl::open_socket(const SessionTarget& target, Clock::time_point deadline) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int status =
        ::getaddrinfo(target.address.c_str(), std::to_string(target.port).c_str(), &hints, &list);
    if (status != 0) {
        return failf(Code::kInvalidArgument, "cannot resolve {}: {}", target.address,
                     ::gai_strerror(status));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> address(list, ::freeaddrinfo);
    socket.reset(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) {
        return fail_errno(errno, "cannot make a socket");
    }
    int error = 0;
    if (::connect(socket.get(), address->ai_addr, address->ai_addrlen) != 0) {
        error = errno;
    }
    if (error == EINPROGRESS) {
        LIMA_DO(wait(POLLOUT, deadline, "answer"));
        socklen_t size = sizeof error;
        ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != 0) {
        return failf(Code::kUnavailable, "cannot connect to {}: {}", peer,
                     std::generic_category().message(error));
    }
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return {};
}

Result<void> Session::Impl::handshake(Clock::time_point deadline) const {
    LIMA_TRY(const int status,
             repeat([this] { return libssh2_session_handshake(session, socket.get()); }, deadline,
                    "ssh handshake"));
    if (status == 0) {
        return {};
    }
    // to hang up in the handshake is what a port does behind which nobody listens yet
    return library_error(status, "begin ssh with");
}

Result<void> Session::Impl::authenticate(const SessionTarget& target,
                                         Clock::time_point deadline) const {
    std::string public_key = target.identity.native() + ".pub";
    const std::string& user = target.user;
    const auto call = [&] {
        return libssh2_userauth_publickey_fromfile_ex(
            session, user.data(), static_cast<unsigned>(user.size()), public_key.c_str(),
            target.identity.c_str(), "");
    };
    LIMA_TRY(const int status, repeat(call, deadline, "answer to the key"));
    switch (status) {
        case 0:
            return {};
        case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
        case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
        case LIBSSH2_ERROR_METHOD_NOT_SUPPORTED:
            return failf(Code::kPermissionDenied, "{} refused the key {} for the user {}", peer,
                         target.identity.native(), user);
        case LIBSSH2_ERROR_FILE:
            return failf(Code::kFailedPrecondition, "cannot use the key {}: {}",
                         target.identity.native(), library_text());
        default:
            return library_error(status, "log in to");
    }
}

namespace {

/// A running command: its input goes in, its two outputs come out, as far as each can.
class Command {
public:
    Command(LIBSSH2_CHANNEL* channel, std::string_view input) : channel_(channel), input_(input) {}

    /// Moves what can be moved. The status of libssh2, 0 or an error; EAGAIN: nothing moves now.
    int step() {
        bool moved = false;
        if (const int status = feed(moved); status < 0 && status != LIBSSH2_ERROR_EAGAIN) {
            return status;
        }
        for (const auto& [stream, text] :
             {std::pair(0, &result_.out), std::pair(SSH_EXTENDED_DATA_STDERR, &result_.err)}) {
            const ssize_t got =
                libssh2_channel_read_ex(channel_, stream, buffer_.data(), buffer_.size());
            if (got > 0) {
                text->append(buffer_, 0, static_cast<std::size_t>(got));
                moved = true;
            } else if (got < 0 && got != LIBSSH2_ERROR_EAGAIN) {
                return static_cast<int>(got);
            }
        }
        return moved || ended() ? 0 : LIBSSH2_ERROR_EAGAIN;
    }
    bool ended() const { return libssh2_channel_eof(channel_) == 1; }
    bool too_long() const { return result_.out.size() + result_.err.size() > kMaxOutput; }
    CommandResult& result() { return result_; }

private:
    int feed(bool& moved) {
        if (!input_.empty()) {
            const ssize_t put = libssh2_channel_write(channel_, input_.data(), input_.size());
            if (put > 0) {
                input_.remove_prefix(static_cast<std::size_t>(put));
                moved = true;
            } else if (put == LIBSSH2_ERROR_CHANNEL_CLOSED) {
                input_ = {};  // it ended without reading everything
                eof_sent_ = true;
            }
            return put == LIBSSH2_ERROR_CHANNEL_CLOSED
                       ? 0
                       : static_cast<int>(std::min<ssize_t>(put, 0));
        }
        if (!eof_sent_) {
            const int status = libssh2_channel_send_eof(channel_);
            if (status == 0) {
                eof_sent_ = true;
                moved = true;
            }
            return status;
        }
        return 0;
    }

    LIBSSH2_CHANNEL* channel_;
    std::string_view input_;
    bool eof_sent_ = false;
    std::string buffer_ = std::string(kReadBuffer, '\0');
    CommandResult result_;
};

int exit_code_of(LIBSSH2_CHANNEL* channel) {
    char* signal = nullptr;
    libssh2_channel_get_exit_signal(channel, &signal, nullptr, nullptr, nullptr, nullptr, nullptr);
    if (signal == nullptr) {
        return libssh2_channel_get_exit_status(channel);
    }
    const int number = signal_number(signal);
    std::free(signal);  // of libssh2's default allocator
    return 128 + number;
}

}  // namespace

Result<CommandResult> Session::Impl::execute(const std::string& command, std::string_view input,
                                             Clock::time_point deadline) const {
    LIBSSH2_CHANNEL* channel = nullptr;  // freed with the session where a step fails
    const auto open = [&] {
        channel = libssh2_channel_open_session(session);
        return channel != nullptr ? 0 : libssh2_session_last_errno(session);
    };
    LIMA_TRY(int status, repeat(open, deadline, "channel"));
    if (status != 0) {
        return library_error(status, "open a channel to");
    }
    const auto start = [&] { return libssh2_channel_exec(channel, command.c_str()); };
    LIMA_TRY(status, repeat(start, deadline, "start of the command"));
    if (status != 0) {
        return library_error(status, "run a command on");
    }
    Command running(channel, input);
    while (!running.ended()) {
        status = running.step();
        if (status == LIBSSH2_ERROR_EAGAIN) {
            LIMA_DO(wait_for_library(deadline, "end of the command"));
        } else if (status != 0) {
            return library_error(status, "run a command on");
        } else if (running.too_long()) {
            return failf(Code::kResourceExhausted, "a command on {} wrote more than {} bytes", peer,
                         kMaxOutput);
        } else if (stop) {
            return given_up();
        } else if (Clock::now() >= deadline) {
            return failf(Code::kDeadlineExceeded, "no end of the command from {} in time", peer);
        }
    }
    // the exit status comes before the close, and without it the library would say 0
    LIMA_TRY(status, repeat([&] { return libssh2_channel_wait_closed(channel); }, deadline,
                            "exit status of the command"));
    if (status != 0) {
        return library_error(status, "get an exit status from");
    }
    running.result().exit_code = exit_code_of(channel);
    LIMA_TRY(status, repeat([&] { return libssh2_channel_free(channel); }, deadline, "close"));
    return std::move(running.result());
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::connect(const SessionTarget& target, milliseconds timeout, int cancel_fd) {
    LIMA_DO(init_library());
    const auto deadline = Clock::now() + timeout;
    auto impl = std::make_unique<Impl>();
    impl->peer = fmt::format("{} port {}", target.address, target.port);
    impl->cancel_fd = cancel_fd;
    impl->interrupted.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!impl->interrupted) {
        return fail_errno(errno, "cannot make an eventfd");
    }
    LIMA_DO(impl->open_socket(target, deadline));
    impl->session = libssh2_session_init();
    if (impl->session == nullptr) {
        return fail(Code::kResourceExhausted, "no memory for an ssh session");
    }
    libssh2_session_set_blocking(impl->session, 0);
    LIMA_DO(impl->handshake(deadline));
    LIMA_DO(impl->authenticate(target, deadline));
    impl->cancel_fd = -1;
    return Session(std::move(impl));
}

Result<CommandResult> Session::run(const std::string& command, std::string_view input,
                                   milliseconds timeout) {
    if (impl_->broken) {
        return failf(Code::kUnavailable, "the connection to {} broke in an earlier call",
                     impl_->peer);
    }
    auto result = impl_->execute(command, input, Clock::now() + timeout);
    impl_->broken = !result;
    return result;
}

void Session::interrupt() {
    impl_->stop = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(impl_->interrupted.get(), &one, sizeof one);
}

}  // namespace lima::ssh
