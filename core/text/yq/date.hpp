// Points in time: RFC 3339, layouts in Go's manner ("2006-01-02"), durations ("1h30m"), time zones
// by name. Internal to core/text/yq.
#pragma once

#include "core/base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lima::text::yq {

struct Date {
    std::int64_t seconds = 0;  // since 1970, UTC
    int nanoseconds = 0;
    int offset = 0;  // of its zone, in seconds east
    std::string zone = "UTC";
};

std::optional<Date> parse_date(std::string_view text);
/// By a layout that shows Mon Jan 2 15:04:05 MST 2006.
std::optional<Date> parse_date(std::string_view text, std::string_view layout);
std::string format_date(const Date& date);
std::string format_date(const Date& date, std::string_view layout);
/// A name of the zone database, or UTC.
Result<Date> in_zone(Date date, const std::string& zone);
Date date_now();

/// The date moved by a duration such as "1h30m"; nothing when either cannot be read.
std::optional<std::string> add_duration(std::string_view date, std::string_view duration, int sign);
/// Nothing unless both are dates.
std::optional<int> compare_dates(std::string_view left, std::string_view right);

}  // namespace lima::text::yq
