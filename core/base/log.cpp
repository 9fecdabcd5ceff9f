#include "core/base/log.hpp"

#include "core/base/text.hpp"

#include <array>
#include <atomic>
#include <mutex>

namespace lima::log {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"trace",   "debug", "info",
                                                    "warning", "error", "fatal"};

std::atomic<Sink*> g_sink = nullptr;
std::atomic<Level> g_level = Level::kInfo;

// Leaked: threads may log while statics are being destroyed.
std::mutex& write_mutex() {
    static auto* mutex = new std::mutex;
    return *mutex;
}

}  // namespace

void set_sink(Sink* sink) {
    const std::lock_guard lock(write_mutex());
    g_sink.store(sink);
}

void set_level(Level level) { g_level.store(level); }

Level level() { return g_level.load(); }

bool enabled(Level level) {
    return g_sink.load(std::memory_order_relaxed) != nullptr &&
           level >= g_level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view message, const Fields& fields) {
    if (!enabled(level)) {
        return;
    }
    const std::lock_guard lock(write_mutex());
    if (Sink* sink = g_sink.load(); sink != nullptr) {
        sink->write(level, message, fields);
    }
}

bool parse_level(std::string_view word, Level& out) {
    const std::string lower = to_lower(word);
    if (lower == "warn") {
        out = Level::kWarning;
        return true;
    }
    // There is nothing above fatal here: what would be shown at "panic" is what is shown at fatal.
    if (lower == "panic") {
        out = Level::kFatal;
        return true;
    }
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (lower == kNames[i]) {
            out = static_cast<Level>(i);
            return true;
        }
    }
    return false;
}

std::string_view level_name(Level level) { return kNames[static_cast<std::size_t>(level)]; }

}  // namespace lima::log
