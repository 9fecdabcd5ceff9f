// Children by posix_spawn. Each has one thread that waits for it, and one more that reads its lines
// where somebody wants them.
#include "check/platform.hpp"

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace lima::check {
namespace {

class FileActions {
public:
    FileActions() { posix_spawn_file_actions_init(&actions_); }
    ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;
    posix_spawn_file_actions_t* get() { return &actions_; }

    void file(int fd, const Path& path, int flags) {
        const char* name = path.empty() ? "/dev/null" : path.c_str();
        posix_spawn_file_actions_addopen(&actions_, fd, name, flags, 0644);
    }
    void move(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }

private:
    posix_spawn_file_actions_t actions_{};
};

/// Signals as at the start of a program, and a group of its own.
class Attributes {
public:
    explicit Attributes(bool own_group) {
        posix_spawnattr_init(&attributes_);
        sigset_t all;
        sigfillset(&all);
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
        if (own_group) {
            posix_spawnattr_setpgroup(&attributes_, 0);
            flags |= POSIX_SPAWN_SETPGROUP;
        }
        posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
    }
    ~Attributes() { posix_spawnattr_destroy(&attributes_); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    const posix_spawnattr_t* get() const { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
};

struct Lines {
    int fd = -1;
    int stream = 0;
    std::string partial;
};

class PosixChild final : public Child {
public:
    PosixChild() = default;
    ~PosixChild() override {
        if (waiter_.joinable()) {
            waiter_.join();
        }
        if (lock_ >= 0) {
            close(lock_);
        }
    }

    bool begin(const Launch& launch, std::string& error);

    std::int64_t pid() const override {
        const std::lock_guard guard(mutex_);
        return exit_ ? -1 : pid_;
    }
    void signal(int number) override {
        const std::lock_guard guard(mutex_);
        if (!exit_) {
            kill(pid_, number);  // not reaped yet, so the number is still its own
        }
    }
    std::optional<Exit> wait(int timeout_ms, int cancel_fd) override {
        pollfd polled[2] = {{ended_.fd(), POLLIN, 0}, {cancel_fd, POLLIN, 0}};
        while (poll(polled, 2, timeout_ms) < 0 && errno == EINTR) {
        }
        const std::lock_guard guard(mutex_);
        return exit_;
    }

private:
    bool lock_pid_file(std::string& error);
    int spawn(FileActions& actions);
    bool want_lines(FileActions& actions, int stream, const Path& file);
    void watch();
    void read_lines();
    static bool drain(Lines& lines, const Launch& launch);

    Launch launch_;
    mutable std::mutex mutex_;
    std::optional<Exit> exit_;  // behind the mutex
    pid_t pid_ = -1;
    int lock_ = -1;
    std::vector<Lines> lines_;
    Flag dead_;   // for the reader
    Flag ended_;  // for everybody, after on_exit is on its way
    std::thread waiter_;
};

bool PosixChild::lock_pid_file(std::string& error) {
    if (launch_.pid_file.empty()) {
        return true;
    }
    lock_ = open(launch_.pid_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock_ < 0 || flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        error = "cannot lock " + launch_.pid_file.string() + ": " + std::strerror(errno);
        return false;
    }
    return true;
}

bool PosixChild::want_lines(FileActions& actions, int stream, const Path& file) {
    if (!launch_.on_line || !file.empty()) {
        actions.file(stream, file, O_WRONLY | O_CREAT | O_APPEND);
        return true;
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    lines_.push_back({ends[0], stream, {}});
    launch_.inherit.push_back(ends[1]);  // closed here after the spawn
    actions.move(ends[1], stream);
    return true;
}

int PosixChild::spawn(FileActions& actions) {
    std::vector<char*> argv;
    for (std::string& word : launch_.argv) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    std::vector<char*> env;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        env.push_back(*entry);
    }
    for (std::string& entry : launch_.env) {
        env.push_back(entry.data());
    }
    env.push_back(nullptr);
    const Attributes attributes(launch_.own_group);
    return posix_spawnp(&pid_, argv[0], actions.get(), attributes.get(), argv.data(), env.data());
}

bool PosixChild::begin(const Launch& launch, std::string& error) {
    launch_ = launch;
    if (!lock_pid_file(error)) {
        return false;
    }
    FileActions actions;
    std::vector<int> passed = launch_.inherit;
    if (lock_ >= 0) {
        passed.push_back(lock_);
    }
    launch_.inherit.clear();
    actions.file(0, launch_.in, O_RDONLY);
    bool ready = want_lines(actions, 1, launch_.out) && want_lines(actions, 2, launch_.err);
    // Away from 3, 4, 5 … first, so that none is overwritten before it is moved.
    std::vector<int> high;
    for (const int fd : passed) {
        high.push_back(fcntl(fd, F_DUPFD_CLOEXEC, 100));
        ready = ready && high.back() >= 0;
    }
    for (std::size_t i = 0; i < high.size(); ++i) {
        actions.move(high[i], static_cast<int>(3 + i));
    }
    posix_spawn_file_actions_addclosefrom_np(actions.get(), static_cast<int>(3 + high.size()));
    if (!launch_.cwd.empty()) {
        posix_spawn_file_actions_addchdir_np(actions.get(), launch_.cwd.c_str());
    }
    const int failure = ready ? spawn(actions) : errno;
    for (const int fd : high) {
        close(fd);
    }
    for (const int fd : launch_.inherit) {
        close(fd);
    }
    if (failure != 0) {
        error = "cannot start " + launch_.argv[0] + ": " + std::strerror(failure);
        for (const Lines& lines : lines_) {
            close(lines.fd);
        }
        return false;
    }
    if (lock_ >= 0) {
        const std::string text = std::to_string(pid_) + "\n";
        if (ftruncate(lock_, 0) == 0) {
            write_all(lock_, text);
        }
        close(lock_);  // the child has it
        lock_ = -1;
    }
    waiter_ = std::thread([this] { watch(); });
    return true;
}

/// False at the end of the stream.
bool PosixChild::drain(Lines& lines, const Launch& launch) {
    char buffer[4096];
    const ssize_t size = read(lines.fd, buffer, sizeof buffer);
    if (size <= 0) {
        return false;
    }
    lines.partial.append(buffer, static_cast<std::size_t>(size));
    for (auto end = lines.partial.find('\n'); end != std::string::npos;
         end = lines.partial.find('\n')) {
        launch.on_line(lines.stream, lines.partial.substr(0, end));
        lines.partial.erase(0, end + 1);
    }
    return true;
}

void PosixChild::read_lines() {
    while (!lines_.empty()) {
        std::vector<pollfd> polled;
        for (const Lines& lines : lines_) {
            polled.push_back({lines.fd, POLLIN, 0});
        }
        polled.push_back({dead_.fd(), POLLIN, 0});
        poll(polled.data(), polled.size(), -1);
        const bool dead = polled.back().revents != 0;
        bool idle = true;
        for (std::size_t i = lines_.size(); i-- > 0;) {
            if (polled[i].revents == 0) {
                continue;
            }
            idle = false;
            if (!drain(lines_[i], launch_)) {
                close(lines_[i].fd);
                lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
        if (dead && idle) {
            break;  // what a grandchild may still say is not its
        }
    }
    for (const Lines& lines : lines_) {
        close(lines.fd);
    }
    lines_.clear();
}

void PosixChild::watch() {
    std::thread reader([this] { read_lines(); });
    siginfo_t info{};
    while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
    dead_.set();
    reader.join();
    Exit exit;
    {
        const std::lock_guard guard(mutex_);
        int status = 0;
        waitpid(pid_, &status, 0);
        exit = {WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                WIFSIGNALED(status) ? WTERMSIG(status) : 0};
        exit_ = exit;
    }
    if (!launch_.pid_file.empty()) {
        unlink(launch_.pid_file.c_str());
    }
    ended_.set();
    if (launch_.on_exit) {
        launch_.on_exit(exit);
    }
}

}  // namespace

std::unique_ptr<Child> start(const Launch& launch, std::string& error) {
    auto child = std::make_unique<PosixChild>();
    if (!child->begin(launch, error)) {
        return nullptr;
    }
    return child;
}

}  // namespace lima::check
