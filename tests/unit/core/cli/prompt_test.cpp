#include "core/cli/kit/prompt.hpp"

#include <gtest/gtest.h>

namespace lima::cli {
namespace {

using Found = std::vector<std::size_t>;

TEST(Prompt, AWordIsANumberALineOrAPart) {
    const std::vector<std::string> list{"alpha", "beta", "Beta-two", "10"};
    EXPECT_EQ(matches(list, "1"), Found{0});
    EXPECT_EQ(matches(list, "4"), Found{3});
    EXPECT_EQ(matches(list, "0"), Found{});
    EXPECT_EQ(matches(list, "5"), Found{});
    EXPECT_EQ(matches(list, "99999999999999999999999"), Found{});
    EXPECT_EQ(matches(list, "BETA"), Found{1});
    EXPECT_EQ(matches(list, "bet"), (Found{1, 2}));
    EXPECT_EQ(matches(list, "two"), Found{2});
    EXPECT_EQ(matches(list, "-1"), Found{});
    EXPECT_EQ(matches({}, "a"), Found{});
}

TEST(Prompt, ColumnsFillTheWidth) {
    const std::vector<std::string> list{"alpha", "beta", "c"};
    EXPECT_EQ(numbered_columns(list, 0), "  1  alpha\n  2  beta\n  3  c\n");
    EXPECT_EQ(numbered_columns(list, 21), "  1  alpha\n  2  beta\n  3  c\n");
    EXPECT_EQ(numbered_columns(list, 22), "  1  alpha    3  c\n  2  beta\n");
    EXPECT_EQ(numbered_columns(list, 200), "  1  alpha    2  beta     3  c\n");
    EXPECT_EQ(numbered_columns(std::vector<std::string>(10, "x"), 10),
              "   1  x\n   2  x\n   3  x\n   4  x\n   5  x\n   6  x\n   7  x\n   8  x\n   9  x\n"
              "  10  x\n");
    EXPECT_EQ(numbered_columns({}, 80), "");
}

}  // namespace
}  // namespace lima::cli
