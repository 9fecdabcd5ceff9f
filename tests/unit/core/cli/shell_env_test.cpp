#include "core/cli/kit/shell_env.hpp"

#include <gtest/gtest.h>

namespace lima::cli {
namespace {

using Words = std::vector<std::string>;

Words kept(const Words& environment, const std::string& block = "", const std::string& allow = "") {
    const auto result = preserved_env(environment, block, allow);
    EXPECT_TRUE(result);
    return result.value_or(Words{"error"});
}

TEST(ShellEnv, BlocksWhatBelongsToTheHost) {
    EXPECT_EQ(
        kept({"PATH=/bin", "LANG=C", "SSH_AUTH_SOCK=/s", "_=x", "XDG_RUNTIME_DIR=/r", "PATHX=1"}),
        (Words{"LANG=C", "PATHX=1"}));
}

TEST(ShellEnv, APlusExtendsTheBuiltInList) {
    EXPECT_EQ(kept({"PATH=/bin", "LANG=C", "SECRET_A=1"}, "+SECRET*"), (Words{"LANG=C"}));
}

TEST(ShellEnv, WithoutPlusItIsReplaced) {
    EXPECT_EQ(kept({"PATH=/bin", "LANG=C"}, "LA*G, "), (Words{"PATH=/bin"}));
}

TEST(ShellEnv, AllowWins) {
    EXPECT_EQ(kept({"SSH_AUTH_SOCK=/s", "HOME=/h"}, "", "SSH_*"), (Words{"SSH_AUTH_SOCK=/s"}));
}

TEST(ShellEnv, AStarIsAnywhere) {
    EXPECT_EQ(kept({"ABC=1", "AC=2", "ABD=3"}, "A*C"), (Words{"ABD=3"}));
}

TEST(ShellEnv, RefusesOtherCharacters) {
    const auto result = preserved_env({}, "A-B", "");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().text(),
              "Invalid LIMA_SHELLENV_BLOCK pattern \"A-B\": contains invalid character");
}

}  // namespace
}  // namespace lima::cli
