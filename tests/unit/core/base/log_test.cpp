#include "core/base/log.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace lima::log {
namespace {

class Recorder final : public Sink {
public:
    void write(Level level, std::string_view message, const Fields& fields) override {
        std::string line = fmt::format("{} {}", level_name(level), message);
        for (const auto& [key, value] : fields) {
            line += fmt::format(" {}={}", key, value);
        }
        records.push_back(line);
    }
    std::vector<std::string> records;
};

class LogTest : public ::testing::Test {
protected:
    LogTest() { set_sink(&recorder_); }
    ~LogTest() override {
        set_sink(nullptr);
        set_level(Level::kInfo);
    }
    Recorder recorder_;
};

TEST_F(LogTest, LevelsFilter) {
    set_level(Level::kWarning);
    info("no");
    warn("yes {}", 1);
    error("also");
    EXPECT_FALSE(enabled(Level::kInfo));
    EXPECT_TRUE(enabled(Level::kFatal));
    set_level(Level::kTrace);
    trace("t");
    debug("d");
    write(Level::kInfo, "fields", {{"k", "v"}});
    EXPECT_EQ(recorder_.records, (std::vector<std::string>{"warning yes 1", "error also", "trace t",
                                                           "debug d", "info fields k=v"}));
}

TEST_F(LogTest, NoSinkDropsRecords) {
    set_sink(nullptr);
    EXPECT_FALSE(enabled(Level::kFatal));
    error("nobody listens");
    EXPECT_TRUE(recorder_.records.empty());
}

TEST_F(LogTest, OneThreadAtATime) {
    constexpr int kThreads = 8;
    constexpr int kRecords = 200;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([] {
            for (int j = 0; j < kRecords; ++j) {
                info("x");
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(recorder_.records.size(), static_cast<std::size_t>(kThreads * kRecords));
}

TEST(LogLevel, Words) {
    const std::pair<const char*, Level> table[] = {
        {"trace", Level::kTrace},  {"DEBUG", Level::kDebug},     {"Info", Level::kInfo},
        {"warn", Level::kWarning}, {"warning", Level::kWarning}, {"error", Level::kError},
        {"fatal", Level::kFatal},  {"panic", Level::kFatal}};
    for (const auto& [word, level] : table) {
        Level parsed{};
        EXPECT_TRUE(parse_level(word, parsed)) << word;
        EXPECT_EQ(parsed, level) << word;
    }
    Level untouched = Level::kError;
    EXPECT_FALSE(parse_level("loud", untouched));
    EXPECT_FALSE(parse_level("", untouched));
    EXPECT_EQ(untouched, Level::kError);
    EXPECT_EQ(level_name(Level::kWarning), "warning");
}

}  // namespace
}  // namespace lima::log
