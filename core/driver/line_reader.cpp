#include "core/driver/line_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <unistd.h>

namespace lima::driver {
namespace {

constexpr std::size_t kPipeSize = std::size_t{64} * 1024;
// A child that prints without line ends must not fill our memory.
constexpr std::size_t kLongestLine = std::size_t{64} * 1024;

}  // namespace

void LineReader::pump() {
    std::array<char, 4096> buffer;
    for (std::size_t total = 0; fd_ && total < kPipeSize;) {
        const ssize_t size = read(fd_.get(), buffer.data(), buffer.size());
        if (size > 0) {
            take(std::string_view(buffer.data(), static_cast<std::size_t>(size)));
            total += static_cast<std::size_t>(size);
        } else if (size < 0 && errno == EINTR) {
            continue;
        } else if (size < 0 && errno == EAGAIN) {
            return;
        } else {
            fd_.reset();
        }
    }
}

void LineReader::take(std::string_view data) {
    while (!data.empty()) {
        const std::size_t end = data.find('\n');
        const std::size_t room = kLongestLine - line_.size();
        const std::size_t size = std::min(std::min(end, data.size()), room);
        line_ += data.substr(0, size);
        data.remove_prefix(size);
        if (!data.empty() && data.front() == '\n') {
            data.remove_prefix(1);
            deliver();
        } else if (line_.size() == kLongestLine) {
            deliver();
        }
    }
}

void LineReader::finish() {
    if (!line_.empty()) {
        deliver();
    }
}

void LineReader::deliver() {
    if (line_.ends_with('\r')) {
        line_.pop_back();
    }
    std::replace(line_.begin(), line_.end(), '\0', ' ');  // the ABI's strings end at NUL
    callback_(ctx_, stream_, line_.c_str());
    line_.clear();
}

}  // namespace lima::driver
