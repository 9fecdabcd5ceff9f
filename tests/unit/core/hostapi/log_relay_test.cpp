#include "core/hostapi/log_relay.hpp"

#include <gtest/gtest.h>

namespace lima::hostapi {
namespace {

TEST(LogRelay, KeepsLevelMessageAndFields) {
    const RelayedRecord record = parse_record(
        R"({"error":"e","level":"warning","msg":"hello","n":3,"time":"2023-11-14T22:13:20Z"})");
    EXPECT_EQ(record.level, log::Level::kWarning);
    EXPECT_EQ(record.message, "[hostagent] hello");
    const log::Fields expected = {{"error", "e"}, {"n", "3"}};
    EXPECT_EQ(record.fields, expected);
    ASSERT_TRUE(record.time);
    EXPECT_EQ(*record.time, SystemTime(std::chrono::seconds(1'700'000'000)));
}

TEST(LogRelay, FatalBecomesErrorWithItsLevel) {
    const RelayedRecord record = parse_record(R"({"level":"fatal","msg":"m","time":"x"})");
    EXPECT_EQ(record.level, log::Level::kError);
    const log::Fields expected = {{"level", "fatal"}};
    EXPECT_EQ(record.fields, expected);
    EXPECT_FALSE(record.time);
}

TEST(LogRelay, PlainTextIsInfo) {
    const RelayedRecord record = parse_record("kex_exchange_identification: closed");
    EXPECT_EQ(record.level, log::Level::kInfo);
    EXPECT_EQ(record.message, "[hostagent] kex_exchange_identification: closed");
}

TEST(LogRelay, RemembersTheLastErrorOfThisRunOnly) {
    LogRelay relay{SystemTime(std::chrono::seconds(1'700'000'010))};
    relay.take(R"({"level":"error","msg":"old","time":"2023-11-14T22:13:20Z"})", false);
    EXPECT_EQ(relay.last_error(), "");
    relay.take(R"({"level":"error","msg":"new","time":"2023-11-14T22:13:29Z"})", false);
    EXPECT_EQ(relay.last_error(), "new");
}

}  // namespace
}  // namespace lima::hostapi
