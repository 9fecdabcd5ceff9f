// From QEMU's last words to an error with a cause and a next step; and the small buffers that keep
// last words.
#pragma once

#include "core/base/error.hpp"

#include <cstddef>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace lima::qemu {

/// The last lines that somebody said. Thread: any.
class LineRing {
public:
    explicit LineRing(std::size_t limit) : limit_(limit) {}
    void add(std::string_view line);
    std::vector<std::string> snapshot() const;
    void clear();

private:
    const std::size_t limit_;
    mutable std::mutex mutex_;
    std::deque<std::string> lines_;
};

/// The last lines of a file, cut to printable text; empty when there is none. Reads only its end.
std::vector<std::string> tail_of_file(const std::filesystem::path& path, std::size_t count);

/// Why QEMU ended before the VM ran. status is "exit status 1" or "signal 9 (Killed)".
Error explain_early_exit(const std::string& status, const std::vector<std::string>& stderr_lines);

}  // namespace lima::qemu
