// What the tests of core/driver share: the modules that were built for them, a directory each.
#pragma once

#include "core/base/fs.hpp"
#include "core/driver/driver.hpp"
#include "tests/support/driver_events.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace lima::driver {

/// A module that misbehaves (tests/unit/core/driver/modules).
inline Found bad_module(const std::string& name) {
    return {name, std::filesystem::path(LIMA_TEST_DRIVERS) / ("lima-driver-" + name + ".so"),
            Origin::kModule};
}

inline Found null_module() { return {"null", LIMA_NULL_DRIVER, Origin::kModule}; }

/// What a Result failed with; a success fails the test.
template <class T>
std::string error_text(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result ? "" : result.error().text();
}

}  // namespace lima::driver
