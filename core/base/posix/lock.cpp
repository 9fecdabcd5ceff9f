#include "core/base/lock.hpp"

#include "core/base/fs.hpp"
#include "core/base/posix/platform.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace lima {
namespace {

using Path = std::filesystem::path;

/// True when taken, false when somebody else has it.
Result<bool> take_flock(int fd, int operation, const Path& path) {
    while (flock(fd, operation) != 0) {
        if (errno == EWOULDBLOCK) {
            return false;
        }
        if (errno != EINTR) {
            return fail_errno(errno, fmt::format("cannot lock {}", path.string()));
        }
    }
    return true;
}

Result<Fd> open_lock(const Path& path) {
    // A directory cannot be opened for writing, and a lock needs no write access.
    Fd fd(open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!fd && errno == EISDIR) {
        fd.reset(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    if (!fd) {
        return fail_errno(errno, fmt::format("cannot open lock {}", path.string()));
    }
    return fd;
}

/// True while the name still leads to the file that is open: whoever held it before may have
/// unlinked it.
bool is_same_file(int fd, const Path& path) {
    struct stat open_status{};
    struct stat name_status{};
    return fstat(fd, &open_status) == 0 && stat(path.c_str(), &name_status) == 0 &&
           open_status.st_dev == name_status.st_dev && open_status.st_ino == name_status.st_ino;
}

/// The exclusive lock, or false when another has it. A reader that asks (read_pid_file) holds a
/// shared lock for a moment; it must not be taken for an owner.
Result<bool> take_ownership(int fd, const Path& path) {
    for (;;) {
        LIMA_TRY(const bool taken, take_flock(fd, LOCK_EX | LOCK_NB, path));
        if (taken) {
            return true;
        }
        LIMA_TRY(const bool shared, take_flock(fd, LOCK_SH | LOCK_NB, path));
        if (!shared) {
            return false;
        }
        LIMA_DO(take_flock(fd, LOCK_UN, path));
        sched_yield();
    }
}

/// The number in the first line; nullopt when there is none (yet).
Result<std::optional<pid_t>> read_pid(int fd, const Path& path) {
    char buffer[64] = {};
    const ssize_t count = pread(fd, buffer, sizeof buffer - 1, 0);
    if (count < 0) {
        return fail_errno(errno, fmt::format("cannot read {}", path.string()));
    }
    std::string_view text(buffer, static_cast<std::size_t>(count));
    text = trim(text.substr(0, text.find('\n')));
    if (text.empty()) {
        return std::nullopt;
    }
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (error != std::errc() || end != text.data() + text.size() || pid <= 0) {
        return failf(Code::kInvalidArgument, "invalid PID file {}: {} is not a process id",
                     path.string(), go_quote(text));
    }
    return pid;
}

/// The owner of a held file. Between its lock and its write there is a moment without a number.
Result<pid_t> read_owner(int fd, const Path& path) {
    constexpr int kAttempts = 100;
    for (int i = 0; i < kAttempts; ++i) {
        LIMA_TRY(const std::optional<pid_t> pid, read_pid(fd, path));
        if (pid) {
            return *pid;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return 0;
}

bool names_living_owner(int fd, pid_t pid, const std::vector<std::string>& names) {
    const auto id = process_id(pid);
    struct stat status{};
    if (!id || fstat(fd, &status) != 0) {
        return false;
    }
    using std::chrono::system_clock;
    const auto written = system_clock::from_time_t(status.st_mtim.tv_sec) +
                         std::chrono::duration_cast<system_clock::duration>(
                             std::chrono::nanoseconds(status.st_mtim.tv_nsec));
    // Both times are coarse, and the clock may have been adjusted a little since.
    constexpr std::chrono::seconds kSlack(1);
    const std::string name = platform::process_name(pid);
    return platform::start_time(*id) <= written + kSlack &&
           std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Result<FileLock> FileLock::acquire(const Path& path) {
    LIMA_TRY(Fd fd, open_lock(path));
    LIMA_DO(take_flock(fd.get(), LOCK_EX, path));
    return FileLock(std::move(fd));
}

Result<std::optional<FileLock>> FileLock::try_acquire(const Path& path) {
    LIMA_TRY(Fd fd, open_lock(path));
    LIMA_TRY(const bool taken, take_flock(fd.get(), LOCK_EX | LOCK_NB, path));
    if (!taken) {
        return std::nullopt;
    }
    return FileLock(std::move(fd));
}

Result<PidFile> PidFile::create(const Path& path) {
    for (;;) {
        Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
        if (!fd) {
            return fail_errno(errno, fmt::format("cannot create {}", path.string()));
        }
        LIMA_TRY(const bool owned, take_ownership(fd.get(), path));
        if (!owned) {
            LIMA_TRY(const pid_t holder, read_owner(fd.get(), path));
            return failf(Code::kAlreadyExists, "{} is held by process {}", path.string(), holder);
        }
        if (!is_same_file(fd.get(), path)) {
            continue;
        }
        fchmod(fd.get(), 0644);
        PidFile file(path, std::move(fd));
        LIMA_DO(file.set_pid(getpid()));
        return file;
    }
}

Result<void> PidFile::set_pid(pid_t pid) {
    const std::string text = std::to_string(pid) + "\n";
    // Written first and cut second: a reader takes the first line and so sees the old number or the
    // new one.
    const ssize_t written = pwrite(fd_.get(), text.data(), text.size(), 0);
    if (written != static_cast<ssize_t>(text.size()) ||
        ftruncate(fd_.get(), static_cast<off_t>(text.size())) != 0) {
        return fail_errno(written < 0 || errno != 0 ? errno : ENOSPC,
                          fmt::format("cannot write {}", path_.string()));
    }
    return {};
}

void PidFile::remove() {
    if (fd_ && is_same_file(fd_.get(), path_)) {
        unlink(path_.c_str());
    }
    fd_.reset();
}

void PidFile::release() { fd_.reset(); }

Result<PidFileState> read_pid_file(const Path& path,
                                   const std::vector<std::string>& foreign_names) {
    const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return PidFileState{};
        }
        return fail_errno(errno, fmt::format("cannot open {}", path.string()));
    }
    LIMA_TRY(const bool free, take_flock(fd.get(), LOCK_SH | LOCK_NB, path));
    if (!free) {
        LIMA_TRY(const pid_t owner, read_owner(fd.get(), path));
        if (owner != 0 && process_id(owner)) {
            return PidFileState{owner, true};
        }
        // Who took the lock died before it could write the number of the child that inherited it.
        const pid_t holder = platform::lock_holder(fd.get());
        return PidFileState{holder != 0 ? holder : owner, true};
    }
    LIMA_TRY(const std::optional<pid_t> pid, read_pid(fd.get(), path));
    if (pid && names_living_owner(fd.get(), *pid, foreign_names)) {
        return PidFileState{*pid, false};
    }
    return PidFileState{};
}

}  // namespace lima
