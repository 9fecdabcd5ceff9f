// Lines to a file whose disk may be full: what does not fit is lost, and nothing else. The log and
// the events of the host agent are written so.
#pragma once

#include "core/base/error.hpp"
#include "core/base/log.hpp"

#include <cstdint>
#include <string>

namespace lima::hostagent {

/// Thread: the caller's. The descriptor is borrowed.
class LineFile {
public:
    explicit LineFile(int fd) : fd_(fd) {}
    /// Comes with its newline. After one that failed, which may have been cut, the next begins a
    /// line of its own.
    Result<void> append(const std::string& line);
    int fd() const { return fd_; }

private:
    int fd_;
    bool cut_ = false;
};

/// Records as JSON. Once lines can be written again, the first says how many were lost.
class LogFile final : public log::Sink {
public:
    explicit LogFile(int fd) : file_(fd) {}
    void write(log::Level level, std::string_view message, const log::Fields& fields) override;

private:
    LineFile file_;
    std::uint64_t lost_ = 0;
    std::string why_;
};

}  // namespace lima::hostagent
