#include "core/base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace lima {
namespace {

Result<int> number(bool good) {
    if (!good) {
        return failf(Code::kNotFound, "no number {}", 7);
    }
    return 41;
}

Result<int> wrapped(bool good) {
    LIMA_TRY(const int value, number(good), "cannot count {}", "sheep");
    return value + 1;
}

Result<void> unit(bool good) {
    LIMA_DO(number(good));
    LIMA_DO(wrapped(good), "outer");
    return {};
}

TEST(Error, TryUnwrapsAndWraps) {
    EXPECT_EQ(*wrapped(true), 42);
    const auto failed = wrapped(false);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().text(), "cannot count sheep: no number 7");
    EXPECT_EQ(failed.error().code(), Code::kNotFound);
    EXPECT_TRUE(unit(true));
    EXPECT_EQ(unit(false).error().text(), "no number 7");
}

TEST(Error, TryMovesWhatCannotBeCopied) {
    const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(5); };
    const auto use = [&]() -> Result<int> {
        LIMA_TRY(const std::unique_ptr<int> value, make());
        return *value;
    };
    EXPECT_EQ(*use(), 5);
}

TEST(Error, InnermostHintAndPhaseWin) {
    Error error = Error(Code::kUnknown, "x").with_hint("inner").with_phase("boot");
    error = std::move(error).wrap("y").with_hint("outer").with_phase("prepare");
    EXPECT_EQ(error.text(), "y: x");
    EXPECT_EQ(error.hint(), "inner");
    EXPECT_EQ(error.phase(), "boot");
}

TEST(Error, Errno) {
    const auto check = [](int value, Code code, std::string_view text) {
        const Result<void> result = fail_errno(value, "cannot open /x");
        EXPECT_EQ(result.error().code(), code) << text;
        EXPECT_EQ(result.error().text(), text);
    };
    check(ENOENT, Code::kNotFound, "cannot open /x: no such file or directory");
    check(EACCES, Code::kPermissionDenied, "cannot open /x: permission denied");
    check(ENOSPC, Code::kResourceExhausted, "cannot open /x: no space left on device");
    check(EEXIST, Code::kAlreadyExists, "cannot open /x: file exists");
    check(ECONNREFUSED, Code::kUnavailable, "cannot open /x: connection refused");
    check(EIO, Code::kUnknown, "cannot open /x: input/output error");
    EXPECT_EQ(code_from_errno(0), Code::kOk);
}

TEST(ErrorDeathTest, CheckAborts) {
    EXPECT_DEATH(LIMA_CHECK(1 + 1 == 3), "check failed: 1 \\+ 1 == 3");
    LIMA_CHECK(1 + 1 == 2);
}

}  // namespace
}  // namespace lima
