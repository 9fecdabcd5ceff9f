#include "core/driver/host_process.hpp"

#include "core/base/lock.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/driver/line_reader.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <thread>
#include <vector>

namespace lima::driver {
namespace {

constexpr int kFirstInherited = 3;

Result<Fd> make_event() {
    Fd fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd) {
        return fail_errno(errno, "cannot create an eventfd");
    }
    return fd;
}

/// Readable from now on, for everybody who polls it.
void set_event(const Fd& event) { eventfd_write(event.get(), 1); }

Result<SpawnOptions> spawn_options(const lima_host_process_spec& spec) {
    SpawnOptions options;
    for (const char* const* word = spec.argv; word != nullptr && *word != nullptr; ++word) {
        options.argv.emplace_back(*word);
    }
    if (options.argv.empty()) {
        return failf(Code::kInvalidArgument, "a process needs an argv");
    }
    for (const char* const* entry = spec.env; entry != nullptr && *entry != nullptr; ++entry) {
        const char* equals = std::strchr(*entry, '=');
        if (equals == nullptr || equals == *entry) {
            return failf(Code::kInvalidArgument, "environment entry \"{}\" is not K=V", *entry);
        }
        options.extra_env[std::string(*entry, equals)] = equals + 1;
    }
    if (spec.cwd != nullptr) {
        options.cwd = spec.cwd;
    }
    for (std::size_t i = 0; i < spec.inherit_count; ++i) {
        options.inherit.emplace_back(static_cast<int>(spec.inherit[i]),
                                     kFirstInherited + static_cast<int>(i));
    }
    return options;
}

/// Our end of a pipe whose other end becomes the child's stdout or stderr.
Result<Pipe> make_output_pipe() {
    LIMA_TRY(Pipe pipe, make_pipe());
    if (fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) != 0) {
        return fail_errno(errno, "cannot set up a pipe");
    }
    return pipe;
}

}  // namespace

struct Processes::Entry {
    Child child;
    std::optional<PidFile> pid_file;
    std::vector<LineReader> readers;
    lima_host_process_spec spec{};  // its callbacks; the pointers to texts are not used after spawn
    Fd stop;                        // readable: leave without waiting for the end
    Fd changed;                     // readable: ended, or nobody watches any more
    std::atomic<bool> supervised{true};
    std::atomic<bool> ended{false};
    std::atomic<bool> thread_done{false};
    std::thread thread;
    std::mutex reap_mutex;

    void run();
    bool watch();
    std::optional<ExitStatus> reap();
};

/// Reads lines until the child has ended (true) or the watch is called off (false).
bool Processes::Entry::watch() {
    for (;;) {
        std::vector<pollfd> polled{{child.pidfd(), POLLIN, 0}, {stop.get(), POLLIN, 0}};
        for (const LineReader& reader : readers) {
            polled.push_back({reader.fd(), POLLIN, 0});
        }
        if (poll(polled.data(), polled.size(), -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            log::error("cannot watch process {}: {}", child.pid(), std::strerror(errno));
            return false;
        }
        if (polled[1].revents != 0) {
            return false;
        }
        for (LineReader& reader : readers) {
            reader.pump();
        }
        if (polled[0].revents != 0) {
            return true;
        }
    }
}

/// nullopt when somebody else was first.
std::optional<ExitStatus> Processes::Entry::reap() {
    const std::lock_guard lock(reap_mutex);
    if (ended) {
        return std::nullopt;
    }
    const auto status = child.wait();
    if (pid_file) {
        pid_file->remove();
        pid_file.reset();
    }
    ended = true;
    if (!status) {
        log::error("cannot learn how process {} ended: {}", child.pid(), status.error().text());
        return ExitStatus{-1, 0};
    }
    return *status;
}

void Processes::Entry::run() {
    if (!watch()) {
        readers.clear();
        supervised = false;
        set_event(changed);
        return;
    }
    // A grandchild may hold the pipes for long: what is in them now is all that counts.
    for (LineReader& reader : readers) {
        reader.pump();
        reader.finish();
    }
    readers.clear();
    const auto status = reap();
    set_event(changed);
    if (status && spec.exited != nullptr) {
        spec.exited(spec.ctx, status->code, status->signal);
    }
}

Processes::~Processes() { stop_callbacks(); }

Result<std::int64_t> Processes::spawn(const lima_host_process_spec& spec) {
    if (spec.struct_size < sizeof spec) {
        return failf(Code::kInvalidArgument, "a process spec of {} bytes, {} are needed",
                     spec.struct_size, sizeof spec);
    }
    LIMA_TRY(SpawnOptions options, spawn_options(spec));
    auto entry = std::make_shared<Entry>();
    entry->spec = spec;
    LIMA_TRY(entry->stop, make_event());
    LIMA_TRY(entry->changed, make_event());
    std::array<Pipe, 2> pipes;
    if (spec.line != nullptr) {
        for (int i = 0; i < 2; ++i) {
            LIMA_TRY(pipes[i], make_output_pipe());
            entry->readers.emplace_back(std::move(pipes[i].read), i + 1, spec.line, spec.ctx);
        }
        options.stdout_fd = pipes[0].write.get();
        options.stderr_fd = pipes[1].write.get();
    }
    if (spec.pid_file != nullptr) {
        LIMA_TRY(entry->pid_file, PidFile::create(spec.pid_file));
        const int number = kFirstInherited + static_cast<int>(spec.inherit_count);
        options.inherit.emplace_back(entry->pid_file->fd(), number);
    }

    const std::lock_guard lock(mutex_);
    if (stopped_) {
        return failf(Code::kFailedPrecondition, "no process is started while the driver goes away");
    }
    for (auto& [id, other] : entries_) {
        if (other->thread_done && other->thread.joinable()) {
            other->thread.join();
        }
    }
    auto child = lima::spawn(options);
    if (!child) {
        if (entry->pid_file) {
            entry->pid_file->remove();
        }
        return fail(std::move(child.error()));
    }
    entry->child = std::move(*child);
    if (entry->pid_file) {
        if (auto written = entry->pid_file->set_pid(entry->child.pid()); !written) {
            static_cast<void>(entry->child.terminate(std::chrono::milliseconds(0)));
            entry->pid_file->remove();
            return fail(std::move(written.error()));
        }
    }
    const std::int64_t id = ++last_id_;
    entries_.emplace(id, entry);
    entry->thread = std::thread([raw = entry.get()] {
        try {
            raw->run();
        } catch (const std::exception& e) {
            log::error("watching process {} failed: {}", raw->child.pid(), e.what());
        }
        raw->thread_done = true;
    });
    return id;
}

std::shared_ptr<Processes::Entry> Processes::find(std::int64_t id) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : found->second;
}

