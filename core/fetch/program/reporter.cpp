#include "core/fetch/program/reporter.hpp"

#include "core/base/fd.hpp"
#include "core/fetch/program/cancel.hpp"

namespace lima::fetch {

void Reporter::progress(const std::string& what, std::uint64_t done, std::uint64_t total) {
    constexpr std::chrono::milliseconds kInterval(100);
    const auto now = std::chrono::steady_clock::now();
    const bool ended = total != 0 && done == total;
    if (what == last_what_ && !ended && now - last_time_ < kInterval) {
        return;
    }
    if (what == last_what_ && done == last_done_ && ended) {
        return;
    }
    last_what_ = what;
    last_done_ = done;
    last_time_ = now;
    write_line(Progress{what, done, total});
}

void Reporter::log(log::Level level, std::string message) {
    write_line(LogLine{level, std::move(message)});
}

void Reporter::finish(const Reply& reply) { write_line(reply); }

void Reporter::write_line(const Reply& reply) {
    // Nobody reads any more: nobody wants the file.
    if (!write_all(fd_, encode(reply) + "\n")) {
        cancel();
    }
}

}  // namespace lima::fetch
