#include "core/hostapi/follow.hpp"

#include "core/base/fd.hpp"
#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/hostapi/log_relay.hpp"
#include "core/hostapi/tail.hpp"

#include <climits>

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace lima::hostapi {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr const char* kStdout = "ha.stdout.log";
constexpr const char* kStderr = "ha.stderr.log";
constexpr milliseconds kTick(1000);

/// One watch on the directory sees both files, also when they are made anew.
Result<Fd> watch_directory(const std::filesystem::path& directory) {
    Fd fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!fd) {
        return fail_errno(errno, "cannot make an inotify instance");
    }
    if (inotify_add_watch(fd.get(), directory.c_str(), IN_CREATE | IN_MOVED_TO | IN_MODIFY) < 0) {
        return fail_errno(errno, "cannot watch " + directory.string());
    }
    return fd;
}

/// Takes what has queued up; true when one of the two logs is among it (or when events were lost).
bool drain_watch(int fd) {
    alignas(inotify_event) std::array<char, 4096> buffer;
    bool ours = false;
    for (;;) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got <= 0) {
            return ours;
        }
        for (ssize_t at = 0; at < got;) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
            const std::string_view name = event->len > 0 ? event->name : "";
            ours = ours || (event->mask & IN_Q_OVERFLOW) != 0 || name == kStdout || name == kStderr;
            at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
        }
    }
}

class Follower {
public:
    explicit Follower(const FollowOptions& options)
        : options_(options),
          relay_(options.begin, options.before_relay),
          events_(options.instance_dir / kStdout),
          log_(options.instance_dir / kStderr, options.log_offset) {}

    Result<void> run();

private:
    /// True when the caller has seen enough.
    Result<bool> pump();
    Result<bool> handle(const std::string& line);
    Result<void> agent_ended() const;

    const FollowOptions& options_;
    LogRelay relay_;
    Tail events_;
    Tail log_;
};

Result<bool> Follower::handle(const std::string& line) {
    if (line.empty()) {
        return false;
    }
    if (line.front() == '{' && !parse_json(line)) {
        log::debug("an event was cut, as on a full disk: {}", line);
        return false;
    }
    LIMA_TRY(const Event event, decode(line), "{}", events_.path().string());
    if (event.time < options_.begin) {
        return false;
    }
    return options_.on_event && options_.on_event(event);
}

Result<bool> Follower::pump() {
    // The log first: what led to an event is shown before it.
    LIMA_TRY(const std::vector<std::string> records, log_.read_lines());
    for (const std::string& record : records) {
        relay_.take(record, options_.relay_log, options_.relay_from);
    }
    LIMA_TRY(const std::vector<std::string> events, events_.read_lines());
    for (const std::string& event : events) {
        LIMA_TRY(const bool enough, handle(event));
        if (enough) {
            return true;
        }
    }
    return false;
}

Result<void> Follower::agent_ended() const {
    std::string text = "the host agent has ended";
    if (!relay_.last_error().empty()) {
        text += ": " + relay_.last_error();
    }
    return fail(
        Error(Code::kUnavailable, std::move(text)).with_hint("see `" + log_.path().string() + "`"));
}

Result<void> Follower::run() {
    LIMA_TRY(const Fd watch, watch_directory(options_.instance_dir));
    const Clock::time_point deadline = Clock::now() + options_.timeout;
    LIMA_TRY(bool enough, pump());
    while (!enough) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) {
            return fail(Code::kDeadlineExceeded, "the host agent did not get there in time");
        }
        std::array<pollfd, 2> wait = {pollfd{watch.get(), POLLIN, 0},
                                      pollfd{options_.agent_pidfd, POLLIN, 0}};
        const std::int64_t most = options_.on_tick ? kTick.count() : INT_MAX;
        const int ready =
            ::poll(wait.data(), wait.size(), static_cast<int>(std::min<std::int64_t>(left, most)));
        if (ready < 0 && errno != EINTR) {
            return fail_errno(errno, "cannot wait for the host agent");
        }
        if (ready == 0 && options_.on_tick) {
            options_.on_tick();
        }
        const bool ended = wait[1].revents != 0;
        if (drain_watch(watch.get()) || ended) {
            LIMA_TRY(enough, pump());
        }
        if (ended && !enough) {
            return agent_ended();
        }
    }
    return {};
}

}  // namespace

Result<void> follow(const FollowOptions& options) { return Follower(options).run(); }

}  // namespace lima::hostapi
