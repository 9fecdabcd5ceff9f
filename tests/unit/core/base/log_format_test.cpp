#include "core/base/log_format.hpp"

#include "tests/support/temp_home.hpp"

#include <gtest/gtest.h>

namespace lima::log {
namespace {

class LogFormatTest : public ::testing::Test {
protected:
    static std::string line(Format format, Level level, std::string_view message,
                            const Fields& fields = {}) {
        const Record record{level, message, fields,
                            std::chrono::system_clock::time_point(std::chrono::seconds(1700000000)),
                            std::chrono::seconds(7)};
        return encode(format, record);
    }
    test::ScopedEnv zone_{"TZ", "CET-1"};
};

TEST_F(LogFormatTest, Text) {
    EXPECT_EQ(line(Format::kText, Level::kInfo, "starting"),
              "time=\"2023-11-14T23:13:20+01:00\" level=info msg=starting\n");
    EXPECT_EQ(line(Format::kText, Level::kWarning, "a \"b\"\n"),
              "time=\"2023-11-14T23:13:20+01:00\" level=warning msg=\"a \\\"b\\\"\\n\"\n");
    EXPECT_EQ(line(Format::kText, Level::kFatal, "two mistakes:\nx: 1\n   | \tö\x1b^",
                   {{"hint", "read"}}),
              "time=\"2023-11-14T23:13:20+01:00\" level=fatal msg=\"two mistakes:\" hint=read\n"
              "  x: 1\n"
              "     | \tö\\x1b^\n");
    EXPECT_EQ(line(Format::kText, Level::kFatal, "", {{"z", "1"}, {"a", "x y"}, {"e", ""}}),
              "time=\"2023-11-14T23:13:20+01:00\" level=fatal a=\"x y\" e= z=1\n");
    EXPECT_EQ(line(Format::kText, Level::kError, "a.b_c/d@e^f+g-H9"),
              "time=\"2023-11-14T23:13:20+01:00\" level=error msg=a.b_c/d@e^f+g-H9\n");
}

TEST_F(LogFormatTest, FieldsThatClashAreRenamed) {
    EXPECT_EQ(line(Format::kText, Level::kInfo, "m", {{"msg", "x"}, {"level", "y"}}),
              "time=\"2023-11-14T23:13:20+01:00\" level=info msg=m fields.level=y fields.msg=x\n");
}

TEST_F(LogFormatTest, Terminal) {
    EXPECT_EQ(line(Format::kTerminal, Level::kInfo, "hello\n"),
              "\x1b[36mINFO\x1b[0m[0007] hello" + std::string(39, ' ') + " \n");
    EXPECT_EQ(line(Format::kTerminal, Level::kWarning, "w", {{"b", "2 3"}, {"a", "1"}}),
              "\x1b[33mWARN\x1b[0m[0007] w" + std::string(43, ' ') +
                  "  \x1b[33ma\x1b[0m=1 \x1b[33mb\x1b[0m=\"2 3\"\n");
    const std::string exact(44, 'x');
    EXPECT_EQ(line(Format::kTerminal, Level::kFatal, exact),
              "\x1b[31mFATA\x1b[0m[0007] " + exact + " \n");
    EXPECT_EQ(line(Format::kTerminal, Level::kDebug, exact + "yz"),
              "\x1b[2;36mDEBU\x1b[0m[0007] " + exact + "yz \n");
    // Columns are counted in characters, not bytes.
    EXPECT_EQ(line(Format::kTerminal, Level::kTrace, "\xC3\xBC"),
              "\x1b[2;37mTRAC\x1b[0m[0007] \xC3\xBC" + std::string(43, ' ') + " \n");
    EXPECT_EQ(line(Format::kTerminal, Level::kError, "").substr(0, 15), "\x1b[31mERRO\x1b[0m[0");
}

TEST_F(LogFormatTest, Json) {
    EXPECT_EQ(line(Format::kJson, Level::kInfo, "a <b> & \"c\"\n"),
              "{\"level\":\"info\",\"msg\":\"a \\u003cb\\u003e \\u0026 \\\"c\\\"\\n\","
              "\"time\":\"2023-11-14T23:13:20+01:00\"}\n");
    EXPECT_EQ(
        line(Format::kJson, Level::kError, "m", {{"zone", "1"}, {"error", "x"}, {"time", "t"}}),
        "{\"error\":\"x\",\"fields.time\":\"t\",\"level\":\"error\",\"msg\":\"m\","
        "\"time\":\"2023-11-14T23:13:20+01:00\",\"zone\":\"1\"}\n");
}

}  // namespace
}  // namespace lima::log
