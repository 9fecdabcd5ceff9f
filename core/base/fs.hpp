// Files: whole-file reads and writes, atomic replacement, directories, home-relative paths. Errors
// name the path.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace lima::fs {

using Path = std::filesystem::path;

Result<std::string> read_file(const Path& path);
/// As read_file, but nullopt when there is no such file.
Result<std::optional<std::string>> read_file_if_exists(const Path& path);
/// Writes beside it and renames over it: a reader sees the old or the new, a crash leaves no half
/// file. The mode is exact (umask does not apply).
Result<void> write_file_atomic(const Path& path, std::string_view data, mode_t mode = 0644);
/// As write_file_atomic, over a file that is there: it keeps its mode and its owner.
Result<void> replace_file(const Path& path, std::string_view data);
Result<void> append_file(const Path& path, std::string_view data, mode_t mode = 0644);
/// Creates parents too; an existing directory is fine and keeps its mode.
Result<void> make_dirs(const Path& path, mode_t mode = 0755);
/// True when something was removed; a missing file is not an error.
Result<bool> remove_if_exists(const Path& path);
Result<void> remove_tree(const Path& path);
Result<void> rename(const Path& from, const Path& to);
bool exists(const Path& path);           // follows links
bool exists_nofollow(const Path& path);  // lstat
/// Names of the entries, bytewise sorted, without . and ..; kNotFound when the directory is not
/// there.
Result<std::vector<std::string>> list_names(const Path& directory);
Result<Path> real_path(const Path& path);
/// "~" and "~/x" by the given home; "~user" is an error; a relative path is made absolute against
/// the cwd.
Result<Path> expand(std::string_view path, const Path& home);
/// $HOME, or an error when it is unset or empty.
Result<Path> home_directory();
/// Free bytes for an unprivileged user on the file system that holds the path (or its nearest
/// existing parent).
Result<std::uint64_t> free_space(const Path& path);

/// A directory that is removed with its content when the object dies.
class TempDir {
public:
    static Result<TempDir> create(std::string_view prefix, const std::optional<Path>& parent = {});
    TempDir(TempDir&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
    TempDir& operator=(TempDir&&) = delete;
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir();
    const Path& path() const { return path_; }

private:
    explicit TempDir(Path path) : path_(std::move(path)) {}
    Path path_;
};

}  // namespace lima::fs
