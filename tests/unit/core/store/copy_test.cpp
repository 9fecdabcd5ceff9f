#include "core/store/copy.hpp"

#include "core/base/digest.hpp"
#include "core/base/fd.hpp"
#include "core/base/fs.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lima::store {
namespace {

constexpr off_t kSize = off_t{64} << 20;

class CopyTest : public ::testing::TestWithParam<CopyOptions> {
protected:
    void SetUp() override {
        const Fd fd(open(source_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
        ASSERT_EQ(ftruncate(fd.get(), kSize), 0);
        ASSERT_EQ(pwrite(fd.get(), "begin", 5, 0), 5);
        ASSERT_EQ(pwrite(fd.get(), "middle", 6, (off_t{20} << 20) + 4093), 6);
        ASSERT_EQ(pwrite(fd.get(), "end", 3, kSize - 3), 3);
    }
    static off_t allocated(const Path& path) {
        struct stat status{};
        EXPECT_EQ(stat(path.c_str(), &status), 0);
        return static_cast<off_t>(status.st_blocks) * 512;
    }
    fs::TempDir dir_ = fs::TempDir::create("lima-copy-").value();
    Path source_ = dir_.path() / "source";
    Path target_ = dir_.path() / "target";
};

TEST_P(CopyTest, KeepsBytesAndHoles) {
    ASSERT_TRUE(copy_sparse(source_, target_, GetParam()));
    EXPECT_EQ(digest_file(source_, "sha256").value(), digest_file(target_, "sha256").value());
    EXPECT_EQ(std::filesystem::file_size(target_), static_cast<std::uintmax_t>(kSize));
    EXPECT_LT(allocated(target_), kSize / 8);
    EXPECT_EQ(fs::list_names(dir_.path()).value(), (std::vector<std::string>{"source", "target"}));
}

TEST_P(CopyTest, ReplacesWhatWasThere) {
    ASSERT_TRUE(fs::write_file_atomic(target_, std::string(100, 'x')));
    ASSERT_TRUE(fs::write_file_atomic(source_, "short"));
    ASSERT_TRUE(copy_sparse(source_, target_, GetParam()));
    EXPECT_EQ(fs::read_file(target_).value(), "short");
}

TEST_P(CopyTest, AnEmptyFileAndAnAllHoleFileWork) {
    ASSERT_TRUE(fs::write_file_atomic(source_, ""));
    ASSERT_TRUE(copy_sparse(source_, target_, GetParam()));
    EXPECT_EQ(std::filesystem::file_size(target_), 0U);
    std::filesystem::resize_file(source_, 1 << 20);
    ASSERT_TRUE(copy_sparse(source_, target_, GetParam()));
    EXPECT_EQ(std::filesystem::file_size(target_), std::uintmax_t{1} << 20);
}

INSTANTIATE_TEST_SUITE_P(
    Ways, CopyTest,
    ::testing::Values(CopyOptions{},
                      CopyOptions{.progress = {}, .try_reflink = false, .try_extents = true},
                      CopyOptions{.progress = {}, .try_reflink = false, .try_extents = false}));

TEST_F(CopyTest, ACancelledCopyLeavesNothing) {
    CopyOptions options;
    options.try_reflink = false;
    options.progress = [](std::uint64_t, std::uint64_t) { return false; };
    const auto result = copy_sparse(source_, target_, options);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kCancelled);
    EXPECT_EQ(fs::list_names(dir_.path()).value(), (std::vector<std::string>{"source"}));
}

TEST_F(CopyTest, AMissingSourceAndADirectoryAreErrors) {
    const auto missing = copy_sparse(dir_.path() / "none", target_);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Code::kNotFound);
    EXPECT_NE(missing.error().text().find("none"), std::string::npos);
    EXPECT_FALSE(copy_sparse(dir_.path(), target_));
    EXPECT_FALSE(fs::exists(target_));
}

}  // namespace
}  // namespace lima::store
