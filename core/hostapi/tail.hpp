// Tail reads the whole lines that are appended to a file which may not exist yet, may be re-created
// under its name or cut short. It never waits: whoever watches the directory calls read_lines()
// when something changed.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace lima::hostapi {

class Tail {
public:
    /// Of the first file that it finds, `skip` bytes are passed over when it has that many.
    explicit Tail(std::filesystem::path path, std::uint64_t skip = 0)
        : path_(std::move(path)), skip_(skip) {}

    /// Lines that were completed since the last call, without their ends.
    Result<std::vector<std::string>> read_lines();
    const std::filesystem::path& path() const { return path_; }

private:
    Result<void> drain(std::vector<std::string>& out);
    Result<void> reopen(std::vector<std::string>& out);

    std::filesystem::path path_;
    std::uint64_t skip_;
    Fd fd_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
    std::string partial_;
};

}  // namespace lima::hostapi
