#include "guestagent/agent/boot_text.hpp"

#include <gtest/gtest.h>

namespace lima::guestagent {
namespace {

using Lines = std::vector<std::string>;

TEST(BootText, ReadsTheStepsOfScripts) {
    const auto steps = parse_script_lines(
        "12.34 begin boot.Linux/07-etc-environment.sh\n"
        "13.5 end boot.Linux/07-etc-environment.sh 0\n"
        "garbage\n14.00 end x notanumber\n14.00 dances x\n\n"
        "15 end provision.system/00 x.sh 127\n"
        "16.00 begin cut in the midd");
    ASSERT_EQ(steps.size(), 3U);
    EXPECT_EQ(steps[0], (ScriptLine{12340, true, "boot.Linux/07-etc-environment.sh", 0}));
    EXPECT_EQ(steps[1], (ScriptLine{13500, false, "boot.Linux/07-etc-environment.sh", 0}));
    EXPECT_EQ(steps[2], (ScriptLine{15000, false, "provision.system/00 x.sh", 127}));
    EXPECT_TRUE(parse_script_lines("").empty());
}

TEST(BootText, ReadsTheStagesOfCloudInit) {
    const auto stages = parse_cloud_init_status(R"({"v1": {"stage": "modules-config",
        "init": {"start": 2.0, "finished": 3.0, "errors": ["a", {"b": 1}]},
        "init-local": {"start": 1.0, "finished": 1.5, "errors": []},
        "modules-config": {"start": 4.0, "finished": null, "errors": []},
        "modules-final": {"start": null, "finished": null, "errors": []}}})");
    ASSERT_TRUE(stages);
    ASSERT_EQ(stages->size(), 3U);
    EXPECT_EQ((*stages)[0], (CloudInitStage{"init-local", true, {}}));
    EXPECT_EQ((*stages)[1], (CloudInitStage{"init", true, {"a", R"({"b":1})"}}));
    EXPECT_EQ((*stages)[2], (CloudInitStage{"modules-config", false, {}}));
    EXPECT_FALSE(parse_cloud_init_status("{\"v1\": {"));
    EXPECT_TRUE(parse_cloud_init_status("[]")->empty());
}

TEST(BootText, ReadsTheResultOfCloudInit) {
    EXPECT_TRUE(parse_cloud_init_result(R"({"v1":{"datasource":"x","errors":[]}})")->empty());
    EXPECT_EQ(*parse_cloud_init_result(R"({"v1":{"errors":["x"]}})"), Lines{"x"});
    EXPECT_FALSE(parse_cloud_init_result("{}"));
}

constexpr const char* kLog =
    "Cloud-init v. 22\n"
    "LIMA 2026-01-01T00:00:00Z| executing a.sh\n"
    "from a\n"
    "LIMA 2026-01-01T00:00:01Z| WARNING: a.sh ended with status 1\n"
    "LIMA 2026-01-01T00:00:01Z| executing b.sh\n"
    "b1\n\nb2\nb3\n";

TEST(BootText, FindsWhatAScriptSaid) {
    const LogTail log{.text = kLog, .whole = true};
    const ScriptOutput a = script_output(log, "a.sh", 20);
    EXPECT_EQ(a.lines, Lines{"from a"});
    EXPECT_TRUE(a.complete);
    const ScriptOutput b = script_output(log, "b.sh", 2);
    EXPECT_EQ(b.lines, (Lines{"b2", "b3"}));
    EXPECT_FALSE(b.complete);
    EXPECT_TRUE(script_output(log, "c.sh", 20).lines.empty());
    EXPECT_TRUE(script_output({}, "c.sh", 20).lines.empty());
}

TEST(BootText, TakesTheEndOfALongOutput) {
    const LogTail cut{.text = "idle 1\nmiddle 2\nlast 3\n", .whole = false};
    EXPECT_EQ(script_output(cut, "long.sh", 2).lines, (Lines{"middle 2", "last 3"}));
    // ... but not that of another script.
    const LogTail other{.text = "x\nLIMA t| executing other.sh\ny\n", .whole = false};
    EXPECT_TRUE(script_output(other, "long.sh", 9).lines.empty());
    const LogTail ended{.text = "x\nLIMA t| WARNING: long.sh ended with status 2\ny\n",
                        .whole = false};
    EXPECT_EQ(script_output(ended, "long.sh", 9).lines, Lines{"x"});
}

TEST(BootText, MakesLinesFitToBeShown) {
    EXPECT_EQ(printable_line("\x1b[1;31mred\x1b[0m\tand \xff\x07 \xc3\xa9  "),
              "red and \xef\xbf\xbd \xc3\xa9");
    EXPECT_EQ(printable_line("\x1b"), "");
    EXPECT_EQ(printable_line("\x1b["), "");
    EXPECT_LE(printable_line(std::string(100000, 'x')).size(), 500U);
}

TEST(BootText, KnowsAFullDisk) {
    EXPECT_TRUE(says_disk_full({"a", "cp: error writing 'x': No space left on device"}));
    EXPECT_FALSE(says_disk_full({"a"}));
}

}  // namespace
}  // namespace lima::guestagent
