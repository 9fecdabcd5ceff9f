#include "core/image/data_disk.hpp"

#include "core/base/fs.hpp"

#include <gtest/gtest.h>

namespace lima::image {
namespace {

class DataDiskTest : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(fs::make_dirs(dir_.path() / "_disks" / "d"));
        ASSERT_TRUE(
            fs::write_file_atomic(dir_.path() / "_disks/d/datadisk", std::string(512, 'x')));
        ASSERT_TRUE(fs::make_dirs(dir_.path() / "a"));
        ASSERT_TRUE(fs::make_dirs(dir_.path() / "b"));
    }
    DataDisk disk() { return inspect_disk(home_, "d").value(); }
    fs::TempDir dir_ = fs::TempDir::create("lima-disk-").value();
    store::Home home_{dir_.path()};
};

TEST_F(DataDiskTest, TellsSizeFormatAndOwner) {
    EXPECT_EQ(disk().size, 512);
    EXPECT_EQ(disk().format, "raw");
    EXPECT_EQ(disk().instance_dir, "");
    EXPECT_EQ(disk().mount_point(), "/mnt/lima-d");
    ASSERT_TRUE(lock_disk(disk(), dir_.path() / "a"));
    EXPECT_EQ(disk().instance_dir, dir_.path() / "a");
}

TEST_F(DataDiskTest, AMissingOneSaysHowToMakeIt) {
    const auto missing = inspect_disk(home_, "none");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Code::kNotFound);
    EXPECT_NE(missing.error().hint().find("limactl disk create none"), std::string::npos);
    EXPECT_EQ(inspect_disk(home_, "../a").error().code(), Code::kInvalidArgument);
}

TEST_F(DataDiskTest, OnlyOneInstanceHoldsIt) {
    ASSERT_TRUE(lock_disk(disk(), dir_.path() / "a"));
    ASSERT_TRUE(lock_disk(disk(), dir_.path() / "a"));
    const auto second = lock_disk(disk(), dir_.path() / "b");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Code::kFailedPrecondition);
    EXPECT_NE(second.error().text().find("in use by instance `a`"), std::string::npos)
        << second.error().text();
}

TEST_F(DataDiskTest, OnlyTheHolderUnlocks) {
    ASSERT_TRUE(lock_disk(disk(), dir_.path() / "a"));
    ASSERT_TRUE(unlock_disk(disk(), dir_.path() / "b"));
    EXPECT_EQ(disk().instance_dir, dir_.path() / "a");
    ASSERT_TRUE(unlock_disk(disk(), dir_.path() / "a"));
    EXPECT_EQ(disk().instance_dir, "");
    ASSERT_TRUE(unlock_disk(disk(), dir_.path() / "a"));
    ASSERT_TRUE(lock_disk(disk(), dir_.path() / "b"));
}

TEST_F(DataDiskTest, TheLockOfADeletedInstanceIsTakenOver) {
    ASSERT_TRUE(lock_disk(disk(), dir_.path() / "a"));
    ASSERT_TRUE(fs::remove_tree(dir_.path() / "a"));
    ASSERT_TRUE(lock_disk(disk(), dir_.path() / "b"));
    EXPECT_EQ(disk().instance_dir, dir_.path() / "b");
}

}  // namespace
}  // namespace lima::image
