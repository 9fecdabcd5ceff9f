#include "core/instance/full_disk.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace lima::instance {
namespace {

TEST(FullDisk, GetsAHintThatNamesTheDisk) {
    const Error error = with_disk_hint(fail_errno(ENOSPC, "cannot write x").value(), "/tmp");
    EXPECT_EQ(error.hint().find("make room on the disk of `/tmp` ("), 0U) << error.hint();
    EXPECT_NE(error.hint().find(" left) and start again"), std::string::npos);
}

TEST(FullDisk, KeepsWhatAHintSaysBeside) {
    const Error error = with_disk_hint(
        Error(Code::kAborted, "setup: write: No space left on device").with_hint("see the log"),
        "/tmp");
    EXPECT_EQ(error.hint().find("make room on the disk of `/tmp`"), 0U) << error.hint();
    EXPECT_TRUE(error.hint().ends_with(" and start again; see the log"));
}

TEST(FullDisk, OneHintIsEnough) {
    const Error full =
        Error(Code::kAborted, "no space left on device").with_hint("make room there");
    EXPECT_EQ(with_disk_hint(full, "/tmp").hint(), "make room there");
}

TEST(FullDisk, OtherErrorsStayAsTheyAre) {
    EXPECT_EQ(with_disk_hint(Error(Code::kAborted, "no memory"), "/tmp").hint(), "");
}

}  // namespace
}  // namespace lima::instance
