#include "core/base/time.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string_view>

namespace lima {
namespace {

using std::chrono::duration_cast;
using std::chrono::floor;
using std::chrono::nanoseconds;
using std::chrono::seconds;

std::tm local_fields(SystemTime time) {
    const std::time_t value = floor<seconds>(time.time_since_epoch()).count();
    std::tm fields{};
    // POSIX lets localtime_r skip the reading of TZ.
    tzset();
    localtime_r(&value, &fields);
    return fields;
}

std::string date_and_time(const std::tm& fields) {
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", fields.tm_year + 1900,
                       fields.tm_mon + 1, fields.tm_mday, fields.tm_hour, fields.tm_min,
                       fields.tm_sec);
}

std::string zone_text(const std::tm& fields) {
    const long minutes = fields.tm_gmtoff / 60;
    if (minutes == 0) {
        return "Z";
    }
    return fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', std::labs(minutes) / 60,
                       std::labs(minutes) % 60);
}

/// Takes `digits` decimal digits from the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
    int value = 0;
    if (text.size() < digits) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') {
            return std::nullopt;
        }
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

std::optional<nanoseconds> take_fraction(std::string_view& text) {
    if (!take(text, ".,")) {
        return nanoseconds(0);
    }
    std::int64_t value = 0;
    std::int64_t unit = 1'000'000'000;
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
        unit /= 10;
        value += (text[digits] - '0') * unit;
        ++digits;
    }
    if (digits == 0) {
        return std::nullopt;
    }
    text.remove_prefix(digits);
    return nanoseconds(value);
}

std::optional<seconds> take_zone(std::string_view& text) {
    if (take(text, "Zz")) {
        return seconds(0);
    }
    const bool negative = text.starts_with('-');
    if (!take(text, "+-")) {
        return std::nullopt;
    }
    const auto hours = take_number(text, 2);
    const bool colon = take(text, ":");
    const auto minutes = take_number(text, 2);
    if (!hours || !colon || !minutes || *hours > 24 || *minutes > 59) {
        return std::nullopt;
    }
    const seconds offset((*hours * 60 + *minutes) * 60);
    return negative ? -offset : offset;
}

std::optional<SystemTime> parse_fields(std::string_view text) {
    std::array<int, 6> part{};
    constexpr std::array<std::string_view, 6> kAfter = {"-", "-", "Tt ", ":", ":", ""};
    for (std::size_t i = 0; i < part.size(); ++i) {
        const auto number = take_number(text, i == 0 ? 4 : 2);
        if (!number || (!kAfter[i].empty() && !take(text, kAfter[i]))) {
            return std::nullopt;
        }
        part[i] = *number;
    }
    const std::chrono::year_month_day date{std::chrono::year(part[0]),
                                           std::chrono::month(static_cast<unsigned>(part[1])),
                                           std::chrono::day(static_cast<unsigned>(part[2]))};
    if (!date.ok() || part[3] > 23 || part[4] > 59 || part[5] > 60) {
        return std::nullopt;
    }
    const auto fraction = take_fraction(text);
    if (!fraction) {
        return std::nullopt;
    }
    const auto zone = take_zone(text);
    if (!zone || !text.empty()) {
        return std::nullopt;
    }
    const auto day = std::chrono::sys_days(date).time_since_epoch();
    const seconds clock((part[3] * 60 + part[4]) * 60 + part[5]);
    return SystemTime(
        duration_cast<SystemTime::duration>(seconds(day) + clock - *zone + *fraction));
}

}  // namespace

std::string format_rfc3339(SystemTime time) {
    const std::tm fields = local_fields(time);
    return date_and_time(fields) + zone_text(fields);
}

std::string format_rfc3339_nano(SystemTime time) {
    const std::tm fields = local_fields(time);
    const auto since = time.time_since_epoch();
    const auto rest = duration_cast<nanoseconds>(since - floor<seconds>(since)).count();
    std::string fraction;
    if (rest != 0) {
        fraction = fmt::format(".{:09}", rest);
        fraction.erase(fraction.find_last_not_of('0') + 1);
    }
    return date_and_time(fields) + fraction + zone_text(fields);
}

Result<SystemTime> parse_rfc3339(std::string_view text) {
    const auto time = parse_fields(text);
    if (!time) {
        return failf(Code::kInvalidArgument, "\"{}\" is not a time of the form \"{}\"", text,
                     "2006-01-02T15:04:05Z07:00");
    }
    return *time;
}

std::string format_http_date(SystemTime time) {
    constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t value = floor<seconds>(time.time_since_epoch()).count();
    std::tm fields{};
    gmtime_r(&value, &fields);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       kDays[static_cast<std::size_t>(fields.tm_wday)], fields.tm_mday,
                       kMonths[static_cast<std::size_t>(fields.tm_mon)], fields.tm_year + 1900,
                       fields.tm_hour, fields.tm_min, fields.tm_sec);
}

}  // namespace lima
