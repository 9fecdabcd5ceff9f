#include "core/store/copy.hpp"

#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/units.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace lima::store {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;
constexpr std::size_t kGrain = 4096;  // the smallest hole that is worth one
constexpr std::size_t kChunk = std::size_t{256} << 20;

Failure fail_write(int number, const std::string& what) {
    Error error = fail_errno(number, what).value();
    if (number == ENOSPC || number == EDQUOT) {
        return fail(
            std::move(error)
                .with_code(Code::kResourceExhausted)
                .with_hint(
                    "make room on that file system; `limactl prune` empties the download cache"));
    }
    return fail(std::move(error));
}

Failure cancelled() { return fail(Code::kCancelled, "copying was cancelled"); }

bool report(const CopyOptions& options, std::uint64_t done, std::uint64_t total) {
    return !options.progress || options.progress(done, total);
}

Result<void> write_block(int to, const char* data, std::size_t size) {
    std::size_t at = 0;
    while (at < size) {
        std::size_t end = std::min(size, at + kGrain);
        const bool zero = is_all_zero(data + at, end - at);
        while (end < size) {
            const std::size_t next = std::min(size, end + kGrain);
            if (is_all_zero(data + end, next - end) != zero) {
                break;
            }
            end = next;
        }
        if (zero) {
            if (lseek(to, static_cast<off_t>(end - at), SEEK_CUR) < 0) {
                return fail_errno(errno, "cannot seek");
            }
            at = end;
            continue;
        }
        while (at < end) {
            const ssize_t count = write(to, data + at, end - at);
            if (count < 0 && errno != EINTR) {
                return fail_write(errno, "cannot write");
            }
            at += count > 0 ? static_cast<std::size_t>(count) : 0;
        }
    }
    return {};
}

enum class Extents { kDone, kUnsupported };

bool is_unsupported(int number) {
    return number == EXDEV || number == ENOSYS || number == EOPNOTSUPP || number == EINVAL;
}

/// One extent by copy_file_range; kUnsupported when the very first call says so.
Result<Extents> copy_extent(int from, int to, off_t begin, off_t end, off_t total,
                            const CopyOptions& options) {
    off_t in = begin;
    off_t out = begin;
    while (in < end) {
        const std::size_t want = std::min(kChunk, static_cast<std::size_t>(end - in));
        const ssize_t count = copy_file_range(from, &in, to, &out, want, 0);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && is_unsupported(errno)) {
            return Extents::kUnsupported;
        }
        if (count < 0) {
            return fail_write(errno, "cannot copy");
        }
        if (count == 0) {
            return fail(Code::kAborted, "the file became shorter while it was copied");
        }
        if (!report(options, static_cast<std::uint64_t>(in), static_cast<std::uint64_t>(total))) {
            return cancelled();
        }
    }
    return Extents::kDone;
}

Result<Extents> copy_extents(int from, int to, off_t size, const CopyOptions& options) {
    off_t at = 0;
    while (at < size) {
        const off_t begin = lseek(from, at, SEEK_DATA);
        if (begin < 0 && errno == ENXIO) {
            break;  // nothing but a hole is left
        }
        if (begin < 0) {
            return Extents::kUnsupported;
        }
        const off_t end = lseek(from, begin, SEEK_HOLE);
        if (end < 0) {
            return Extents::kUnsupported;
        }
        LIMA_TRY(const Extents outcome, copy_extent(from, to, begin, end, size, options));
        if (outcome == Extents::kUnsupported) {
            return outcome;
        }
        at = end;
    }
    return Extents::kDone;
}

Result<void> fill(int from, int to, const struct stat& source, const CopyOptions& options) {
    if (options.try_reflink && ioctl(to, FICLONE, from) == 0) {
        return {};
    }
    if (ftruncate(to, source.st_size) != 0) {
        return fail_write(errno, "cannot set the size");
    }
    if (options.try_extents) {
        LIMA_TRY(const Extents outcome, copy_extents(from, to, source.st_size, options));
        if (outcome == Extents::kDone) {
            return {};
        }
    }
    if (lseek(from, 0, SEEK_SET) < 0 || lseek(to, 0, SEEK_SET) < 0) {
        return fail_errno(errno, "cannot seek");
    }
    LIMA_DO(copy_skipping_zeros(from, to, static_cast<std::uint64_t>(source.st_size), options));
    return {};
}

/// " (1GiB needed, 5MiB available)" when the file system is full.
std::string space_left(const Error& error, const struct stat& source, const Path& part) {
    if (error.code() != Code::kResourceExhausted) {
        return "";
    }
    const auto needed = static_cast<std::int64_t>(source.st_blocks) * 512;
    struct stat written{};
    const std::int64_t used =
        stat(part.c_str(), &written) == 0 ? static_cast<std::int64_t>(written.st_blocks) * 512 : 0;
    const auto free = static_cast<std::int64_t>(fs::free_space(part.parent_path()).value_or(0));
    return fmt::format(" ({} needed, {} available)", format_size(needed), format_size(free + used));
}

}  // namespace

bool is_all_zero(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    return size == 0 || (bytes[0] == 0 && std::memcmp(bytes, bytes + 1, size - 1) == 0);
}

Result<void> copy_skipping_zeros(int from, int to, std::uint64_t total,
                                 const CopyOptions& options) {
    std::vector<char> buffer(kBlock);
    std::uint64_t done = 0;
    for (;;) {
        const ssize_t count = read(from, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return fail_errno(errno, "cannot read");
        }
        if (count == 0) {
            return {};
        }
        LIMA_DO(write_block(to, buffer.data(), static_cast<std::size_t>(count)));
        done += static_cast<std::uint64_t>(count);
        if (!report(options, done, total)) {
            return cancelled();
        }
    }
}

Result<void> copy_sparse(const Path& from, const Path& to, const CopyOptions& options) {
    const std::string context = fmt::format("cannot copy {} to {}", from.string(), to.string());
    const Fd source(open(from.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!source || fstat(source.get(), &status) != 0) {
        return fail_errno(errno, context);
    }
    if (!S_ISREG(status.st_mode)) {
        return failf(Code::kInvalidArgument, "{}: not a regular file", context);
    }
    const Path part = to.string() + ".tmp";
    const Fd target(open(part.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!target) {
        return fail_errno(errno, context);
    }
    auto outcome = fill(source.get(), target.get(), status, options);
    if (outcome && fsync(target.get()) != 0) {
        outcome = fail_write(errno, "cannot write");
    }
    if (outcome) {
        outcome = fs::rename(part, to);
    }
    if (!outcome) {
        const std::string why = space_left(outcome.error(), status, part);
        unlink(part.c_str());
        return fail(std::move(outcome.error()).wrap(context + why));
    }
    return {};
}

}  // namespace lima::store
