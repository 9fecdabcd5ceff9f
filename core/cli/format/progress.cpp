#include "core/cli/format/progress.hpp"

#include "core/base/units.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

namespace lima::cli {

namespace {

using Clock = std::chrono::steady_clock;

struct Drawn {
    std::string description;
    std::string what;
    Clock::time_point begin = Clock::now();
    Clock::time_point last{};
    bool open = false;  // the cursor stands in a bar's line

    void finish_line() {
        if (open) {
            std::fputc('\n', stderr);
            open = false;
        }
    }
};

}  // namespace

std::string progress_line(const fetch::Progress& progress, double seconds, int columns) {
    const double speed = seconds > 0 ? static_cast<double>(progress.done) / seconds : 0;
    const std::string rate = format_size(static_cast<std::int64_t>(speed)) + "/s";
    const std::string done = format_size(static_cast<std::int64_t>(progress.done));
    if (progress.total == 0) {
        return fmt::format("{} {}  {}", progress.what, done, rate);
    }
    const double share =
        std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
    const std::string left = fmt::format("{} {} / {} ", progress.what, done,
                                         format_size(static_cast<std::int64_t>(progress.total)));
    const std::string right = fmt::format(" {:3.0f}%  {}", share * 100, rate);
    const int room = columns - static_cast<int>(left.size() + right.size()) - 2;
    if (room < 5) {
        return left + right;
    }
    const auto filled = static_cast<std::size_t>(share * room);
    std::string bar(static_cast<std::size_t>(room), ' ');
    std::fill_n(bar.begin(), filled, '=');
    if (filled < bar.size()) {
        bar[filled] = '>';
    }
    return left + "[" + bar + "]" + right;
}

std::function<void(const fetch::Progress&, const std::string& description)> make_progress(
    bool bars) {
    auto drawn = std::make_shared<Drawn>();
    return [drawn, bars](const fetch::Progress& progress, const std::string& description) {
        const auto now = Clock::now();
        if (drawn->description != description || drawn->what != progress.what) {
            drawn->finish_line();
            if (drawn->description != description && progress.what == "downloading") {
                std::fprintf(stderr, "Downloading %s\n", description.c_str());
            }
            drawn->description = description;
            drawn->what = progress.what;
            drawn->begin = now;
            drawn->last = {};
        }
        const bool complete = progress.total != 0 && progress.done >= progress.total;
        if (!bars || (!complete && now - drawn->last < std::chrono::milliseconds(200))) {
            return;
        }
        drawn->last = now;
        const double seconds = std::chrono::duration<double>(now - drawn->begin).count();
        std::fprintf(stderr, "\r%s", progress_line(progress, seconds, 80).c_str());
        drawn->open = true;
        if (complete) {
            drawn->finish_line();
        }
        std::fflush(stderr);
    };
}

}  // namespace lima::cli
