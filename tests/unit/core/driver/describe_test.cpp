#include "core/driver/describe.hpp"

#include "tests/unit/core/driver/driver_support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lima::driver {
namespace {

using testing::Contains;
using testing::HasSubstr;

class DescribeTest : public testing::Test {
protected:
    DescribeTest() : dir_(*fs::TempDir::create("describe")) {}

    std::string put(const std::string& name, std::string_view content, mode_t mode = 0644) {
        const std::filesystem::path path = dir_.path() / name;
        EXPECT_TRUE(fs::make_dirs(path.parent_path()));
        EXPECT_TRUE(fs::write_file_atomic(path, content, mode));
        return path.string();
    }
    static std::vector<Description> describe(const std::string& drivers_path) {
        return describe_all({.drivers_path = drivers_path, .prefixes = {}});
    }

    fs::TempDir dir_;
};

TEST_F(DescribeTest, TellsWhatAModuleIs) {
    const auto all = describe(LIMA_NULL_DRIVER);
    ASSERT_EQ(all.size(), 1U);
    ASSERT_TRUE(all[0].identity) << all[0].reason;
    const Identity& null = *all[0].identity;
    EXPECT_EQ(null.abi, LIMA_DRIVER_ABI);
    EXPECT_EQ(null.id, "io.lima-vm.null");
    EXPECT_EQ(null.version, "1.0.0");
    EXPECT_THAT(null.extensions, Contains("lima.adopt/1"));
    EXPECT_THAT(null.extensions, testing::Not(Contains("lima.snapshot/1")));
    EXPECT_FALSE(null.info.has_guest);
    EXPECT_EQ(all[0].reason, "");
}

TEST_F(DescribeTest, GivesTheReasonOfEachRefusal) {
    const auto all = describe(LIMA_TEST_DRIVERS);
    std::map<std::string, Description> by_name;
    for (const Description& one : all) {
        EXPECT_FALSE(one.identity && one.candidate.name != "throwing") << one.candidate.name;
        by_name[one.candidate.name] = one;
    }
    EXPECT_THAT(by_name["no-entry"].reason, HasSubstr("does not export lima_driver_entry"));
    EXPECT_THAT(by_name["other-major"].reason, HasSubstr("speaks driver ABI 3.2"));
    EXPECT_EQ(by_name["other-major"].hint, "use a newer limactl, or an older driver");
    EXPECT_THAT(by_name["undefined"].reason, HasSubstr("lima_test_function_of_nobody"));
    EXPECT_THAT(by_name["wrong-name"].reason, HasSubstr("its file name says \"wrong-name\""));
    EXPECT_THAT(by_name["no-object"].reason, HasSubstr("created nothing"));
    for (const auto& [name, one] : by_name) {
        if (!one.identity) {
            EXPECT_EQ(one.candidate.verdict, Verdict::kRefused) << name;
        }
    }
}

TEST_F(DescribeTest, KeepsWhatIsHiddenAndPlacesWithNothing) {
    const std::string first = put("a/lima-driver-x.so", "no library at all, but a text");
    const std::string second = put("b/lima-driver-x.so", "x");
    const std::string open_file = put("b/lima-driver-y.so", "x", 0666);
    const std::string program = put("b/lima-driver-z", "#!/bin/sh\n", 0755);
    const std::string d = dir_.path().string();
    const auto all = describe(d + "/a:" + d + "/b:" + d + "/none");
    ASSERT_EQ(all.size(), 5U);
    EXPECT_EQ(all[0].candidate.verdict, Verdict::kNothing);
    EXPECT_EQ(all[0].reason, "not found");
    EXPECT_EQ(all[1].candidate.path, first);
    EXPECT_THAT(all[1].reason, HasSubstr("not an ELF file"));
    EXPECT_EQ(all[2].candidate.path, second);
    EXPECT_EQ(all[2].reason, "hidden by " + first);
    EXPECT_EQ(all[3].candidate.path, open_file);
    EXPECT_EQ(all[3].reason, "world-writable: refused");
    EXPECT_EQ(all[4].candidate.path, program);
    EXPECT_EQ(all[4].candidate.origin, Origin::kExecutable);
}

}  // namespace
}  // namespace lima::driver
