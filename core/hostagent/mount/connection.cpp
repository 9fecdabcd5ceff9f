#include "core/hostagent/mount/connection.hpp"

#include "core/base/log.hpp"
#include "core/base/text.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include <csignal>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lima::hostagent {
namespace {

/// What an SFTP client asks for at once is up to 256 KiB with its header.
constexpr std::size_t kBuffer = 288 * 1024;
constexpr std::chrono::milliseconds kLastWords(500);
constexpr std::size_t kLinesKept = 5;
constexpr std::size_t kLongestLine = 16 * 1024;

struct Pair {
    Fd ours;
    Fd theirs;
};

Result<Pair> make_pair() {
    LIMA_TRY(auto ends, make_socket_pair());
    const int size = static_cast<int>(kBuffer);
    for (const Fd* end : {&ends.first, &ends.second}) {
        // A smaller buffer is slower, nothing else.
        ::setsockopt(end->get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
    return Pair{.ours = std::move(ends.first), .theirs = std::move(ends.second)};
}

}  // namespace

Connection::Connection(const asio::any_io_executor& executor, std::string name, MountTiming timing)
    : name_(std::move(name)),
      timing_(timing),
      ssh_(executor),
      sftp_(executor),
      changed_(executor),
      down_(executor),
      quiet_(executor),
      scope_(executor) {}

Connection::~Connection() {
    for (Side* side : {&ssh_, &sftp_}) {
        if (side->running && !side->child.signal(SIGKILL)) {
            log::debug("{}: nothing left to end", name_);
        }
    }
}

Result<void> Connection::spawn_side(Side& side, std::vector<std::string> argv) {
    LIMA_TRY(Pair data, make_pair());
    LIMA_TRY(Pipe errors, make_pipe());
    SpawnOptions options;
    options.argv = std::move(argv);
    options.stdin_fd = data.theirs.get();
    options.stdout_fd = data.theirs.get();
    options.stderr_fd = errors.write.get();
    LIMA_TRY(side.child, spawn(options));
    side.running = true;
    boost::system::error_code error;
    side.socket.assign(asio::local::stream_protocol(), data.ours.release(), error);
    if (!error) {
        side.errors.assign(errors.read.release(), error);
    }
    if (!error) {
        const int watched = ::fcntl(side.child.pidfd(), F_DUPFD_CLOEXEC, 0);
        side.exit.assign(watched, error);
    }
    if (error) {
        return fail(Code::kInternal,
                    "cannot watch " + options.argv.front() + ": " + error.message());
    }
    return {};
}

asio::awaitable<void> Connection::carry(Socket& from, Socket& to) {
    std::vector<char> buffer(kBuffer);
    boost::system::error_code error;
    while (!error) {
        const std::size_t size = co_await from.async_read_some(
            asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
        if (!error) {
            co_await asio::async_write(to, asio::buffer(buffer.data(), size),
                                       asio::redirect_error(asio::use_awaitable, error));
        }
    }
    down_.set();
    changed_.set();
}

void Connection::heard(const std::string& line, const std::string& marker) {
    if (line == marker) {
        up_ = true;
        changed_.set();
        return;
    }
    if (trim(line).empty()) {
        return;
    }
    log::debug("{}: {}", name_, line);
    last_.push_back(line);
    if (last_.size() > kLinesKept) {
        last_.pop_front();
    }
}

asio::awaitable<void> Connection::listen(Side& side, std::string marker) {
    std::string buffer;
    for (;;) {
        boost::system::error_code error;
        const std::size_t size =
            co_await asio::async_read_until(side.errors, asio::dynamic_buffer(buffer, kLongestLine),
                                            '\n', asio::redirect_error(asio::use_awaitable, error));
        if (error == asio::error::not_found) {
            heard(std::exchange(buffer, std::string()), marker);
            continue;
        }
        if (error) {
            break;
        }
        std::string line = buffer.substr(0, size - 1);
        buffer.erase(0, size);
        if (line.ends_with('\r')) {
            line.pop_back();
        }
        heard(line, marker);
    }
    heard(buffer, marker);
    if (&side == &ssh_) {
        quiet_.set();
    }
}

/// The program's end, which its sockets need not tell: others may hold them.
asio::awaitable<void> Connection::watch(Side& side) {
    boost::system::error_code error;
    co_await side.exit.async_wait(asio::posix::stream_descriptor::wait_read,
                                  asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
        down_.set();
        changed_.set();
    }
}

asio::awaitable<Result<void>> Connection::open(std::vector<std::string> ssh,
                                               std::vector<std::string> sftp, std::string marker) {
    Result<void> started = spawn_side(sftp_, std::move(sftp));
    if (started) {
        started = spawn_side(ssh_, std::move(ssh));
    }
    if (!started) {
        co_await take_down();
        co_return started;
    }
    scope_.spawn(carry(ssh_.socket, sftp_.socket), name_ + ": to the host");
    scope_.spawn(carry(sftp_.socket, ssh_.socket), name_ + ": to the guest");
    scope_.spawn(listen(ssh_, std::move(marker)), name_ + ": the words of sshfs");
    scope_.spawn(listen(sftp_, std::string()), name_ + ": the words of sftp-server");
    scope_.spawn(watch(ssh_), name_ + ": the end of ssh");
    scope_.spawn(watch(sftp_), name_ + ": the end of sftp-server");

    asio::steady_timer limit(co_await asio::this_coro::executor, timing_.mount);
    limit.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            late_ = true;
            changed_.set();
        }
    });
    co_await changed_.wait();
    limit.cancel();
    if (is_up()) {
        co_return Result<void>();
    }
    down_.set();
    co_await take_down();
    if (late_) {
        co_return fail(Code::kDeadlineExceeded, "it was not mounted in time; " + said());
    }
    co_return fail(
        status_.signal != 0 || status_.code == 255 ? Code::kUnavailable : Code::kFailedPrecondition,
        said());
}

