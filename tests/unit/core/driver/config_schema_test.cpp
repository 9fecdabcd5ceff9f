#include "core/driver/config_schema.hpp"

#include "tests/unit/core/driver/driver_support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lima::driver {
namespace {

using testing::HasSubstr;

TEST(ConfigSchemaTest, ComesFromAnObjectThatIsNotConfigured) {
    const auto schema = config_schema(null_module());
    ASSERT_TRUE(schema) << schema.error().text();
    ASSERT_TRUE(schema->has_value());
    EXPECT_EQ((**schema)["properties"]["exitCode"]["maximum"], 255);
    EXPECT_EQ((**schema)["additionalProperties"], false);
}

TEST(ConfigSchemaTest, WhatCannotBeLoadedHasNone) {
    EXPECT_THAT(error_text(config_schema(bad_module("no-entry"))),
                HasSubstr("does not export lima_driver_entry"));
    EXPECT_THAT(error_text(config_schema(bad_module("no-object"))), HasSubstr("created nothing"));
    EXPECT_THAT(error_text(config_schema({"x", "/nowhere/lima-driver-x", Origin::kExecutable})),
                HasSubstr("lima-remote.so"));
}

}  // namespace
}  // namespace lima::driver
