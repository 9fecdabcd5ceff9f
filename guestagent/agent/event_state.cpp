#include "guestagent/agent/event_state.hpp"

#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/log.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lima::guestagent {

Result<void> prepare_runtime_dir(const std::filesystem::path& directory) {
    LIMA_DO(fs::make_dirs(directory, 0755));
    const Fd opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!opened) {
        return fail_errno(errno, fmt::format("cannot open {}", directory.native()));
    }
    struct stat info{};
    if (::fstat(opened.get(), &info) != 0) {
        return fail_errno(errno, fmt::format("cannot examine {}", directory.native()));
    }
    if (info.st_uid != ::geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return failf(Code::kPermissionDenied, "{} can be written by others (owner {}, mode {:o})",
                     directory.native(), info.st_uid, info.st_mode & 07777U);
    }
    return {};
}

EventState::EventState(const std::filesystem::path& directory)
    : file_(directory / "event-state.json") {}

std::vector<Port> EventState::load() const {
    const Fd file(::open(file_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file) {
        if (errno != ENOENT) {
            log::warn("cannot open {}: {}", file_.native(), std::strerror(errno));
        }
        return {};
    }
    auto text = read_all(file.get());
    auto ports = text ? decode_port_state(*text) : Result<std::vector<Port>>(fail(text.error()));
    if (!ports) {
        log::warn("cannot read {}: {}", file_.native(), ports.error().text());
        return {};
    }
    return std::move(*ports);
}

void EventState::save(const std::vector<Port>& told) const {
    // A link would be written through: whoever put it there does not choose where we write.
    std::error_code ignored;
    if (std::filesystem::is_symlink(file_, ignored)) {
        std::filesystem::remove(file_, ignored);
    }
    if (const auto saved = fs::write_file_atomic(file_, encode_port_state(told)); !saved) {
        log::warn("cannot save the state: {}", saved.error().text());
    }
}

}  // namespace lima::guestagent
