#include "sdk/remote/client/launch.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace lima::remote::client {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kReadyWithin(10);
/// Between bind, which makes the file, and listen there is no event to wait for.
constexpr milliseconds kListenPause(5);
/// A file system may not tell: then it is looked up as often as the original does.
constexpr milliseconds kLookAgain(100);
/// What Go's `flag` and Python's argparse exit with when they do not know a flag.
constexpr int kUsage = 2;

/// Waits for the process to serve, and for the three reasons not to.
class Wait {
public:
    Wait(DriverProcess& process, const sdk::Call* call)
        : process_(process), call_(call), deadline_(Clock::now() + kReadyWithin) {}

    /// Until the descriptor is readable (or -1), at most that long. kAborted: the process has
    /// ended.
    Result<void> pause(int fd, milliseconds time) {
        const auto left = std::chrono::ceil<milliseconds>(deadline_ - Clock::now());
        if (left.count() <= 0) {
            return failf(Code::kDeadlineExceeded, "it does not serve within {} s",
                         kReadyWithin.count());
        }
        std::array<pollfd, 3> polled{{{process_.pidfd(), POLLIN, 0},
                                      {call_ != nullptr ? call_->cancel_fd() : -1, POLLIN, 0},
                                      {fd, POLLIN, 0}}};
        if (poll(polled.data(), polled.size(), static_cast<int>(std::min(left, time).count())) <
                0 &&
            errno != EINTR) {
            return fail_errno(errno, "cannot wait for it");
        }
        if (polled[1].revents != 0) {
            return fail(Code::kCancelled, "cancelled");
        }
        if (polled[0].revents != 0 && polled[2].revents == 0) {
            return fail(Code::kAborted, "it has ended");
        }
        return {};
    }

    /// Connects as soon as it can be.
    Result<Fd> connect(const Path& socket, int changes) {
        for (;;) {
            auto connection = connect_unix(socket.string());
            if (connection || (connection.error().code() != Code::kUnavailable &&
                               connection.error().code() != Code::kNotFound)) {
                return connection;
            }
            const bool is_there = connection.error().code() == Code::kUnavailable;
            LIMA_DO(pause(is_there ? -1 : changes, is_there ? kListenPause : kLookAgain));
            forget(changes);
        }
    }

private:
    static void forget(int changes) {
        std::array<char, 4096> events;
        if (changes >= 0) {
            static_cast<void>(read(changes, events.data(), events.size()));
        }
    }

    DriverProcess& process_;
    const sdk::Call* call_;
    Clock::time_point deadline_;
};

Fd watch(const Path& dir) {
    Fd changes(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (changes &&
        inotify_add_watch(changes.get(), dir.c_str(), IN_CREATE | IN_MOVED_TO | IN_ATTRIB) < 0) {
        changes.reset();
    }
    return changes;
}

DriverProcess::Start start_of(const Program& program, const Path& dir) {
    return {.dir = dir, .has_pid_file = !program.instance_dir.empty(), .first_generation = false};
}

/// Why it does not serve. Ends it.
Failure refuse(Error why, DriverProcess& process) {
    if (why.code() == Code::kCancelled) {
        return fail(std::move(why));
    }
    if (!process.wait(milliseconds(0))) {
        process.end(milliseconds(0));
        const std::string said = process.last_lines();
        return fail(Error(Code::kDeadlineExceeded,
                          fmt::format("the driver process {} was started and {}{}", process.pid(),
                                      why.text(), said.empty() ? "" : ": " + said)));
    }
    return fail(Code::kUnavailable, process.obituary() + ", before it served");
}

Result<Launched> launch_second(const Program& program, const Path& dir, const sdk::Call* call,
                               bool& is_first) {
    const Path socket = socket_of(program, dir);
    const Fd changes = watch(dir);
    LIMA_TRY(auto process, DriverProcess::start(program, start_of(program, dir)));
    Wait wait(*process, call);
    auto connection = wait.connect(socket, changes.get());
    if (!connection) {
        const auto status = process->wait(milliseconds(0));
        is_first = status && status->code == kUsage && status->signal == 0;
        return refuse(std::move(connection.error()), *process);
    }
    return Launched{std::move(process), std::move(*connection), Generation::kSecond};
}

/// The line {"socketPath":"…"}.
Result<Path> read_socket_path(Wait& wait, int output) {
    std::string text;
    constexpr std::size_t kLongest = 65536;
    while (text.find('\n') == std::string::npos) {
        LIMA_DO(wait.pause(output, kReadyWithin));
        std::array<char, 4096> buffer;
        const ssize_t count = read(output, buffer.data(), buffer.size());
        if (count == 0) {
            return fail(Code::kAborted, "it has ended");
        }
        if (count > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(count));
        }
        if (text.size() > kLongest) {
            return fail(Code::kInternal, "it prints something else than where it listens");
        }
    }
    text.resize(text.find('\n'));
    const auto json = parse_json(text);
    const std::string path =
        json && json->is_object() ? json_string(*json, "socketPath") : std::string();
    if (path.empty()) {
        return failf(Code::kInternal, "its first line does not say where it listens: {}",
                     text.substr(0, 200));
    }
    return Path(path);
}

Result<Launched> launch_first(const Program& program, const Path& dir, const sdk::Call* call) {
    LIMA_TRY(Pipe pipe, make_pipe());
    DriverProcess::Start start = start_of(program, dir);
    start.first_generation = true;
    start.stdout_fd = pipe.write.get();
    LIMA_TRY(auto process, DriverProcess::start(program, start));
    pipe.write.reset();
    Wait wait(*process, call);
    auto socket = read_socket_path(wait, pipe.read.get());
    if (!socket) {
        return refuse(std::move(socket.error()), *process);
    }
    auto connection = wait.connect(*socket, -1);
    if (!connection) {
        return refuse(std::move(connection.error()), *process);
    }
    process->drain(std::move(pipe.read));
    return Launched{std::move(process), std::move(*connection), Generation::kFirst};
}

}  // namespace

Result<Launched> launch(const Program& program, const Path& dir, bool reuse,
                        const sdk::Call* call) {
    const Path socket = socket_of(program, dir);
    if (reuse) {
        if (auto living = connect_unix(socket.string())) {
            return Launched{nullptr, std::move(*living), Generation::kSecond};
        }
    }
    // Only a socket that nobody serves: one whose process is slow was connected to just now.
    LIMA_DO(fs::remove_if_exists(socket));
    bool is_first = false;
    auto second = launch_second(program, dir, call, is_first);
    if (second || !is_first) {
        return second;
    }
    auto first = launch_first(program, dir, call);
    if (!first && first.error().code() != Code::kCancelled) {
        return fail(Error(
            first.error().code(),
            fmt::format("{}; with --inst-dir: {}", first.error().text(), second.error().text())));
    }
    return first;
}

}  // namespace lima::remote::client
