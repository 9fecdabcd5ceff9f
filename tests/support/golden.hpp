// Characterisation tests: an output is compared with the file tests/golden/NAME. With
// LIMA_TEST_ACCEPT=1 in the environment the file is written instead and the test reports itself
// skipped, so that a run that accepts is never taken for one that passes. Read the diff of the
// golden files before you commit them.
#pragma once

#include "core/base/fs.hpp"
#include "core/base/text.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace lima::test {

inline std::filesystem::path golden_path(std::string_view name) {
    return std::filesystem::path(LIMA_SOURCE_DIR) / "tests" / "golden" / name;
}

/// Where two texts part: the first line that differs, from both sides.
inline std::string first_difference(std::string_view expected, std::string_view actual) {
    const auto old_lines = lines(expected);
    const auto new_lines = lines(actual);
    std::size_t at = 0;
    while (at < old_lines.size() && at < new_lines.size() && old_lines[at] == new_lines[at]) {
        ++at;
    }
    const auto show = [at](const std::vector<std::string_view>& all) {
        return at < all.size() ? go_quote(all[at]) : std::string("end of text");
    };
    if (at == old_lines.size() && at == new_lines.size()) {
        return "only line ends differ";
    }
    return "line " + std::to_string(at + 1) + "\n  golden: " + show(old_lines) +
           "\n  actual: " + show(new_lines);
}

/// The name is relative to tests/golden, such as "core/config/defaults-x86_64.yaml".
inline void expect_golden(std::string_view name, std::string_view actual) {
    const std::filesystem::path path = golden_path(name);
    const char* accept = std::getenv("LIMA_TEST_ACCEPT");
    if (accept != nullptr && std::string_view(accept) == "1") {
        ASSERT_TRUE(fs::make_dirs(path.parent_path()));
        const auto written = fs::write_file_atomic(path, actual);
        ASSERT_TRUE(written) << written.error().text();
        GTEST_SKIP() << "accepted " << name;
    }
    const auto expected = fs::read_file(path);
    ASSERT_TRUE(expected) << expected.error().text()
                          << "\nrun with LIMA_TEST_ACCEPT=1 to create it";
    if (*expected != actual) {
        ADD_FAILURE() << name << " differs at " << first_difference(*expected, actual)
                      << "\nrun with LIMA_TEST_ACCEPT=1 to accept it. The whole output:\n"
                      << actual;
    }
}

}  // namespace lima::test
