#include "core/base/lock.hpp"
#include "core/base/process.hpp"
#include "core/image/data_disk.hpp"
#include "tests/unit/core/instance/fixture.hpp"

namespace lima::instance {
namespace {

class RemoveTest : public InstanceTest {
protected:
    void SetUp() override { ASSERT_TRUE(make(disk_yaml("https://example.com/a.img"))); }
};

TEST_F(RemoveTest, TakesTheDirectoryAndAsksTheDriver) {
    ASSERT_TRUE(fs::make_dirs(file("sock")));
    write(file("sock/deep"), "x");
    const auto removed = remove(context_, "x", false);
    ASSERT_TRUE(removed) << removed.error().text();
    EXPECT_FALSE(fs::exists(dir()));
    EXPECT_EQ(text_of(dir().string() + "-removed"), "yes");
}

TEST_F(RemoveTest, AProtectedOneStaysWhateverTheForce) {
    EXPECT_TRUE(set_protected(context_, "x", true).value());
    EXPECT_FALSE(set_protected(context_, "x", true).value());
    for (const bool force : {false, true}) {
        const auto removed = remove(context_, "x", force);
        ASSERT_FALSE(removed);
        EXPECT_EQ(removed.error().code(), Code::kFailedPrecondition);
        EXPECT_NE(removed.error().text().find("instance is protected"), std::string::npos);
    }
    EXPECT_TRUE(fs::exists(file("lima.yaml")));
    EXPECT_TRUE(set_protected(context_, "x", false).value());
    EXPECT_FALSE(set_protected(context_, "x", false).value());
    EXPECT_TRUE(remove(context_, "x", false));
    EXPECT_EQ(set_protected(context_, "x", true).error().code(), Code::kNotFound);
}

TEST_F(RemoveTest, ARunningOneNeedsForce) {
    const Pipe pipe = make_pipe().value();
    SpawnOptions options;
    options.argv = {
        "sh", "-c",
        "exec 8<>\"$0/ha.pid\" 9<>\"$0/testdisk.pid\"; flock 8; flock 9; echo $$ >&8; echo $$ >&9; "
        "echo held; exec sleep 60",
        dir().string()};
    options.stdout_fd = pipe.write.get();
    Child child = spawn(options).value();
    ASSERT_TRUE(wait_readable(pipe.read.get(), std::chrono::seconds(10)).value());
    const auto refused = remove(context_, "x", false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kFailedPrecondition);
    EXPECT_NE(refused.error().hint().find("--force"), std::string::npos);
    EXPECT_TRUE(fs::exists(file("lima.yaml")));
    const auto removed = remove(context_, "x", true);
    ASSERT_TRUE(removed) << removed.error().text();
    EXPECT_FALSE(fs::exists(dir()));
    EXPECT_EQ(child.wait()->signal, SIGKILL);
}

TEST_F(RemoveTest, AMissingOneAndADirectoryWithoutYamlAreNotFound) {
    EXPECT_EQ(remove(context_, "none", true).error().code(), Code::kNotFound);
    ASSERT_TRUE(fs::make_dirs(dir("odd")));
    write(dir("odd") / "mine", "");
    EXPECT_EQ(remove(context_, "odd", true).error().code(), Code::kNotFound);
    EXPECT_TRUE(fs::exists(dir("odd")));
}

TEST_F(RemoveTest, WhatAKilledCommandLeftCanBeDeleted) {
    write(file(".unfinished"), "");
    ASSERT_TRUE(fs::remove_if_exists(file("lima.yaml")));
    ASSERT_TRUE(remove(context_, "x", false));
    EXPECT_FALSE(fs::exists(dir()));
}

TEST_F(RemoveTest, ABrokenOneNeedsForce) {
    write(file("lima.yaml"), "- no map\n");
    EXPECT_FALSE(remove(context_, "x", false));
    const auto removed = remove(context_, "x", true);
    ASSERT_TRUE(removed) << removed.error().text();
    EXPECT_FALSE(fs::exists(dir()));
}

TEST_F(RemoveTest, ADriverThatRefusesNeedsForce) {
    write(file("lima.yaml"),
          disk_yaml("https://example.com/a.img", "vmOpts: {testdisk: {fail: remove}}\n"));
    EXPECT_FALSE(remove(context_, "x", false));
    EXPECT_TRUE(fs::exists(file("lima.yaml")));
    EXPECT_TRUE(remove(context_, "x", true));
    EXPECT_TRUE(warned("no remove today"));
}

TEST_F(RemoveTest, OnlyItsOwnDisksAreUnlocked) {
    for (const char* name : {"mine", "others"}) {
        ASSERT_TRUE(fs::make_dirs(home_.lima_home() / "_disks" / name));
        write(home_.lima_home() / "_disks" / name / "datadisk", std::string(512, 'x'));
    }
    ASSERT_TRUE(fs::make_dirs(dir("y")));
    ASSERT_TRUE(image::lock_disk(image::inspect_disk(context_.home, "mine").value(), dir()));
    ASSERT_TRUE(image::lock_disk(image::inspect_disk(context_.home, "others").value(), dir("y")));
    write(file("lima.yaml"),
          disk_yaml("https://example.com/a.img", "additionalDisks: [mine, others]\n"));
    const auto removed = remove(context_, "x", false);
    ASSERT_TRUE(removed) << removed.error().text();
    EXPECT_EQ(image::inspect_disk(context_.home, "mine")->instance_dir, "");
    EXPECT_EQ(image::inspect_disk(context_.home, "others")->instance_dir, dir("y"));
}

TEST_F(RemoveTest, AnotherCommandsLockIsRespected) {
    const Pipe pipe = make_pipe().value();
    SpawnOptions options;
    options.argv = {
        "sh", "-c",
        "exec 9<>\"$0\"; flock 9; echo \"$$ limactl start\" >\"$0\"; echo held; exec sleep 60",
        file(".lock").string()};
    options.stdout_fd = pipe.write.get();
    Child child = spawn(options).value();
    ASSERT_TRUE(wait_readable(pipe.read.get(), std::chrono::seconds(10)).value());
    const auto removed = remove(context_, "x", false);
    ASSERT_FALSE(removed);
    EXPECT_NE(removed.error().text().find("`limactl start`"), std::string::npos)
        << removed.error().text();
    EXPECT_TRUE(fs::exists(file("lima.yaml")));
    ASSERT_TRUE(child.terminate(std::chrono::seconds(5)));
}

}  // namespace
}  // namespace lima::instance
