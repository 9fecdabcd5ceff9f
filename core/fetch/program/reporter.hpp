// Writes the replies of lima-fetch to its stdout: progress at most ten times a second, logs at
// once.
#pragma once

#include "core/fetch/protocol.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace lima::fetch {

class Reporter {
public:
    explicit Reporter(int fd) : fd_(fd) {}

    /// A new name or the end of the work is always told; the rest is thinned out.
    void progress(const std::string& what, std::uint64_t done, std::uint64_t total);
    void log(log::Level level, std::string message);
    /// The result or the error: the last line.
    void finish(const Reply& reply);

private:
    void write_line(const Reply& reply);

    int fd_;
    std::string last_what_;
    std::uint64_t last_done_ = 0;
    std::chrono::steady_clock::time_point last_time_;
};

}  // namespace lima::fetch
