// A unix socket that listens, for its owner only (0600, and each peer's user is checked). The file
// is removed with the object, unless another process has put its own there meanwhile.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"

#include <filesystem>
#include <optional>
#include <sys/types.h>

namespace lima::remote {

class Door {
public:
    /// A file that nobody listens on is replaced; kAlreadyExists when somebody does.
    static Result<Door> open(const std::filesystem::path& path);
    Door(Door&& other) noexcept;
    Door& operator=(Door&&) = delete;
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;
    ~Door();

    int fd() const { return fd_.get(); }
    const std::filesystem::path& path() const { return path_; }
    /// False once the file is gone, or another's: nobody can come.
    bool reachable() const;
    /// The next connection, nonblocking; nullopt when there is none, or when it is another user's.
    std::optional<Fd> accept() const;

private:
    Door(std::filesystem::path path, Fd fd, dev_t device, ino_t inode)
        : path_(std::move(path)), fd_(std::move(fd)), device_(device), inode_(inode) {}

    std::filesystem::path path_;
    Fd fd_;
    dev_t device_;
    ino_t inode_;
};

}  // namespace lima::remote
