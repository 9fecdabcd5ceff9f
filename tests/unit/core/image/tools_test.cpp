#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/image/image.hpp"
#include "tests/support/temp_home.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace lima::image {
namespace {

class ToolsTest : public ::testing::Test {
protected:
    static bool has_qemu_img() { return find_program("qemu-img").has_value(); }
    static std::vector<std::string> names(const Path& dir) { return fs::list_names(dir).value(); }
    fs::TempDir dir_ = fs::TempDir::create("lima-tools-").value();
    Path path_ = dir_.path() / "disk";
};

TEST_F(ToolsTest, RawNeedsNoTool) {
    const test::ScopedEnv no_tools("PATH", "/nonexistent");
    ASSERT_TRUE(create(path_, "raw", 1000));
    EXPECT_EQ(std::filesystem::file_size(path_), 1024U);
    ASSERT_TRUE(resize(path_, "raw", 5000));
    EXPECT_EQ(std::filesystem::file_size(path_), 5120U);
    const auto shrunk = resize(path_, "raw", 100);
    ASSERT_FALSE(shrunk);
    EXPECT_EQ(shrunk.error().code(), Code::kInvalidArgument);
    EXPECT_EQ(std::filesystem::file_size(path_), 5120U);
    ASSERT_TRUE(convert_to_raw(path_, dir_.path() / "copy"));
    EXPECT_EQ(std::filesystem::file_size(dir_.path() / "copy"), 5120U);
    ASSERT_TRUE(convert_to_raw(path_, path_));
    EXPECT_EQ(names(dir_.path()), (std::vector<std::string>{"copy", "disk"}));
}

TEST_F(ToolsTest, AnExistingDiskIsLeftAlone) {
    ASSERT_TRUE(fs::write_file_atomic(path_, "mine"));
    ASSERT_TRUE(create(path_, "raw", 1 << 20));
    EXPECT_EQ(fs::read_file(path_).value(), "mine");
}

TEST_F(ToolsTest, WithoutQemuImgTheErrorSaysWhatToInstall) {
    const test::ScopedEnv no_tools("PATH", "/nonexistent");
    const auto made = create(path_, "qcow2", 1 << 20);
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().hint().find("qemu-img"), std::string::npos);
    EXPECT_TRUE(names(dir_.path()).empty());
}

TEST_F(ToolsTest, Qcow2IsCreatedGrownAndConverted) {
    if (!has_qemu_img()) {
        GTEST_SKIP() << "no qemu-img";
    }
    ASSERT_TRUE(create(path_, "qcow2", 1 << 20));
    EXPECT_EQ(inspect(path_)->format, "qcow2");
    EXPECT_EQ(inspect(path_)->virtual_size, 1 << 20);
    ASSERT_TRUE(resize(path_, "qcow2", 4 << 20));
    EXPECT_EQ(inspect(path_)->virtual_size, 4 << 20);
    EXPECT_FALSE(resize(path_, "qcow2", 1 << 20));
    ASSERT_TRUE(convert_to_raw(path_, path_));
    EXPECT_EQ(inspect(path_)->format, "raw");
    EXPECT_EQ(inspect(path_)->virtual_size, 4 << 20);
    EXPECT_EQ(names(dir_.path()), (std::vector<std::string>{"disk"}));
}

TEST_F(ToolsTest, TheSizeOfAVhdxComesFromQemuImg) {
    if (!has_qemu_img()) {
        GTEST_SKIP() << "no qemu-img";
    }
    ASSERT_TRUE(create(path_, "vhdx", 8 << 20));
    EXPECT_EQ(inspect(path_)->virtual_size, -1);
    EXPECT_EQ(virtual_size(path_).value(), 8 << 20);
}

TEST_F(ToolsTest, ABackingFileIsRefusedUnlessAllowed) {
    if (!has_qemu_img()) {
        GTEST_SKIP() << "no qemu-img";
    }
    const Path base = dir_.path() / "base";
    ASSERT_TRUE(fs::write_file_atomic(base, std::string(4096, 'b')));
    SpawnOptions options;
    options.argv = {"qemu-img", "create", "-f",          "qcow2",       "-F",
                    "raw",      "-b",     base.string(), path_.string()};
    ASSERT_TRUE(run(options)->status.ok());
    const auto refused = convert_to_raw(path_, dir_.path() / "out");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text().find("backing file"), std::string::npos);
    ASSERT_TRUE(convert_to_raw(path_, dir_.path() / "out", true));
    EXPECT_EQ(fs::read_file(dir_.path() / "out").value(), std::string(4096, 'b'));
}

}  // namespace
}  // namespace lima::image
