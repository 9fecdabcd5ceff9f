#include "core/text/yq/date.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <fstream>
#include <sstream>
#include <vector>

namespace lima::text::yq {
namespace {

constexpr std::string_view kRfc3339 = "2006-01-02T15:04:05Z07:00";
constexpr std::array<const char*, 12> kMonths = {"January",   "February", "March",    "April",
                                                 "May",       "June",     "July",     "August",
                                                 "September", "October",  "November", "December"};
constexpr std::array<const char*, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                              "Thursday", "Friday", "Saturday"};

/// The calendar's view of a date.
struct Fields {
    int year = 1970;
    int month = 1;
    int day = 1;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int nanoseconds = 0;
    int offset = 0;
    bool afternoon = false;
    bool twelve_hours = false;
    std::string zone = "UTC";
};

std::int64_t days_of(int year, int month, int day) {
    using std::chrono::sys_days;
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    return sys_days(date).time_since_epoch().count();
}

Fields fields_of(const Date& date) {
    const std::int64_t local = date.seconds + date.offset;
    std::int64_t days = local / 86400;
    std::int64_t rest = local % 86400;
    if (rest < 0) {
        rest += 86400;
        --days;
    }
    const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(days))};
    Fields out;
    out.year = static_cast<int>(day.year());
    out.month = static_cast<int>(static_cast<unsigned>(day.month()));
    out.day = static_cast<int>(static_cast<unsigned>(day.day()));
    out.hour = static_cast<int>(rest / 3600);
    out.minute = static_cast<int>(rest / 60 % 60);
    out.second = static_cast<int>(rest % 60);
    out.nanoseconds = date.nanoseconds;
    out.offset = date.offset;
    out.zone = date.zone;
    return out;
}

std::optional<Date> date_of(Fields fields) {
    if (fields.twelve_hours) {
        fields.hour = fields.hour % 12 + (fields.afternoon ? 12 : 0);
    }
    const bool fits = fields.month >= 1 && fields.month <= 12 && fields.day >= 1 &&
                      fields.day <= 31 && fields.hour < 24 && fields.minute < 60 &&
                      fields.second < 61;
    if (!fits) {
        return std::nullopt;
    }
    Date out;
    out.seconds = days_of(fields.year, fields.month, fields.day) * 86400 + fields.hour * 3600 +
                  fields.minute * 60 + fields.second - fields.offset;
    out.nanoseconds = fields.nanoseconds;
    out.offset = fields.offset;
    out.zone = fields.zone;
    return out;
}

/// Go's reference time, piece by piece; longer pieces first.
constexpr std::array<std::string_view, 33> kPieces = {
    "January", "Monday", "2006", "-07:00", "Z07:00", "-0700",      "Z0700",   "MST",  "Jan",
    "Mon",     "-07",    "Z07",  "002",    "01",     "02",         "03",      "04",   "05",
    "06",      "15",     "PM",   "pm",     "_2",     ".000000000", ".000000", ".000", ".999999999",
    ".999999", ".999",   "1",    "2",      "3",      "4"};

std::string_view piece_at(std::string_view layout) {
    for (const std::string_view piece : kPieces) {
        if (layout.starts_with(piece)) {
            return piece;
        }
    }
    return layout.starts_with('5') ? layout.substr(0, 1) : std::string_view();
}

std::string offset_text(int offset, std::string_view piece) {
    if (piece.starts_with('Z') && offset == 0) {
        return "Z";
    }
    const int minutes = std::abs(offset) / 60;
    const std::string sign = offset < 0 ? "-" : "+";
    if (piece.size() == 3) {
        return fmt::format("{}{:02}", sign, minutes / 60);
    }
    return fmt::format("{}{:02}{}{:02}", sign, minutes / 60,
                       piece.find(':') == std::string_view::npos ? "" : ":", minutes % 60);
}

std::string fraction_text(int nanoseconds, std::string_view piece) {
    std::string digits = fmt::format("{:09}", nanoseconds).substr(0, piece.size() - 1);
    if (piece[1] == '9') {
        while (digits.ends_with('0')) {
            digits.pop_back();
        }
        return digits.empty() ? "" : "." + digits;
    }
    return "." + digits;
}

