#include "core/base/units.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

namespace lima {
namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t kGiB = 1LL << 30;

TEST(Units, ParseSize) {
    const std::pair<const char*, std::int64_t> table[] = {
        {"4GiB", 4 * kGiB},
        {"4gb", 4 * kGiB},
        {"4G", 4 * kGiB},
        {"4 GiB", 4 * kGiB},
        {"4g", 4 * kGiB},
        {"1.5GiB", kGiB + kGiB / 2},
        {"0", 0},
        {"4B", 4},
        {"1e3", 1000},
        {".5G", kGiB / 2},
        {"10", 10},
        {"512 MB", 512 << 20},
        {"1k", 1024},
        {"1KIB", 1024},
        {"2tb", 2048 * kGiB},
        {"1P", 1024 * 1024 * kGiB},
        {"1.9", 1},
        {"+5", 5},
        {"5.", 5},
        {"0.0001k", 0},
        {"-0", 0},
    };
    for (const auto& [text, bytes] : table) {
        const auto size = parse_size(text);
        ASSERT_TRUE(size) << text << ": " << size.error().text();
        EXPECT_EQ(*size, bytes) << text;
    }
}

TEST(Units, ParseSizeRejects) {
    for (const char* text : {"4XB",  "4EiB",  "4  GiB", " 4GiB", "4GiB ", "4Bi",       "-1",
                             "inf",  "0x10",  "",       "GiB",   "nan",   "4GiBs",     "1e",
                             "4,5G", "1_000", "++1",    "+-1",   "1.2.3", "99999999P", "1e400"}) {
        EXPECT_FALSE(parse_size(text)) << text;
    }
    EXPECT_EQ(parse_size("4XB").error().text(), "invalid suffix: 'XB'");
    EXPECT_EQ(parse_size("GiB").error().text(), "invalid size: 'GiB'");
    EXPECT_EQ(parse_size("-1").error().code(), Code::kInvalidArgument);
}

TEST(Units, FormatSize) {
    const std::pair<std::int64_t, const char*> table[] = {
        {0, "0B"},
        {1023, "1023B"},
        {1024, "1KiB"},
        {1536, "1.5KiB"},
        {4 * kGiB, "4GiB"},
        {100 * kGiB, "100GiB"},
        {2085000000, "1.942GiB"},
        {1048575, "1024KiB"},
        {std::numeric_limits<std::int64_t>::max(), "8EiB"},
        {1000 * kGiB, "1000GiB"},
    };
    for (const auto& [bytes, text] : table) {
        EXPECT_EQ(format_size(bytes), text);
    }
}

TEST(Units, SizesSurviveTheWayThroughText) {
    for (const std::int64_t bytes :
         {std::int64_t{512} << 20, 4 * kGiB, 20 * kGiB, kGiB + kGiB / 2}) {
        EXPECT_EQ(*parse_size(format_size(bytes)), bytes);
    }
}

TEST(Units, ParseDuration) {
    const std::pair<const char*, std::int64_t> table[] = {
        {"0", 0},
        {"-0", 0},
        {"90s", 90'000'000'000},
        {"100ms", 100'000'000},
        {"1h2m3.5s", 3'723'500'000'000},
        {"1.5h", 5'400'000'000'000},
        {"-1m", -60'000'000'000},
        {"+5s", 5'000'000'000},
        {"1us", 1'000},
        {"1\xC2\xB5s", 1'000},
        {"7ns", 7},
        {".5s", 500'000'000},
        {"1.s", 1'000'000'000},
        {"1.1s", 1'100'000'000},
        {"0.000000001s", 1},
        {"1m1m", 120'000'000'000},
        {"2.999999999s", 2'999'999'999},
    };
    for (const auto& [text, nanos] : table) {
        const auto value = parse_duration(text);
        ASSERT_TRUE(value) << text << ": " << value.error().text();
        EXPECT_EQ(value->count(), nanos) << text;
    }
    for (const char* text :
         {"", "1", "s", "1 s", "1d", ".s", "1.2.3s", "-", "1s ", "9999999h", "1S", "1e3s"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
    EXPECT_EQ(parse_duration("1d").error().text(), "invalid duration \"1d\"");
}

TEST(Units, FormatDuration) {
    const std::pair<std::int64_t, const char*> table[] = {
        {0, "0s"},
        {1, "1ns"},
        {1100, "1.1\xC2\xB5s"},
        {2'200'000, "2.2ms"},
        {3'300'000'000, "3.3s"},
        {90'000'000'000, "1m30s"},
        {3'600'000'000'000, "1h0m0s"},
        {3'723'500'000'000, "1h2m3.5s"},
        {-1'500'000'000, "-1.5s"},
        {1'000'000'001, "1.000000001s"},
        {std::numeric_limits<std::int64_t>::max(), "2562047h47m16.854775807s"},
        {std::numeric_limits<std::int64_t>::min(), "-2562047h47m16.854775808s"},
    };
    for (const auto& [nanos, text] : table) {
        EXPECT_EQ(format_duration(nanoseconds(nanos)), text);
    }
}

std::int64_t random_number(std::mt19937_64& random) {
    // Small and large ones alike.
    return static_cast<std::int64_t>(random() >> (random() % 64)) * (random() % 2 == 0 ? 1 : -1);
}

TEST(Units, DurationsAreReadAsTheyWerePrinted) {
    std::mt19937_64 random(5);
    std::vector<std::int64_t> numbers = {std::numeric_limits<std::int64_t>::min(),
                                         std::numeric_limits<std::int64_t>::max()};
    for (int i = 0; i < 5000; ++i) {
        numbers.push_back(random_number(random));
    }
    for (const std::int64_t number : numbers) {
        const std::string text = format_duration(nanoseconds(number));
        const auto read = parse_duration(text);
        ASSERT_TRUE(read.has_value()) << text;
        EXPECT_EQ(read->count(), number) << text;
    }
    EXPECT_FALSE(parse_duration("2562047h47m16.854775808s"));
    EXPECT_FALSE(parse_duration("-2562047h47m16.854775809s"));
}

TEST(Units, SizesAreReadAsTheyWerePrintedToFourDigits) {
    std::mt19937_64 random(6);
    for (int i = 0; i < 5000; ++i) {
        const std::int64_t bytes =
            std::abs(random_number(random)) >> 4;  // below 1 EiB, which has no suffix
        const std::string text = format_size(bytes);
        const auto read = parse_size(text);
        ASSERT_TRUE(read.has_value()) << bytes << ": " << text;
        EXPECT_LE(std::abs(*read - bytes), bytes / 1000) << text;
        // Without loss where there is nothing to lose.
        const std::int64_t small = bytes % 1000;
        for (const char* suffix : {"B", "KiB", "MiB", "GiB", "TiB"}) {
            const auto size = parse_size(std::to_string(small) + suffix);
            ASSERT_TRUE(size.has_value());
            EXPECT_EQ(parse_size(format_size(*size)).value_or(-1), *size);
        }
    }
}

}  // namespace
}  // namespace lima
