#include "core/fetch/program/job.hpp"

#include "core/base/digest.hpp"
#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/lock.hpp"
#include "core/fetch/program/cancel.hpp"
#include "core/fetch/program/convert.hpp"
#include "core/fetch/program/deliver.hpp"
#include "core/fetch/program/download.hpp"
#include "core/fetch/program/entry.hpp"
#include "core/fetch/program/http.hpp"

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace lima::fetch {
namespace {

constexpr std::string_view kFileScheme = "file://";

bool is_local(const std::string& location) {
    return location.find("://") == std::string::npos || location.starts_with(kFileScheme);
}

std::string base_name(const std::string& location) {
    return location.substr(location.rfind('/') + 1);
}

/// "the image (x.img)", or the name alone.
std::string what_it_is(const Request& request) {
    const std::string name = base_name(request.location);
    return request.description.empty() ? name : fmt::format("{} ({})", request.description, name);
}

Result<Digest> hash_file(const Path& path, const std::string& algorithm, Reporter& reporter) {
    LIMA_TRY(Hasher hasher, Hasher::create(algorithm));
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!file || fstat(file.get(), &status) != 0) {
        return fail_errno(errno, fmt::format("cannot open {}", path.string()));
    }
    std::vector<char> buffer(std::size_t{1} << 20);
    std::uint64_t done = 0;
    for (;;) {
        const ssize_t count = read(file.get(), buffer.data(), buffer.size());
        if (count < 0 && errno != EINTR) {
            return fail_errno(errno, fmt::format("cannot read {}", path.string()));
        }
        if (count == 0) {
            return hasher.finish();
        }
        if (cancelled()) {
            return fail(Code::kCancelled, "verifying was cancelled");
        }
        hasher.update(
            std::string_view(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0));
        done += count > 0 ? static_cast<std::uint64_t>(count) : 0;
        reporter.progress("verifying", done, static_cast<std::uint64_t>(status.st_size));
    }
}

Result<Path> local_path(const std::string& location) {
    if (location.starts_with(kFileScheme)) {
        Path path = location.substr(kFileScheme.size());
        if (!path.is_absolute()) {
            return failf(Code::kInvalidArgument,
                         "{} must be followed by an absolute path, as in file:///path",
                         kFileScheme);
        }
        return path;
    }
    const auto home = fs::home_directory();
    return fs::expand(location, home ? *home : Path("/"));
}

Result<Fetched> run_local(const Request& request, const std::optional<Digest>& expected,
                          Reporter& reporter) {
    LIMA_TRY(const Path source, local_path(request.location));
    struct stat status{};
    if (stat(source.c_str(), &status) != 0) {
        return fail(Error(fail_errno(errno, fmt::format("cannot use {}", source.string())).value())
                        .with_hint("check the location in the YAML"));
    }
    if (!S_ISREG(status.st_mode)) {
        return failf(Code::kInvalidArgument, "{} is not a regular file", source.string());
    }
    if (expected) {
        LIMA_TRY(const Digest got, hash_file(source, expected->algorithm, reporter));
        if (got != *expected) {
            return fail(digest_mismatch(source.string(), *expected, got));
        }
    }
    LIMA_DO(deliver(source, request, reporter));
    return Fetched{Outcome::kCopied, source};
}

/// What lies in the cache may be used as it is.
Result<bool> is_usable(const Entry& entry, const std::optional<Digest>& expected,
                       Reporter& reporter) {
    if (!fs::exists(entry.data())) {
        return false;
    }
    if (expected) {
        if (const auto recorded = recorded_digest(entry, expected->algorithm)) {
            // The original makes a difference here an error, and the user has to prune. Either the
            // file has changed at its source or the digest in the YAML: one more download tells
            // which.
            return *recorded == *expected;
        }
        LIMA_TRY(const Digest got, hash_file(entry.data(), expected->algorithm, reporter));
        if (got == *expected) {
            LIMA_DO(fs::write_file_atomic(entry.digest_file(got.algorithm), got.text()));
        }
        return got == *expected;
    }
    const std::string time = read_note(entry.time_file());
    if (time.empty()) {
        return false;
    }
    const auto head = http_head(entry);
    if (!head) {
        reporter.log(log::Level::kInfo,
                     fmt::format("cannot ask whether {} has changed, using the cache: {}",
                                 entry.url, head.error().text()));
        return true;
    }
    return !head->last_modified.empty() && same_http_time(time, head->last_modified);
}

Result<FileLock> lock_entry(const Entry& entry, Reporter& reporter) {
    LIMA_TRY(auto lock, FileLock::try_acquire(entry.dir));
    if (lock) {
        return std::move(*lock);
    }
    reporter.progress("waiting", 0, 0);
    reporter.log(log::Level::kInfo, fmt::format("waiting for another download of {}", entry.url));
    return FileLock::acquire(entry.dir);
}

/// Makes the entry hold what is wanted.
Result<Outcome> obtain(const Entry& entry, const std::optional<Digest>& expected,
                       Reporter& reporter) {
    LIMA_TRY(const bool usable, is_usable(entry, expected, reporter));
    if (usable) {
        return Outcome::kUsedCache;
    }
    auto downloaded = download(entry, expected, reporter);
    if (downloaded) {
        return Outcome::kDownloaded;
    }
    const bool offline = downloaded.error().code() == Code::kUnavailable;
    if (offline && !expected && fs::exists(entry.data())) {
        reporter.log(log::Level::kWarning,
                     fmt::format("cannot download {} again, using the copy in the cache: {}",
                                 entry.url, downloaded.error().text()));
        return Outcome::kUsedCache;
    }
    return fail(std::move(downloaded.error()));
}

bool is_older(const Path& a, const Path& b) {
    std::error_code error;
    const auto left = std::filesystem::last_write_time(a, error);
    return error || left < std::filesystem::last_write_time(b, error);
}

/// The image in a form that the caller can use: data, or imgconv/raw.
Result<Path> usable_image(const Entry& entry, const Request& request,
                          const std::optional<Digest>& expected, Reporter& reporter) {
    LIMA_TRY(const bool unpacking, wants_unpacking(entry.data(), request));
    if (unpacking) {
        return entry.data();
    }
    LIMA_TRY(const std::string format, unsupported_format(entry.data(), request.image_formats));
    if (format.empty()) {
        return entry.data();
    }
    if (fs::exists(entry.raw()) && fs::exists(entry.raw_digest()) &&
        !is_older(entry.raw(), entry.data())) {
        return entry.raw();
    }
    LIMA_DO(fs::make_dirs(entry.raw().parent_path(), 0700));
    const Path part = entry.raw().string() + ".tmp";
    auto converted = convert_to_raw(entry.data(), format, part, reporter);
    if (!converted) {
        unlink(part.c_str());
        return fail(std::move(converted.error()));
    }
    LIMA_TRY(const Digest digest,
             hash_file(part, expected ? expected->algorithm : "sha256", reporter));
    LIMA_DO(fs::rename(part, entry.raw()));
    LIMA_DO(fs::write_file_atomic(entry.raw_digest(), digest.text()));
    return entry.raw();
}

Result<Fetched> run_remote(const Order& order, const std::optional<Digest>& expected,
                           Reporter& reporter) {
    const Request& request = order.request;
    const Entry entry{cache_entry(order.cache_dir, request.location), request.location,
                      request.headers};
    LIMA_DO(fs::make_dirs(entry.dir, 0700), "cannot make the download cache");
    LIMA_TRY(const FileLock lock, lock_entry(entry, reporter));
    LIMA_TRY(const Outcome outcome, obtain(entry, expected, reporter),
             "failed to download {} from {}", what_it_is(request), request.location);
    LIMA_TRY(const Path source, usable_image(entry, request, expected, reporter),
             "failed to convert {}", what_it_is(request));
    LIMA_DO(deliver(source, request, reporter), "failed to unpack {}", what_it_is(request));
    return Fetched{outcome, entry.data()};
}

}  // namespace

Result<Fetched> run(const Order& order, Reporter& reporter) {
    const Request& request = order.request;
    if (request.target && fs::exists(*request.target)) {
        return Fetched{Outcome::kSkipped, {}};
    }
    std::optional<Digest> expected;
    if (!request.digest.empty()) {
        LIMA_TRY(expected, parse_digest(request.digest), "cannot verify {}", request.location);
    }
    if (is_local(request.location)) {
        LIMA_TRY(Fetched fetched, run_local(request, expected, reporter), "failed to copy {}",
                 what_it_is(request));
        return fetched;
    }
    return run_remote(order, expected, reporter);
}

}  // namespace lima::fetch