std::string piece_text(std::string_view piece, const Fields& f, std::int64_t days) {
    const std::size_t weekday = static_cast<std::size_t>(((days + 4) % 7 + 7) % 7);
    const int twelve = f.hour % 12 == 0 ? 12 : f.hour % 12;
    if (piece == "January" || piece == "Jan") {
        return std::string(kMonths[static_cast<std::size_t>(f.month - 1)])
            .substr(0, piece == "Jan" ? 3 : 20);
    }
    if (piece == "Monday" || piece == "Mon") {
        return std::string(kDays[weekday]).substr(0, piece == "Mon" ? 3 : 20);
    }
    if (piece == "2006" || piece == "06") {
        return piece == "06" ? fmt::format("{:02}", f.year % 100) : fmt::format("{:04}", f.year);
    }
    if (piece == "PM" || piece == "pm") {
        return piece == "PM" ? (f.hour < 12 ? "AM" : "PM") : (f.hour < 12 ? "am" : "pm");
    }
    if (piece == "MST") {
        return f.zone;
    }
    if (piece == "_2") {
        return fmt::format("{:2}", f.day);
    }
    if (piece == "002") {
        return fmt::format("{:03}", days - days_of(f.year, 1, 1) + 1);
    }
    if (piece == "15") {
        return fmt::format("{:02}", f.hour);
    }
    if (piece.starts_with('.')) {
        return fraction_text(f.nanoseconds, piece);
    }
    if (piece.starts_with('-') || piece.starts_with('Z')) {
        return offset_text(f.offset, piece);
    }
    const std::array<int, 6> numbers = {0, f.month, f.day, twelve, f.minute, f.second};
    const int value = numbers[static_cast<std::size_t>(piece.back() - '0')];
    return piece.size() == 2 ? fmt::format("{:02}", value) : fmt::format("{}", value);
}

/// Takes up to that many digits.
std::optional<int> take_number(std::string_view& text, std::size_t least, std::size_t most) {
    std::size_t count = 0;
    int value = 0;
    while (count < most && count < text.size() && text[count] >= '0' && text[count] <= '9') {
        value = value * 10 + (text[count++] - '0');
    }
    if (count < least) {
        return std::nullopt;
    }
    text.remove_prefix(count);
    return value;
}

template <std::size_t N>
std::optional<int> take_word(std::string_view& text, const std::array<const char*, N>& words,
                             bool brief) {
    for (std::size_t i = 0; i < N; ++i) {
        const std::string_view word =
            brief ? std::string_view(words[i]).substr(0, 3) : std::string_view(words[i]);
        if (to_lower(text.substr(0, word.size())) == to_lower(word)) {
            text.remove_prefix(word.size());
            return static_cast<int>(i);
        }
    }
    return std::nullopt;
}

bool take_offset(std::string_view& text, std::string_view piece, Fields& f) {
    if (piece.starts_with('Z') && text.starts_with('Z')) {
        text.remove_prefix(1);
        return true;
    }
    if (!text.starts_with('+') && !text.starts_with('-')) {
        return false;
    }
    const int sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
    const auto hours = take_number(text, 2, 2);
    if (piece.find(':') != std::string_view::npos) {
        if (!text.starts_with(':')) {
            return false;
        }
        text.remove_prefix(1);
    }
    const auto minutes = piece.size() == 3 ? std::optional<int>(0) : take_number(text, 2, 2);
    if (!hours || !minutes) {
        return false;
    }
    f.offset = sign * (*hours * 3600 + *minutes * 60);
    f.zone = f.offset == 0 ? "UTC" : "";
    return true;
}

void take_fraction(std::string_view& text, Fields& f) {
    if (text.size() < 2 || text[0] != '.' || text[1] < '0' || text[1] > '9') {
        return;
    }
    text.remove_prefix(1);
    int scale = 100'000'000;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        f.nanoseconds += (text.front() - '0') * scale;
        scale /= 10;
        text.remove_prefix(1);
    }
}

