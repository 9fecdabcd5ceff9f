#include "core/base/version.hpp"

#include <gtest/gtest.h>

namespace lima {
namespace {

TEST(Version, OursHasALeadingV) {
    EXPECT_EQ(version().substr(0, 1), "v");
    EXPECT_TRUE(version_at_least(version(), "2.2.0"));
    EXPECT_FALSE(version_at_least(version(), "2.2.1"));
}

TEST(Version, Compare) {
    EXPECT_TRUE(version_at_least("2.1.0", "2.1.0"));
    EXPECT_TRUE(version_at_least("v2.10.0", "2.9.9"));
    EXPECT_FALSE(version_at_least("2.0.9", "2.1.0"));
    EXPECT_TRUE(version_at_least("v2.1.0-12-gabcdef", "2.1.0"));
    EXPECT_FALSE(version_at_least("v2.0.0-12-gabcdef", "2.1.0"));
    EXPECT_TRUE(version_at_least("v2.1.0.m", "2.1.0"));
    EXPECT_FALSE(version_at_least("v2.0.9.m", "2.1.0"));
}

TEST(Version, WhatDoesNotParse) {
    EXPECT_TRUE(version_at_least("<unknown>", "9.9.9"));  // a commit or nothing: the newest
    EXPECT_TRUE(version_at_least("abcdef0", "9.9.9"));
    EXPECT_TRUE(version_at_least("2.1", "9.9.9"));
    EXPECT_TRUE(version_at_least("1.0.0",
                                 "v9.9.9"));  // as the original: an unparsable bound bounds nothing
    EXPECT_FALSE(version_at_least("", "0.0.1"));  // no record: older than all
    EXPECT_TRUE(version_at_least("", ""));
}

}  // namespace
}  // namespace lima