asio::awaitable<std::string> Connection::ended() {
    co_await down_.wait();
    co_await take_down();
    co_return said();
}

void Connection::drop() {
    dropped_ = true;
    down_.set();
    changed_.set();
}

std::string Connection::said() const {
    if (last_.empty()) {
        return "ssh ended with " + status_.text();
    }
    return join({last_.begin(), last_.end()}, "; ");
}

asio::awaitable<void> Connection::reap(Side& side) {
    if (!side.running) {
        co_return;
    }
    asio::steady_timer limit(co_await asio::this_coro::executor);
    for (const int number : {0, SIGTERM, SIGKILL}) {
        if (number == 0 && dropped_) {
            continue;
        }
        if (number != 0 && !side.child.signal(number)) {
            log::debug("{}: it has ended", name_);
        }
        limit.expires_after(timing_.grace);
        limit.async_wait([&side](const boost::system::error_code& error) {
            if (!error) {
                side.exit.cancel();
            }
        });
        boost::system::error_code error;
        co_await side.exit.async_wait(asio::posix::stream_descriptor::wait_read,
                                      asio::redirect_error(asio::use_awaitable, error));
        limit.cancel();
        if (!error) {
            break;
        }
    }
    side.running = false;
    if (const auto status = side.child.wait(); status && &side == &ssh_) {
        status_ = *status;
    }
}

/// Closing the data is what both programs end by; what they say meanwhile is still heard.
asio::awaitable<void> Connection::take_down() {
    boost::system::error_code ignored;
    for (Side* side : {&ssh_, &sftp_}) {
        side->socket.close(ignored);
    }
    const bool spoke = ssh_.running;
    co_await reap(ssh_);
    co_await reap(sftp_);
    if (spoke) {
        // Its last words may still be in the pipe. Who else holds that open has nothing to say.
        asio::steady_timer limit(co_await asio::this_coro::executor, kLastWords);
        limit.async_wait([this](const boost::system::error_code& error) {
            if (!error) {
                quiet_.set();
            }
        });
        co_await quiet_.wait();
        limit.cancel();
    }
    scope_.cancel();
    co_await scope_.join();
    for (Side* side : {&ssh_, &sftp_}) {
        side->errors.close(ignored);
        side->exit.close(ignored);
    }
}

}  // namespace lima::hostagent