bool take_named(std::string_view& text, std::string_view piece, Fields& f) {
    if (piece == "January" || piece == "Jan") {
        const auto month = take_word(text, kMonths, piece == "Jan");
        f.month = month.value_or(0) + 1;
        return month.has_value();
    }
    if (piece == "Monday" || piece == "Mon") {
        return take_word(text, kDays, piece == "Mon").has_value();
    }
    if (piece == "MST") {
        const std::size_t end =
            std::min(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), text.size());
        f.zone = text.substr(0, end);
        text.remove_prefix(end);
        return end >= 3;
    }
    const std::string half = to_lower(text.substr(0, 2));
    if (half != "am" && half != "pm") {
        return false;
    }
    f.twelve_hours = true;
    f.afternoon = half == "pm";
    text.remove_prefix(2);
    return true;
}

bool take_piece(std::string_view& text, std::string_view piece, Fields& f) {
    const char first = piece.front();
    if (first == 'J' || first == 'M' || piece == "PM" || piece == "pm") {
        return take_named(text, piece, f);
    }
    if (first == '-' || first == 'Z') {
        return take_offset(text, piece, f);
    }
    if (first == '.') {
        take_fraction(text, f);
        return true;
    }
    if (piece == "2006") {
        const auto year = take_number(text, 4, 4);
        f.year = year.value_or(0);
        return year.has_value();
    }
    while (piece == "_2" && text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    const bool fixed = piece.size() == 2 && first == '0';
    const auto value = take_number(text, fixed ? 2 : 1, 2);
    if (!value) {
        return false;
    }
    if (piece == "06") {
        f.year = *value + (*value < 69 ? 2000 : 1900);
        return true;
    }
    int* const targets[] = {&f.hour, &f.month, &f.day, &f.hour, &f.minute, &f.second};
    *targets[piece == "15" ? 0 : piece.back() - '0'] = *value;
    if (piece.back() == '5' && piece != "15") {
        take_fraction(text, f);
    }
    return true;
}

std::optional<std::int64_t> duration_nanoseconds(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, double>, 8> kUnits = {{{"ns", 1},
                                                                            {"us", 1e3},
                                                                            {"µs", 1e3},
                                                                            {"ms", 1e6},
                                                                            {"s", 1e9},
                                                                            {"m", 6e10},
                                                                            {"h", 3.6e12},
                                                                            {"d", 8.64e13}}};
    double total = 0;
    const double sign = text.starts_with('-') ? -1 : 1;
    text.remove_prefix(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
    if (text.empty()) {
        return std::nullopt;
    }
    while (!text.empty()) {
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value,
                                                  std::chars_format::fixed);
        if (error != std::errc()) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto* const unit = std::find_if(kUnits.begin(), kUnits.end(), [text](const auto& u) {
            return text.starts_with(u.first);
        });
        if (unit == kUnits.end()) {
            return std::nullopt;
        }
        total += value * unit->second;
        text.remove_prefix(unit->first.size());
    }
    if (total > 9e18) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(sign * total);
}

std::uint64_t big_endian(std::string_view data, std::size_t at, std::size_t size) {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < size && at + i < data.size(); ++i) {
        out = out << 8U | static_cast<unsigned char>(data[at + i]);
    }
    return out;
}

/// Offset and abbreviation at a time, from a file of the zone database (RFC 8536, its 64-bit part).
bool zone_at(std::string_view data, Date& date) {
    if (!data.starts_with("TZif") || data.size() < 88) {
        return false;
    }
    const auto count = [&data](std::size_t header, int field) {
        return static_cast<std::size_t>(
            big_endian(data, header + 20 + 4 * static_cast<std::size_t>(field), 4));
    };
    // isutc, isstd, leap, time, type, char: skip the 32-bit part.
    const std::size_t header = 44 + count(0, 3) * 5 + count(0, 4) * 6 + count(0, 5) +
                               count(0, 2) * 8 + count(0, 1) + count(0, 0);
    const std::size_t times = count(header, 3);
    const std::size_t types = count(header, 4);
    const std::size_t at = header + 44;
    if (types == 0 || at + times * 9 + types * 6 > data.size()) {
        return false;
    }
    std::size_t type = 0;
    for (std::size_t i = 0;
         i < times && static_cast<std::int64_t>(big_endian(data, at + i * 8, 8)) <= date.seconds;
         ++i) {
        type = static_cast<unsigned char>(data[at + times * 8 + i]);
    }
    const std::size_t entry = at + times * 9 + std::min(type, types - 1) * 6;
    date.offset = static_cast<std::int32_t>(big_endian(data, entry, 4));
    const std::size_t name =
        at + times * 9 + types * 6 + static_cast<unsigned char>(data[entry + 5]);
    if (name < data.size()) {
        const std::string_view rest = data.substr(name);
        date.zone = rest.substr(0, rest.find('\0'));
    }
    return true;
}

}  // namespace

