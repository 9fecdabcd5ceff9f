#include "core/base/log_format.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/time.hpp"

#include <algorithm>
#include <map>

namespace lima::log {
namespace {

constexpr std::size_t kMessageColumns = 44;

/// A field that is called like one of the record's own keys is renamed instead of shadowing it.
std::map<std::string, std::string_view> sorted_fields(const Fields& fields) {
    std::map<std::string, std::string_view> sorted;
    for (const auto& [key, value] : fields) {
        const bool clashes = key == "time" || key == "level" || key == "msg";
        sorted[clashes ? "fields." + key : key] = value;
    }
    return sorted;
}

bool is_bare(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._/@^+-").find(c) != std::string_view::npos;
}

void append_value(std::string& line, std::string_view value) {
    if (std::all_of(value.begin(), value.end(), is_bare)) {
        line += value;
    } else {
        line += go_quote(value);
    }
}

void append_pair(std::string& line, std::string_view key, std::string_view value) {
    if (!line.empty()) {
        line += ' ';
    }
    line += key;
    line += '=';
    append_value(line, value);
}

/// The lines behind the first one of a message, for a reader: indented, so that they cannot be
/// taken for records, and without what would move a terminal's cursor.
std::string continuation(std::string_view text) {
    std::string out;
    for (const std::string_view row : lines(text)) {
        out += "  ";
        for (const char c : row) {
            const auto byte = static_cast<unsigned char>(c);
            out += (byte < 0x20 && c != '\t') || byte == 0x7F ? fmt::format("\\x{:02x}", byte)
                                                              : std::string(1, c);
        }
        out += '\n';
    }
    return out;
}

std::string encode_text(const Record& record) {
    std::string line;
    append_pair(line, "time", format_rfc3339(record.time));
    append_pair(line, "level", level_name(record.level));
    std::string_view message = record.message;
    std::string rest;
    const std::size_t end = message.find('\n');
    if (end != std::string_view::npos && end + 1 < message.size()) {
        rest = continuation(message.substr(end + 1));
        message = message.substr(0, end);
    }
    if (!message.empty()) {
        append_pair(line, "msg", message);
    }
    for (const auto& [key, value] : sorted_fields(record.fields)) {
        append_pair(line, key, value);
    }
    return line + '\n' + rest;
}

std::string_view colour(Level level) {
    switch (level) {
        case Level::kTrace:
            return "2;37";
        case Level::kDebug:
            return "2;36";
        case Level::kInfo:
            return "36";
        case Level::kWarning:
            return "33";
        case Level::kError:
        case Level::kFatal:
            return "31";
    }
    return "36";
}

std::string_view short_name(Level level) {
    constexpr std::string_view kShort[] = {"TRAC", "DEBU", "INFO", "WARN", "ERRO", "FATA"};
    return kShort[static_cast<std::size_t>(level)];
}

std::string encode_terminal(const Record& record) {
    std::string_view message = record.message;
    if (message.ends_with('\n')) {
        message.remove_suffix(1);
    }
    const auto is_start = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    const auto columns =
        static_cast<std::size_t>(std::count_if(message.begin(), message.end(), is_start));
    const std::size_t padding = columns < kMessageColumns ? kMessageColumns - columns : 0;
    const std::string_view code = colour(record.level);
    std::string line = fmt::format("\x1b[{}m{}\x1b[0m[{:04}] {}{} ", code, short_name(record.level),
                                   record.since_start.count(), message, std::string(padding, ' '));
    for (const auto& [key, value] : sorted_fields(record.fields)) {
        line += fmt::format(" \x1b[{}m{}\x1b[0m=", code, key);
        append_value(line, value);
    }
    return line + '\n';
}

std::string encode_json(const Record& record) {
    std::map<std::string, std::string> object;
    for (const auto& [key, value] : sorted_fields(record.fields)) {
        object.emplace(key, value);
    }
    object["time"] = format_rfc3339(record.time);
    object["level"] = level_name(record.level);
    object["msg"] = record.message;
    std::string line = "{";
    for (const auto& [key, value] : object) {
        line += line.size() > 1 ? "," : "";
        line += encode_json_string(key, /*escape_html=*/true);
        line += ':';
        line += encode_json_string(value, /*escape_html=*/true);
    }
    return line + "}\n";
}

}  // namespace

std::string encode(Format format, const Record& record) {
    switch (format) {
        case Format::kTerminal:
            return encode_terminal(record);
        case Format::kText:
            return encode_text(record);
        case Format::kJson:
            return encode_json(record);
    }
    return {};
}

}  // namespace lima::log
