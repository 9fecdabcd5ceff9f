// The log facade: what the rest of the code calls. Where a record goes is decided by the one sink
// that an executable installs in main (base/log_sink.hpp), or a driver module from its host. stderr
// only; stdout is data.
//
// Levels: error = the operation failed; warning = the user should act; info = state changed; debug,
// trace = for us. Never log an error and return it too. Thread: every function may be called from
// any thread.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lima::log {

enum class Level { kTrace, kDebug, kInfo, kWarning, kError, kFatal };

using Fields = std::vector<std::pair<std::string, std::string>>;

class Sink {
public:
    virtual ~Sink() = default;
    /// Called for records at or above the level, by one thread at a time.
    virtual void write(Level level, std::string_view message, const Fields& fields) = 0;
};

/// Not owned: the sink must live until the process ends. nullptr drops all records (the default).
void set_sink(Sink* sink);
void set_level(Level level);
Level level();
bool enabled(Level level);
void write(Level level, std::string_view message, const Fields& fields = {});

template <class... Args>
void logf(Level level, fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(level)) {
        write(level, fmt::format(format, std::forward<Args>(args)...));
    }
}
template <class... Args>
void trace(fmt::format_string<Args...> format, Args&&... args) {
    logf(Level::kTrace, format, std::forward<Args>(args)...);
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    logf(Level::kDebug, format, std::forward<Args>(args)...);
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    logf(Level::kInfo, format, std::forward<Args>(args)...);
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
    logf(Level::kWarning, format, std::forward<Args>(args)...);
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    logf(Level::kError, format, std::forward<Args>(args)...);
}

/// "trace" … "fatal", "warn" and "warning", any case; nullopt-like: false when unknown.
bool parse_level(std::string_view word, Level& out);
std::string_view level_name(Level level);  // trace debug info warning error fatal

}  // namespace lima::log
