#include "core/base/exec.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace lima {
namespace {

TEST(ExecTest, TakesThePlaceOfTheProcess) {
    EXPECT_EXIT(
        {
            exec_program("/bin/sh", {"called-so", "-c", R"([ "$0" = called-so ] && exit 7)"});
            _exit(1);
        },
        testing::ExitedWithCode(7), "");
}

TEST(ExecTest, WhatCannotBeRunIsNamed) {
    const Failure failure = exec_program("/no/such/program", {"program"});
    EXPECT_EQ(failure.value().code(), Code::kNotFound);
    EXPECT_EQ(failure.value().text(), "cannot run /no/such/program: no such file or directory");
}

}  // namespace
}  // namespace lima
