#include "core/base/fs.hpp"

#include "core/base/fd.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

namespace lima::fs {
namespace {

Failure fail_path(int number, std::string_view verb, const Path& path) {
    return fail_errno(number, fmt::format("cannot {} {}", verb, path.string()));
}

std::string_view temp_root() {
    const char* dir = std::getenv("TMPDIR");
    return dir != nullptr && *dir != '\0' ? dir : "/tmp";
}

/// Removes the file on every way out but the good one.
class Unlinker {
public:
    explicit Unlinker(std::string path) : path_(std::move(path)) {}
    ~Unlinker() {
        if (!path_.empty()) {
            unlink(path_.c_str());
        }
    }
    Unlinker(const Unlinker&) = delete;
    Unlinker& operator=(const Unlinker&) = delete;
    void keep() { path_.clear(); }

private:
    std::string path_;
};

/// A link is written through, so that a file that lives elsewhere stays a link.
Path target_of(const Path& path) {
    std::error_code error;
    if (std::filesystem::is_symlink(path, error)) {
        if (Path real = std::filesystem::canonical(path, error); !error) {
            return real;
        }
    }
    return path;
}

/// Writes beside the file and renames over it; with the owner of another file, if one is given.
Result<void> write_beside(const Path& path, std::string_view data, mode_t mode,
                          const struct stat* owner) {
    const Path target = target_of(path);
    const Path name = target.filename();
    // Ends in ".tmp": what a crash leaves is swept with the other temporary files of an instance.
    std::string temp = (target.parent_path() / ("." + name.string() + ".XXXXXX.tmp")).string();
    constexpr int kSuffix = 4;
    const Fd file(mkostemps(temp.data(), kSuffix, O_CLOEXEC));
    if (!file) {
        return fail_path(errno, "create", path);
    }
    Unlinker unlinker(temp);
    LIMA_DO(write_all(file.get(), data), "cannot write {}", path.string());
    if (owner != nullptr && (owner->st_uid != geteuid() || owner->st_gid != getegid()) &&
        fchown(file.get(), owner->st_uid, owner->st_gid) != 0) {
        return fail_path(errno, "keep the owner of", path);
    }
    if (fchmod(file.get(), mode) != 0 || fdatasync(file.get()) != 0) {
        return fail_path(errno, "write", path);
    }
    if (::rename(temp.c_str(), target.c_str()) != 0) {
        return fail_path(errno, "write", path);
    }
    unlinker.keep();
    return {};
}

}  // namespace

Result<std::string> read_file(const Path& path) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        return fail_path(errno, "open", path);
    }
    LIMA_TRY(std::string text, read_all(file.get()), "cannot read {}", path.string());
    return text;
}

Result<std::optional<std::string>> read_file_if_exists(const Path& path) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        return fail_path(errno, "open", path);
    }
    LIMA_TRY(std::string text, read_all(file.get()), "cannot read {}", path.string());
    return text;
}

Result<void> write_file_atomic(const Path& path, std::string_view data, mode_t mode) {
    return write_beside(path, data, mode, nullptr);
}

Result<void> replace_file(const Path& path, std::string_view data) {
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) {
        return fail_path(errno, "open", path);
    }
    return write_beside(path, data, status.st_mode & 07777, &status);
}

Result<void> append_file(const Path& path, std::string_view data, mode_t mode) {
    const Fd file(open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode));
    if (!file) {
        return fail_path(errno, "open", path);
    }
    LIMA_DO(write_all(file.get(), data), "cannot write {}", path.string());
    return {};
}

