#include "core/driver/trust.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

namespace lima::driver {
namespace {

/// In a sticky directory such as /tmp only the owner of a file can replace it.
std::string distrust_directory(const std::filesystem::path& directory, const struct stat& file) {
    struct stat info{};
    if (stat(directory.c_str(), &info) != 0) {
        return fmt::format("cannot look at {}: {}", directory.string(), std::strerror(errno));
    }
    if ((info.st_mode & S_IWOTH) == 0) {
        return {};
    }
    if ((info.st_mode & S_ISVTX) == 0) {
        return fmt::format("directory {} is world-writable: refused", directory.string());
    }
    if (file.st_uid != 0 && file.st_uid != geteuid()) {
        return fmt::format("owned by uid {} in world-writable {}: refused", file.st_uid,
                           directory.string());
    }
    return {};
}

}  // namespace

std::string distrust(const std::filesystem::path& path) {
    struct stat own{};
    struct stat target{};
    if (lstat(path.c_str(), &own) != 0 || stat(path.c_str(), &target) != 0) {
        return std::strerror(errno);
    }
    if ((target.st_mode & S_IWOTH) != 0) {
        return "world-writable: refused";
    }
    if (std::string reason = distrust_directory(path.parent_path(), own); !reason.empty()) {
        return reason;
    }
    std::error_code ec;
    const std::filesystem::path real = std::filesystem::canonical(path, ec);
    if (ec) {
        return ec.message();
    }
    return distrust_directory(real.parent_path(), target);
}

}  // namespace lima::driver