Result<void> Processes::signal(std::int64_t id, int number) {
    const auto entry = find(id);
    if (!entry) {
        return failf(Code::kNotFound, "no child process {}", id);
    }
    if (entry->ended) {
        return {};
    }
    auto sent = entry->child.signal(number);
    // Between its end and our seeing it: still no effect.
    if (!sent && sent.error().code() == Code::kNotFound) {
        return {};
    }
    return sent;
}

Result<void> Processes::wait(const lima_call& call, std::int64_t id, std::int64_t timeout_ms) {
    using Clock = std::chrono::steady_clock;
    const auto entry = find(id);
    if (!entry) {
        return failf(Code::kNotFound, "no child process {}", id);
    }
    const auto deadline =
        Clock::now() + std::chrono::milliseconds(std::max<std::int64_t>(timeout_ms, 0));
    // Who gives a cancelled call time still wants that time: after a SIGKILL, for the end.
    const int cancel_fd = timeout_ms < 0 || call.cancelled(&call) == 0 ? call.cancel_fd : -1;
    while (!entry->ended) {
        const bool supervised = entry->supervised;
        std::array<pollfd, 2> polled{
            {{supervised ? entry->changed.get() : entry->child.pidfd(), POLLIN, 0},
             {cancel_fd, POLLIN, 0}}};  // poll skips a negative one
        int left = -1;
        if (timeout_ms >= 0) {
            const auto rest =
                std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
            left = static_cast<int>(std::clamp<std::int64_t>(rest, 0, 1'000'000'000));
        }
        const int ready = poll(polled.data(), polled.size(), left);
        if (ready < 0 && errno != EINTR) {
            return fail_errno(errno, fmt::format("cannot wait for process {}", entry->child.pid()));
        }
        if (ready == 0) {
            return failf(Code::kDeadlineExceeded, "process {} still runs", entry->child.pid());
        }
        if (polled[0].revents != 0 && !supervised) {
            entry->reap();
        } else if (polled[0].revents == 0 && polled[1].revents != 0) {
            return failf(Code::kCancelled, "cancelled while process {} still runs",
                         entry->child.pid());
        }
    }
    return {};
}

std::int64_t Processes::pid(std::int64_t id) {
    const auto entry = find(id);
    return !entry || entry->ended ? -1 : entry->child.pid();
}

void Processes::stop_callbacks() {
    std::vector<std::shared_ptr<Entry>> entries;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        for (const auto& [id, entry] : entries_) {
            entries.push_back(entry);
        }
    }
    for (const auto& entry : entries) {
        set_event(entry->stop);
    }
    for (const auto& entry : entries) {
        if (entry->thread.joinable()) {
            entry->thread.join();
        }
    }
}

}  // namespace lima::driver
