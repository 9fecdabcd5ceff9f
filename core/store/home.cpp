#include "core/store/home.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>

namespace lima::store {
namespace {

bool is_real_directory(const Path& path) {
    struct stat status{};
    return lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

Result<Home> Home::from_environment() {
    const char* given = std::getenv("LIMA_HOME");
    Path root;
    if (given != nullptr && *given != '\0') {
        root = given;
    } else {
        LIMA_TRY(const Path home, fs::home_directory(),
                 "cannot find the directory of the instances");
        root = home / ".lima";
    }
    if (fs::exists(root)) {
        LIMA_TRY(root, fs::real_path(root), "cannot use LIMA_HOME");
        return Home(std::move(root));
    }
    // Processes that we start elsewhere get paths below it, so it must not depend on the directory.
    std::error_code error;
    Path absolute = std::filesystem::absolute(root, error).lexically_normal();
    if (error) {
        return fail_errno(error.value(), fmt::format("cannot use LIMA_HOME {}", root.string()));
    }
    return Home(absolute.has_filename() ? std::move(absolute) : absolute.parent_path());
}

Result<std::vector<std::string>> Home::instance_names() const {
    auto entries = fs::list_names(root_);
    if (!entries) {
        if (entries.error().code() == Code::kNotFound) {
            return std::vector<std::string>{};
        }
        return fail(std::move(entries.error()));
    }
    std::vector<std::string> names;
    for (std::string& name : *entries) {
        if (name.front() != '.' && name.front() != '_' && is_real_directory(root_ / name)) {
            names.push_back(std::move(name));
        }
    }
    return names;
}

Result<void> check_instance_name(const std::string& name) {
    constexpr std::size_t kMaxLength = 76;
    if (name.size() > kMaxLength) {
        return failf(Code::kInvalidArgument, "instance name {} is longer than {} characters",
                     name_quote(name), kMaxLength);
    }
    if (!is_identifier(name)) {
        return fail(
            Error(Code::kInvalidArgument, fmt::format("{} is no instance name", name_quote(name)))
                .with_hint("use letters and digits, with single . _ or - between them"));
    }
    const std::string lower = to_lower(name);
    if (lower.ends_with(".yml") || lower.ends_with(".yaml")) {
        return failf(
            Code::kInvalidArgument,
            "instance name {} must not end in .yml or .yaml, as it would be taken for a file",
            name_quote(name));
    }
    return {};
}

Result<void> check_socket_length(const Path& instance_dir) {
    // ssh binds its control socket under a name with 16 random characters more.
    const std::string longest = (instance_dir / file::kSshSock).string() + ".1234567890123456";
    constexpr std::size_t kLimit = sizeof(sockaddr_un::sun_path);
    if (longest.size() >= kLimit) {
        return fail(
            Error(Code::kInvalidArgument,
                  fmt::format("the path {} has {} bytes, but a socket's must be shorter than {}",
                              longest, longest.size(), kLimit))
                .with_hint("choose a shorter instance name, or set LIMA_HOME to a shorter path"));
    }
    return {};
}

bool is_existing_instance(const Path& instance_dir) {
    constexpr std::array kWitnesses = {file::kHaStdout, file::kHaStderr, "vz-identifier",
                                       file::kImage,    file::kDisk,     file::kBaseDisk,
                                       file::kDiffDisk, file::kCidata};
    return std::any_of(kWitnesses.begin(), kWitnesses.end(),
                       [&](const char* name) { return fs::exists_nofollow(instance_dir / name); });
}

std::string created_by_version(const Path& instance_dir) {
    const auto text = fs::read_file_if_exists(instance_dir / file::kVersion);
    if (text && *text) {
        return std::string(trim(**text));
    }
    return is_existing_instance(instance_dir) ? std::string() : std::string(version());
}

}  // namespace lima::store
