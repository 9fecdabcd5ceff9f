#include "core/fetch/program/unpack.hpp"

#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/units.hpp"
#include "core/fetch/program/cancel.hpp"
#include "core/store/copy.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <system_error>
#include <unistd.h>

namespace lima::fetch {
namespace {

struct ReaderDeleter {
    void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, ReaderDeleter>;

Failure reader_error(archive* reader, const Path& path) {
    const char* reason = archive_error_string(reader);
    return fail(
        Error(Code::kFailedPrecondition, fmt::format("cannot decompress {}: {}", path.string(),
                                                     reason == nullptr ? "damaged" : reason))
            .with_hint(
                "the file is damaged or incomplete; `limactl prune` empties the download cache"));
}

Result<Reader> open_reader(const Path& path) {
    Reader reader(archive_read_new());
    if (!reader) {
        return fail(Code::kInternal, "cannot set up libarchive");
    }
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_filter_bzip2(reader.get());
    archive_read_support_filter_xz(reader.get());
    archive_read_support_filter_zstd(reader.get());
    archive_read_support_format_raw(reader.get());
    archive_read_support_format_empty(reader.get());
    constexpr std::size_t kBlock = std::size_t{256} << 10;
    archive_entry* entry = nullptr;
    if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK) {
        return reader_error(reader.get(), path);
    }
    const int header = archive_read_next_header(reader.get(), &entry);
    if (header != ARCHIVE_OK && header != ARCHIVE_EOF) {
        return reader_error(reader.get(), path);
    }
    if (archive_filter_code(reader.get(), 0) == ARCHIVE_FILTER_NONE) {
        return fail(
            Error(Code::kFailedPrecondition,
                  fmt::format("cannot decompress {}: it is not compressed, whatever its name says",
                              path.string()))
                .with_hint("look whether the URL leads to a page instead of the file"));
    }
    return reader;
}

Result<void> write_at(int fd, const char* data, std::size_t size, off_t offset, const Path& path) {
    while (size > 0) {
        const ssize_t count = pwrite(fd, data, size, offset);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            const int number = errno;
            Error error = fail_errno(number, fmt::format("cannot write {}", path.string())).value();
            if (number == ENOSPC) {
                const auto available = fs::free_space(path.parent_path()).value_or(0);
                return fail(
                    std::move(error)
                        .wrap(fmt::format("not enough space: {} written, {} available",
                                          format_size(offset),
                                          format_size(static_cast<std::int64_t>(available))))
                        .with_hint("make room on that file system, and try again"));
            }
            return fail(std::move(error));
        }
        data += count;
        size -= static_cast<std::size_t>(count);
        offset += count;
    }
    return {};
}

/// The blocks of one piece of data, without those that are zero when holes are wanted.
Result<void> write_piece(int fd, const char* data, std::size_t size, off_t offset, bool sparse,
                         const Path& path) {
    constexpr std::size_t kGrain = 4096;
    std::size_t at = 0;
    while (sparse && at < size) {
        // Grains lie at multiples of their size in the file.
        const std::size_t into = (static_cast<std::size_t>(offset) + at) % kGrain;
        const std::size_t end = std::min(size, at + kGrain - into);
        if (!store::is_all_zero(data + at, end - at)) {
            LIMA_DO(write_at(fd, data + at, end - at, offset + static_cast<off_t>(at), path));
        }
        at = end;
    }
    if (!sparse) {
        return write_at(fd, data, size, offset, path);
    }
    return {};
}

Result<off_t> pump(archive* reader, int fd, const Path& from, const Path& to, bool sparse,
                   Reporter& reporter) {
    std::error_code ignored;
    const std::uintmax_t total = std::filesystem::file_size(from, ignored);
    off_t size = 0;
    for (;;) {
        const void* data = nullptr;
        std::size_t count = 0;
        la_int64_t offset = 0;
        const int outcome = archive_read_data_block(reader, &data, &count, &offset);
        if (outcome == ARCHIVE_EOF) {
            return size;
        }
        if (outcome != ARCHIVE_OK) {
            return reader_error(reader, from);
        }
        if (cancelled()) {
            return fail(Code::kCancelled, "decompressing was cancelled");
        }
        LIMA_DO(write_piece(fd, static_cast<const char*>(data), count, offset, sparse, to));
        size = std::max(size, static_cast<off_t>(offset) + static_cast<off_t>(count));
        reporter.progress("decompressing",
                          static_cast<std::uint64_t>(archive_filter_bytes(reader, -1)), total);
    }
}

}  // namespace

Result<void> unpack(const Path& from, const Path& to, bool sparse, Reporter& reporter) {
    LIMA_TRY(const Reader reader, open_reader(from));
    const Fd target(open(to.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!target) {
        return fail_errno(errno, fmt::format("cannot create {}", to.string()));
    }
    LIMA_TRY(const off_t size, pump(reader.get(), target.get(), from, to, sparse, reporter));
    if (ftruncate(target.get(), size) != 0 || fsync(target.get()) != 0) {
        return fail_errno(errno, fmt::format("cannot write {}", to.string()));
    }
    return {};
}

}  // namespace lima::fetch
