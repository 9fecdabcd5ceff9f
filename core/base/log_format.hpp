// The three encodings of a log record, compatible with logrus: text for a terminal, text for a file
// or pipe, JSON. Pure functions; log_sink.hpp writes their results.
#pragma once

#include "core/base/log.hpp"

#include <chrono>
#include <string>

namespace lima::log {

enum class Format { kTerminal, kText, kJson };

struct Record {
    Level level;
    std::string_view message;
    const Fields& fields;
    std::chrono::system_clock::time_point time;
    std::chrono::seconds since_start;
};

/// One line with its newline. spec/cli.md section 1.5 has the three forms.
std::string encode(Format format, const Record& record);

}  // namespace lima::log
