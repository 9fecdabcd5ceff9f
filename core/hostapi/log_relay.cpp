#include "core/hostapi/log_relay.hpp"

#include "core/base/json.hpp"

#include <chrono>

namespace lima::hostapi {
namespace {

constexpr const char* kPrefix = "[hostagent] ";

std::string field_text(const Json& value) {
    return value.is_string() ? value.get<std::string>() : dump_json(value);
}

}  // namespace

RelayedRecord parse_record(const std::string& line) {
    RelayedRecord record;
    const auto json = parse_json(line);
    if (!json || !json->is_object() ||
        !log::parse_level(json_string(*json, "level"), record.level)) {
        record.message = kPrefix + line;
        return record;
    }
    for (const auto& [key, value] : json->items()) {
        if (key != "level" && key != "msg" && key != "time") {
            record.fields.emplace_back(key, field_text(value));
        }
    }
    if (record.level == log::Level::kFatal) {
        record.level = log::Level::kError;
        record.fields.emplace_back("level", json_string(*json, "level"));
    }
    record.message = kPrefix + json_string(*json, "msg");
    if (const auto time = parse_rfc3339(json_string(*json, "time"))) {
        record.time = *time;
    }
    return record;
}

LogRelay::LogRelay(SystemTime begin, std::function<void()> before_showing)
    : oldest_(begin - std::chrono::seconds(1)), before_showing_(std::move(before_showing)) {}

void LogRelay::take(const std::string& line, bool show, log::Level from) {
    if (line.empty()) {
        return;
    }
    RelayedRecord record = parse_record(line);
    if (record.time && *record.time < oldest_) {
        return;
    }
    if (record.level == log::Level::kError) {
        last_error_ = record.message.substr(std::string_view(kPrefix).size());
    }
    if (show && record.level >= from) {
        if (before_showing_) {
            before_showing_();
        }
        log::write(record.level, record.message, record.fields);
    }
}

}  // namespace lima::hostapi
