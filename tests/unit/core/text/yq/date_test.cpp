#include "core/text/yq/date.hpp"

#include <gtest/gtest.h>

namespace lima::text::yq {
namespace {

std::string reformatted(std::string_view text, std::string_view layout) {
    const auto date = parse_date(text);
    return date ? format_date(*date, layout) : "no date";
}

TEST(Date, Layouts) {
    const char* const text = "2021-02-03T16:05:06.7Z";
    EXPECT_EQ(reformatted(text, "2006-01-02T15:04:05Z07:00"), "2021-02-03T16:05:06Z");
    EXPECT_EQ(reformatted(text, "Monday, 02-Jan-06 at 3:04PM"), "Wednesday, 03-Feb-21 at 4:05PM");
    EXPECT_EQ(reformatted(text, "Mon Jan _2 15:04:05 2006"), "Wed Feb  3 16:05:06 2021");
    EXPECT_EQ(reformatted(text, "January 2 (002) 1/2/06 03:04:05.000 pm MST"),
              "February 3 (034) 2/3/21 04:05:06.700 pm UTC");
    EXPECT_EQ(reformatted("2021-02-03T00:00:00-03:30", "-0700 -07:00 Z07:00 -07"),
              "-0330 -03:30 -03:30 -03");
    EXPECT_EQ(reformatted("1969-12-31T23:59:59Z", "2006-01-02 15:04:05"), "1969-12-31 23:59:59");
    EXPECT_EQ(reformatted("2021-02-03", "15:04"), "00:00");
}

TEST(Date, Reading) {
    EXPECT_EQ(format_date(parse_date("3/2/2021 4:05pm", "2/1/2006 3:04pm").value()),
              "2021-02-03T16:05:00Z");
    EXPECT_EQ(
        format_date(parse_date("Wed, 03 Feb 2021 16:05:06 +0100", "Mon, 02 Jan 2006 15:04:05 -0700")
                        .value()),
        "2021-02-03T16:05:06+01:00");
    for (const char* const text :
         {"", "x", "2021", "2021-13-01", "2021-01-32", "2021-01-01T25:00:00Z",
          "2021-01-01T10:00:00", "2021-01-01T10:00:00Zx"}) {
        const bool fine = std::string_view(text) == "2021-01-01T10:00:00";
        EXPECT_EQ(parse_date(text).has_value(), fine) << text;
    }
}

TEST(Date, DurationsAndZones) {
    EXPECT_EQ(add_duration("2021-01-01T03:10:00Z", "1h30m", 1), "2021-01-01T04:40:00Z");
    EXPECT_EQ(add_duration("2021-01-01T03:10:00Z", "3h10m0.5s", -1), "2020-12-31T23:59:59.5Z");
    EXPECT_EQ(add_duration("2021-01-01T03:10:00Z", "-48h", 1), "2020-12-30T03:10:00Z");
    EXPECT_EQ(add_duration("2021-01-01T03:10:00Z", "soon", 1), std::nullopt);
    EXPECT_EQ(add_duration("soon", "1h", 1), std::nullopt);
    EXPECT_EQ(compare_dates("2021-01-01T00:00:00Z", "2021-01-01T01:00:00+01:00"), 0);
    EXPECT_EQ(compare_dates("2021-01-01", "2022-01-01"), -1);
    EXPECT_EQ(compare_dates("a", "2022-01-01"), std::nullopt);
    const Date date = parse_date("2021-07-01T00:00:00Z").value();
    EXPECT_FALSE(in_zone(date, "Nowhere/At_All").has_value());
    EXPECT_FALSE(in_zone(date, "../../etc/passwd").has_value());
    EXPECT_EQ(format_date(in_zone(parse_date("2021-07-01T02:00:00+02:00").value(), "UTC").value()),
              "2021-07-01T00:00:00Z");
}

}  // namespace
}  // namespace lima::text::yq
