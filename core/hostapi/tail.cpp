#include "core/hostapi/tail.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lima::hostapi {
namespace {

/// A log line longer than this is cut: nobody writes one on purpose.
constexpr std::size_t kMaxLine = 1U << 20U;

}  // namespace

Result<void> Tail::drain(std::vector<std::string>& out) {
    if (!fd_) {
        return {};
    }
    std::array<char, 16384> buffer;
    for (;;) {
        const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return fail_errno(errno, "cannot read " + path_.string());
        }
        if (got == 0) {
            return {};
        }
        partial_.append(buffer.data(), static_cast<std::size_t>(got));
        std::size_t begin = 0;
        for (std::size_t end = partial_.find('\n'); end != std::string::npos;
             end = partial_.find('\n', begin)) {
            out.push_back(partial_.substr(begin, end - begin));
            if (!out.back().empty() && out.back().back() == '\r') {
                out.back().pop_back();
            }
            begin = end + 1;
        }
        partial_.erase(0, begin);
        if (partial_.size() > kMaxLine) {
            out.push_back(std::move(partial_));
            partial_.clear();
        }
    }
}

Result<void> Tail::reopen(std::vector<std::string>& out) {
    struct stat now{};
    if (::stat(path_.c_str(), &now) != 0) {
        return errno == ENOENT ? Result<void>() : fail_errno(errno, path_.string());
    }
    const bool same = fd_ && now.st_dev == device_ && now.st_ino == inode_;
    if (same && now.st_size >= ::lseek(fd_.get(), 0, SEEK_CUR)) {
        return {};
    }
    if (!same) {
        LIMA_DO(drain(out));
    }
    partial_.clear();
    fd_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd_) {
        return errno == ENOENT ? Result<void>() : fail_errno(errno, path_.string());
    }
    if (::fstat(fd_.get(), &now) != 0) {
        return fail_errno(errno, path_.string());
    }
    if (skip_ != 0 && static_cast<std::uint64_t>(now.st_size) >= skip_) {
        ::lseek(fd_.get(), static_cast<off_t>(skip_), SEEK_SET);
    }
    skip_ = 0;
    device_ = now.st_dev;
    inode_ = now.st_ino;
    return {};
}

Result<std::vector<std::string>> Tail::read_lines() {
    std::vector<std::string> out;
    LIMA_DO(reopen(out));
    LIMA_DO(drain(out));
    return out;
}

}  // namespace lima::hostapi
