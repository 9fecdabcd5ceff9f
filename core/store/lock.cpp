#include "core/store/lock.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

namespace lima::store {
namespace {

struct Holder {
    pid_t pid = 0;
    std::string command;
};

Holder read_holder(const Path& path) {
    const auto text = fs::read_file_if_exists(path);
    if (!text || !*text) {
        return {};
    }
    const std::string_view line = trim(**text);
    Holder holder;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), holder.pid);
    if (error != std::errc()) {
        return {};
    }
    holder.command = trim(line.substr(static_cast<std::size_t>(end - line.data())));
    return holder;
}

/// In place: a new file would not be the one that is locked.
Result<void> write_holder(const Path& path, const std::string& command) {
    const Fd file(open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
    if (!file) {
        return fail_errno(errno, fmt::format("cannot write {}", path.string()));
    }
    return write_all(file.get(), fmt::format("{} {}\n", getpid(), command));
}

/// A command that is killed while it starts a program leaves its lock to the half-born child, until
/// that becomes the program: for a moment the holder is one that is dead.
Result<std::optional<FileLock>> take_over(const Path& path) {
    constexpr int kAttempts = 200;
    constexpr std::chrono::milliseconds kPause(5);
    for (int i = 0;; ++i) {
        auto lock = FileLock::try_acquire(path);
        if (!lock || *lock || i == kAttempts) {
            return lock;
        }
        const Holder holder = read_holder(path);
        if (holder.pid == 0 || process_id(holder.pid)) {
            return lock;
        }
        std::this_thread::sleep_for(kPause);
    }
}

}  // namespace

Result<InstanceLock> InstanceLock::acquire(const Path& instance_dir, const std::string& command) {
    const Path path = instance_dir / file::kLock;
    const std::string name = instance_dir.filename().string();
    auto lock = take_over(path);
    if (!lock) {
        return fail(
            std::move(lock.error()).wrap(fmt::format("cannot lock instance {}", name_quote(name))));
    }
    if (*lock) {
        // The holder before us may have removed the instance with its lock file.
        if (!fs::exists(path)) {
            return failf(Code::kNotFound, "instance {} was removed meanwhile", name_quote(name));
        }
        // Only the text that names us to others; on a full disk they do without.
        if (const auto written = write_holder(path, command); !written) {
            log::debug("{}", written.error().text());
        }
        return InstanceLock(std::move(*lock));
    }
    const Holder holder = read_holder(path);
    if (holder.pid == getpid()) {
        return InstanceLock(std::nullopt);
    }
    std::string who;
    if (holder.pid != 0) {
        who = holder.command.empty()
                  ? fmt::format(": process {}", holder.pid)
                  : fmt::format(": {} (process {})", name_quote(holder.command), holder.pid);
    }
    return fail(
        Error(Code::kFailedPrecondition,
              fmt::format("another command is changing instance {}{}", name_quote(name), who))
            .with_hint("wait until it has ended, and try again"));
}

Result<InstanceLock> InstanceLock::acquire_after(const Path& instance_dir,
                                                 const std::string& command,
                                                 std::chrono::milliseconds patience) {
    auto lock = acquire(instance_dir, command);
    if (lock || lock.error().code() != Code::kFailedPrecondition) {
        return lock;
    }
    const Holder holder = read_holder(instance_dir / file::kLock);
    const auto process = ForeignProcess::open(holder.pid);
    if (process) {
        LIMA_DO(process->wait_for(patience));
    }
    return acquire(instance_dir, command);
}

bool is_locked(const Path& instance_dir) {
    const Path path = instance_dir / file::kLock;
    if (!fs::exists(path)) {
        return false;
    }
    const auto lock = FileLock::try_acquire(path);
    return lock && !*lock;
}

}  // namespace lima::store
