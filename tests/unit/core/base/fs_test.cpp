#include "core/base/fs.hpp"

#include "tests/support/temp_home.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

namespace lima::fs {
namespace {

mode_t mode_of(const Path& path) {
    struct stat status{};
    return stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

class FsTest : public ::testing::Test {
protected:
    FsTest() : dir_(std::move(*TempDir::create("fs-"))), at_(dir_.path()) {}
    TempDir dir_;
    Path at_;
};

using Names = std::vector<std::string>;

TEST_F(FsTest, WritesAtomicallyAndReads) {
    const mode_t old = umask(077);
    ASSERT_TRUE(write_file_atomic(at_ / "f", "one"));
    umask(old);
    EXPECT_EQ(mode_of(at_ / "f"), 0644U);
    ASSERT_TRUE(write_file_atomic(at_ / "f", std::string("t\0wo", 4), 0600));
    EXPECT_EQ(*read_file(at_ / "f"), std::string("t\0wo", 4));
    EXPECT_EQ(mode_of(at_ / "f"), 0600U);
    EXPECT_EQ(*list_names(at_), Names{"f"});
}

TEST_F(FsTest, AReaderKeepsTheOldFile) {
    ASSERT_TRUE(write_file_atomic(at_ / "f", "old"));
    struct stat before{};
    stat((at_ / "f").c_str(), &before);
    ASSERT_TRUE(write_file_atomic(at_ / "f", "new"));
    struct stat after{};
    stat((at_ / "f").c_str(), &after);
    EXPECT_NE(before.st_ino, after.st_ino);
}

TEST_F(FsTest, AFailedWriteLeavesNothing) {
    ASSERT_TRUE(make_dirs(at_ / "f" / "child"));
    EXPECT_FALSE(write_file_atomic(at_ / "f", "x"));  // a directory is in the way
    EXPECT_EQ(*list_names(at_), Names{"f"});
    const auto missing = write_file_atomic(at_ / "no" / "f", "x");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Code::kNotFound);
    EXPECT_NE(missing.error().text().find((at_ / "no" / "f").string()), std::string::npos);
}

TEST_F(FsTest, ALinkIsWrittenThrough) {
    ASSERT_TRUE(write_file_atomic(at_ / "real", "old"));
    std::filesystem::create_symlink("real", at_ / "link");
    ASSERT_TRUE(write_file_atomic(at_ / "link", "new"));
    EXPECT_TRUE(std::filesystem::is_symlink(at_ / "link"));
    EXPECT_EQ(*read_file(at_ / "real"), "new");
    EXPECT_EQ(*list_names(at_), (Names{"link", "real"}));
}

TEST_F(FsTest, ReplaceKeepsModeAndOwner) {
    ASSERT_TRUE(write_file_atomic(at_ / "f", "old", 0640));
    if (geteuid() == 0) {
        ASSERT_EQ(chown((at_ / "f").c_str(), 12, 34), 0);
    }
    struct stat before{};
    ASSERT_EQ(stat((at_ / "f").c_str(), &before), 0);
    ASSERT_TRUE(replace_file(at_ / "f", "new"));
    EXPECT_EQ(read_file(at_ / "f").value(), "new");
    struct stat after{};
    ASSERT_EQ(stat((at_ / "f").c_str(), &after), 0);
    EXPECT_EQ(after.st_mode, before.st_mode);
    EXPECT_EQ(after.st_uid, before.st_uid);
    EXPECT_EQ(after.st_gid, before.st_gid);
    EXPECT_FALSE(replace_file(at_ / "none", "x"));
    EXPECT_FALSE(fs::exists(at_ / "none"));
}

TEST_F(FsTest, MissingFiles) {
    EXPECT_EQ(read_file(at_ / "no").error().code(), Code::kNotFound);
    EXPECT_EQ(read_file(at_ / "no").error().text(),
              "cannot open " + (at_ / "no").string() + ": no such file or directory");
    EXPECT_EQ(*read_file_if_exists(at_ / "no"), std::nullopt);
    EXPECT_FALSE(read_file(at_));
    EXPECT_FALSE(*remove_if_exists(at_ / "no"));
    EXPECT_TRUE(remove_tree(at_ / "no"));
    EXPECT_EQ(list_names(at_ / "no").error().code(), Code::kNotFound);
}

TEST_F(FsTest, Append) {
    ASSERT_TRUE(append_file(at_ / "log", "a", 0600));
    ASSERT_TRUE(append_file(at_ / "log", "b"));
    EXPECT_EQ(**read_file_if_exists(at_ / "log"), "ab");
    EXPECT_EQ(mode_of(at_ / "log"), 0600U);
}

TEST_F(FsTest, Directories) {
    ASSERT_TRUE(make_dirs(at_ / "a" / "b" / "c/", 0700));
    EXPECT_EQ(mode_of(at_ / "a"), 0700U);
    ASSERT_TRUE(make_dirs(at_ / "a", 0755));
    EXPECT_EQ(mode_of(at_ / "a"), 0700U);
    ASSERT_TRUE(write_file_atomic(at_ / "a" / "Z", ""));
    ASSERT_TRUE(write_file_atomic(at_ / "a" / ".h", ""));
    EXPECT_EQ(*list_names(at_ / "a"), (Names{".h", "Z", "b"}));
    const auto blocked = make_dirs(at_ / "a" / "Z");
    EXPECT_EQ(blocked.error().code(), Code::kFailedPrecondition);
    EXPECT_FALSE(make_dirs(at_ / "a" / "Z" / "deep"));
    EXPECT_FALSE(remove_if_exists(at_ / "a"));  // not empty
    EXPECT_TRUE(*remove_if_exists(at_ / "a" / "Z"));
    ASSERT_TRUE(remove_tree(at_ / "a"));
    EXPECT_FALSE(fs::exists(at_ / "a"));
}

TEST_F(FsTest, RenameAndLinks) {
    ASSERT_TRUE(write_file_atomic(at_ / "x", "1"));
    ASSERT_TRUE(fs::rename(at_ / "x", at_ / "y"));
    EXPECT_EQ(*read_file(at_ / "y"), "1");
    EXPECT_EQ(fs::rename(at_ / "x", at_ / "z").error().code(), Code::kNotFound);
    std::filesystem::create_symlink("nowhere", at_ / "dangling");
    EXPECT_FALSE(fs::exists(at_ / "dangling"));
    EXPECT_TRUE(exists_nofollow(at_ / "dangling"));
    std::filesystem::create_symlink("y", at_ / "link");
    EXPECT_EQ(*real_path(at_ / "link"), *real_path(at_) / "y");
    EXPECT_FALSE(real_path(at_ / "dangling"));
}

TEST_F(FsTest, Expand) {
    EXPECT_EQ(*expand("~", "/home/u"), "/home/u");
    EXPECT_EQ(*expand("~/", "/home/u"), "/home/u");
    EXPECT_EQ(*expand("~/a/../b", "/home/u"), "/home/u/b");
    EXPECT_EQ(*expand("~//a", "/home/u"), "/home/u/a");
    EXPECT_EQ(*expand("~///", "/home/u"), "/home/u");
    EXPECT_EQ(*expand("/a/b/", "/home/u"), "/a/b");
    EXPECT_EQ(*expand("/", "/home/u"), "/");
    EXPECT_EQ(*expand("/a/./b", "/home/u"), "/a/b");
    EXPECT_EQ(*expand("x", "/home/u"), std::filesystem::current_path() / "x");
    EXPECT_EQ(*expand("a~", "/home/u"), std::filesystem::current_path() / "a~");
    EXPECT_FALSE(expand("~other/x", "/home/u"));
    EXPECT_FALSE(expand("", "/home/u"));
}

TEST_F(FsTest, Home) {
    {
        const test::ScopedEnv home("HOME", "/somewhere");
        EXPECT_EQ(*home_directory(), "/somewhere");
    }
    for (const auto& value : {std::optional<std::string>(), std::optional<std::string>("")}) {
        const test::ScopedEnv home("HOME", value);
        EXPECT_FALSE(home_directory());
    }
}

TEST_F(FsTest, FreeSpace) {
    const auto here = free_space(at_);
    ASSERT_TRUE(here);
    EXPECT_GT(*here, 0U);
    EXPECT_TRUE(free_space(at_ / "not" / "yet" / "there"));
    EXPECT_TRUE(free_space("relative-and-missing"));
}

TEST_F(FsTest, TempDirRemovesItself) {
    Path path;
    {
        auto dir = TempDir::create("inner-", at_);
        ASSERT_TRUE(dir);
        path = dir->path();
        EXPECT_EQ(path.parent_path(), at_);
        EXPECT_EQ(path.filename().string().rfind("inner-", 0), 0U);
        EXPECT_EQ(mode_of(path), 0700U);
        ASSERT_TRUE(make_dirs(path / "deep"));
        ASSERT_TRUE(write_file_atomic(path / "deep" / "f", "x"));
        const TempDir moved = std::move(*dir);
        EXPECT_TRUE(fs::exists(path));
    }
    EXPECT_FALSE(fs::exists(path));
    EXPECT_FALSE(TempDir::create("x", at_ / "missing"));
}

}  // namespace
}  // namespace lima::fs
