#include "core/base/time.hpp"

#include "tests/support/temp_home.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace lima {
namespace {

using test::ScopedEnv;

SystemTime at(std::int64_t seconds, std::int64_t nanos = 0) {
    return SystemTime(std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanos));
}

TEST(Time, FormatInUtc) {
    const ScopedEnv zone("TZ", "UTC0");
    EXPECT_EQ(format_rfc3339(at(0)), "1970-01-01T00:00:00Z");
    EXPECT_EQ(format_rfc3339(at(1700000000, 999'999'999)), "2023-11-14T22:13:20Z");
    EXPECT_EQ(format_rfc3339_nano(at(1700000000)), "2023-11-14T22:13:20Z");
    EXPECT_EQ(format_rfc3339_nano(at(1700000000, 120'000'000)), "2023-11-14T22:13:20.12Z");
    EXPECT_EQ(format_rfc3339_nano(at(1700000000, 1)), "2023-11-14T22:13:20.000000001Z");
    EXPECT_EQ(format_rfc3339_nano(at(-1, 500'000'000)), "1969-12-31T23:59:59.5Z");
}

TEST(Time, FormatInLocalZones) {
    {
        const ScopedEnv zone("TZ", "CET-1");
        EXPECT_EQ(format_rfc3339(at(1700000000)), "2023-11-14T23:13:20+01:00");
    }
    const ScopedEnv zone("TZ", "NST3:30");
    EXPECT_EQ(format_rfc3339(at(1700000000)), "2023-11-14T18:43:20-03:30");
}

TEST(Time, Parse) {
    const std::pair<const char*, SystemTime> table[] = {
        {"1970-01-01T00:00:00Z", at(0)},
        {"2023-11-14T22:13:20Z", at(1700000000)},
        {"2023-11-14T23:13:20+01:00", at(1700000000)},
        {"2023-11-14T18:43:20-03:30", at(1700000000)},
        {"2023-11-14T22:13:20.12Z", at(1700000000, 120'000'000)},
        {"2024-02-29T00:00:00.000000001Z", at(1709164800, 1)},
    };
    for (const auto& [text, time] : table) {
        const auto parsed = parse_rfc3339(text);
        ASSERT_TRUE(parsed) << text;
        EXPECT_EQ(*parsed, time) << text;
    }
    for (const char* bad :
         {"", "2023-11-14", "2023-11-14T22:13:20", "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z",
          "2023-11-14T24:00:00Z", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20Zx",
          "2023-11-14T22:13:20+0100", "23-11-14T22:13:20Z"}) {
        EXPECT_FALSE(parse_rfc3339(bad)) << bad;
    }
}

TEST(Time, FormattedTimesParseBack) {
    const ScopedEnv zone("TZ", "IST-5:30");
    const SystemTime now = std::chrono::system_clock::now();
    EXPECT_EQ(*parse_rfc3339(format_rfc3339_nano(now)), now);
}

TEST(Time, HttpDate) {
    EXPECT_EQ(format_http_date(at(784111777)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace lima
