// Locks that tell the truth about who lives: flock(2) on a file or directory, and PID files that
// are locked for the life of the process they name. State is what is held, not what was left
// behind.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/base/process.hpp"

#include <filesystem>
#include <optional>

namespace lima {

/// flock(LOCK_EX) on a file (created 0644 if missing) or an existing directory; released by the
/// destructor or by the death of the process.
class FileLock {
public:
    /// Waits for it.
    static Result<FileLock> acquire(const std::filesystem::path& path);
    /// nullopt when somebody else holds it.
    static Result<std::optional<FileLock>> try_acquire(const std::filesystem::path& path);
    int fd() const { return fd_.get(); }

private:
    explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

/// A PID file held by this process: "123\n", 0644, locked. A child that inherits fd() keeps the
/// lock after us, which is how <vmType>.pid stays locked exactly as long as the VM process lives.
class PidFile {
public:
    /// Takes the lock and writes our pid; kAlreadyExists names the pid that holds it. A stale file
    /// is taken over.
    static Result<PidFile> create(const std::filesystem::path& path);
    /// Rewrites the content: for the child that inherits the lock.
    Result<void> set_pid(pid_t pid);
    int fd() const { return fd_.get(); }
    const std::filesystem::path& path() const { return path_; }
    /// Removes the file, then lets go of the lock.
    void remove();
    /// Lets go without removing: the inheritor owns it now.
    void release();
    PidFile(PidFile&&) noexcept = default;
    PidFile& operator=(PidFile&&) noexcept = default;
    PidFile(const PidFile&) = delete;
    PidFile& operator=(const PidFile&) = delete;
    /// Lets go; does not remove.
    ~PidFile() = default;

private:
    PidFile(std::filesystem::path path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
    std::filesystem::path path_;
    Fd fd_;
};

/// What a PID file says about the world.
struct PidFileState {
    pid_t pid = 0;      // 0: no file, or a stale one
    bool held = false;  // somebody holds its lock: it is alive for sure
};
/// A locked file is alive. An unlocked one is stale unless it names a live process that started
/// before the file was written and whose executable name is in `foreign_names` (files of other
/// programs that do not lock, such as the original's "limactl"); pid reuse is thereby no danger.
/// Never removes anything.
Result<PidFileState> read_pid_file(const std::filesystem::path& path,
                                   const std::vector<std::string>& foreign_names = {});

}  // namespace lima
