#include "core/base/log_sink.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <memory>

namespace lima::log {
namespace {

// The closest that a library can get to the start of the process.
const std::chrono::steady_clock::time_point kStart = std::chrono::steady_clock::now();

class SpdlogSink final : public Sink {
public:
    SpdlogSink() : logger_("lima", std::make_shared<spdlog::sinks::stderr_sink_st>()) {
        // The line comes encoded, with its newline.
        logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>(
            "%v", spdlog::pattern_time_type::local, std::string()));
        logger_.set_level(spdlog::level::trace);
        logger_.flush_on(spdlog::level::trace);
    }

    void set_format(Format format) { format_.store(format); }

    void write(Level level, std::string_view message, const Fields& fields) override {
        const auto elapsed = std::chrono::steady_clock::now() - kStart;
        const Record record{level, message, fields, std::chrono::system_clock::now(),
                            std::chrono::duration_cast<std::chrono::seconds>(elapsed)};
        const std::string line = encode(format_.load(), record);
        logger_.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
    }

private:
    spdlog::logger logger_;
    std::atomic<Format> format_ = Format::kText;
};

}  // namespace

void install_stderr_sink(Format format) {
    // Leaked, so that destructors of statics can still log.
    static auto* sink = new SpdlogSink;
    sink->set_format(format);
    set_sink(sink);
}

}  // namespace lima::log