std::optional<Date> parse_date(std::string_view text) {
    for (const std::string_view layout :
         {kRfc3339, std::string_view("2006-01-02T15:04:05"),
          std::string_view("2006-01-02 15:04:05"), std::string_view("2006-01-02")}) {
        if (auto out = parse_date(text, layout)) {
            return out;
        }
    }
    return std::nullopt;
}

std::optional<Date> parse_date(std::string_view text, std::string_view layout) {
    Fields fields;
    while (!layout.empty()) {
        const std::string_view piece = piece_at(layout);
        if (piece.empty()) {
            if (text.empty() || text.front() != layout.front()) {
                return std::nullopt;
            }
            text.remove_prefix(1);
            layout.remove_prefix(1);
            continue;
        }
        if (!take_piece(text, piece, fields)) {
            return std::nullopt;
        }
        layout.remove_prefix(piece.size());
    }
    return text.empty() ? date_of(fields) : std::nullopt;
}

std::string format_date(const Date& date) {
    return format_date(date,
                       date.nanoseconds == 0 ? kRfc3339 : "2006-01-02T15:04:05.999999999Z07:00");
}

std::string format_date(const Date& date, std::string_view layout) {
    const Fields fields = fields_of(date);
    const std::int64_t days = days_of(fields.year, fields.month, fields.day);
    std::string out;
    while (!layout.empty()) {
        const std::string_view piece = piece_at(layout);
        if (piece.empty()) {
            out += layout.front();
            layout.remove_prefix(1);
        } else {
            out += piece_text(piece, fields, days);
            layout.remove_prefix(piece.size());
        }
    }
    return out;
}

Result<Date> in_zone(Date date, const std::string& zone) {
    if (zone.empty() || zone == "UTC") {
        date.offset = 0;
        date.zone = "UTC";
        return date;
    }
    const bool safe = zone.find("..") == std::string::npos && zone.front() != '/';
    std::ifstream file(safe ? "/usr/share/zoneinfo/" + zone : "", std::ios::binary);
    std::ostringstream data;
    data << file.rdbuf();
    if (!zone_at(data.str(), date)) {
        return failf(Code::kInvalidArgument, "unknown time zone {}", zone);
    }
    return date;
}

Date date_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    Date out;
    out.seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
    return out;
}

std::optional<std::string> add_duration(std::string_view date, std::string_view duration,
                                        int sign) {
    auto moved = parse_date(date);
    const auto by = duration_nanoseconds(duration);
    if (!moved || !by) {
        return std::nullopt;
    }
    const std::int64_t total = moved->nanoseconds + sign * (*by % 1'000'000'000);
    moved->seconds += sign * (*by / 1'000'000'000);
    moved->seconds += total < 0 ? -1 : total / 1'000'000'000;
    moved->nanoseconds = static_cast<int>((total + 1'000'000'000) % 1'000'000'000);
    return format_date(*moved);
}

std::optional<int> compare_dates(std::string_view left, std::string_view right) {
    const auto a = parse_date(left);
    const auto b = parse_date(right);
    if (!a || !b) {
        return std::nullopt;
    }
    if (a->seconds != b->seconds) {
        return a->seconds < b->seconds ? -1 : 1;
    }
    return a->nanoseconds < b->nanoseconds ? -1 : a->nanoseconds > b->nanoseconds ? 1 : 0;
}

}  // namespace lima::text::yq