Result<void> make_dirs(const Path& path, mode_t mode) {
    if (mkdir(path.c_str(), mode) == 0) {
        return {};
    }
    int number = errno;
    if (number == ENOENT && path.has_parent_path() && path.parent_path() != path) {
        LIMA_DO(make_dirs(path.parent_path(), mode));
        // "a/b/" has "a/b" as its parent, which then is there already.
        number = mkdir(path.c_str(), mode) == 0 ? 0 : errno;
    }
    if (number == EEXIST) {
        struct stat status{};
        if (stat(path.c_str(), &status) != 0) {
            return fail_path(errno, "create directory", path);
        }
        number = S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
    }
    if (number != 0) {
        return fail_path(number, "create directory", path);
    }
    return {};
}

Result<bool> remove_if_exists(const Path& path) {
    if (::remove(path.c_str()) == 0) {
        return true;
    }
    if (errno == ENOENT) {
        return false;
    }
    return fail_path(errno, "remove", path);
}

Result<void> remove_tree(const Path& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) {
        return fail_path(error.value(), "remove", path);
    }
    return {};
}

Result<void> rename(const Path& from, const Path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) {
        return fail_errno(errno, fmt::format("cannot rename {} to {}", from.string(), to.string()));
    }
    return {};
}

bool exists(const Path& path) {
    struct stat status{};
    return stat(path.c_str(), &status) == 0;
}

bool exists_nofollow(const Path& path) {
    struct stat status{};
    return lstat(path.c_str(), &status) == 0;
}

Result<std::vector<std::string>> list_names(const Path& directory) {
    DIR* stream = opendir(directory.c_str());
    if (stream == nullptr) {
        return fail_path(errno, "list", directory);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(stream)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") {
            names.emplace_back(name);
        }
        errno = 0;
    }
    const int number = errno;
    closedir(stream);
    if (number != 0) {
        return fail_path(number, "list", directory);
    }
    std::sort(names.begin(), names.end());
    return names;
}

Result<Path> real_path(const Path& path) {
    std::error_code error;
    Path real = std::filesystem::canonical(path, error);
    if (error) {
        return fail_path(error.value(), "resolve", path);
    }
    return real;
}

Result<Path> expand(std::string_view path, const Path& home) {
    if (path.empty()) {
        return failf(Code::kInvalidArgument, "empty path");
    }
    Path result(path);
    if (path.starts_with('~')) {
        if (path.size() > 1 && path[1] != '/') {
            return failf(Code::kInvalidArgument,
                         "unexpandable path \"{}\": only ~ and ~/ are understood", path);
        }
        // "~//x" is in the home too, where an absolute path would take its place.
        const std::size_t rest = path.find_first_not_of('/', 1);
        result = rest == std::string_view::npos ? home : home / Path(path.substr(rest));
    }
    std::error_code error;
    result = std::filesystem::absolute(result, error).lexically_normal();
    if (error) {
        return fail_path(error.value(), "resolve", Path(path));
    }
    // "/a/b/" and "/a/b" are one path.
    return result.has_filename() || result == result.root_path() ? result : result.parent_path();
}

Result<Path> home_directory() {
    const char* home = std::getenv("HOME");
    if (home == nullptr || *home == '\0') {
        return failf(Code::kFailedPrecondition, "$HOME is not defined");
    }
    return Path(home);
}

Result<std::uint64_t> free_space(const Path& path) {
    Path at = path;
    struct statvfs status{};
    while (statvfs(at.empty() ? "." : at.c_str(), &status) != 0) {
        if (errno == EINTR) {
            continue;
        }
        if (errno != ENOENT || at.empty() || at == at.root_path()) {
            return fail_path(errno, "examine the file system of", path);
        }
        at = at.parent_path();
    }
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

Result<TempDir> TempDir::create(std::string_view prefix, const std::optional<Path>& parent) {
    std::string name =
        ((parent ? *parent : Path(temp_root())) / (std::string(prefix) + "XXXXXX")).string();
    if (mkdtemp(name.data()) == nullptr) {
        return fail_path(errno, "create temporary directory", Path(name));
    }
    return TempDir(Path(name));
}

TempDir::~TempDir() {
    if (!path_.empty()) {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
}

}  // namespace lima::fs
