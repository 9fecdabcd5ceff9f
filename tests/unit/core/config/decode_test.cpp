// The texts of the decoder's messages.
#include "config_support.hpp"

namespace lima::config {
namespace {

using test::has;
using test::layered;
using test::load_error;

TEST(DecodeErrors, TwoMistakesAreReportedTogether) {
    EXPECT_EQ(load_error("cpus: two\nssh:\n  localPort: [1]\nmounts: ~\n"),
              "failed to unmarshal YAML:\n"
              "lima.yaml:1:7: field `cpus` must be a whole number, not the text `two`\n"
              "     1 | cpus: two\n"
              "       |       ^\n"
              "lima.yaml:3:14: field `ssh.localPort` must be a whole number, not a list\n"
              "     3 |   localPort: [1]\n"
              "       |              ^");
}

TEST(DecodeErrors, EveryFileIsNamed) {
    const std::string error = load_error(layered("cpus: a\n", "cpus: b\n", "cpus: [\n"));
    EXPECT_TRUE(has(error, "default.yaml:1:7: field `cpus`")) << error;
    EXPECT_TRUE(has(error, "lima.yaml:1:7: field `cpus`")) << error;
    EXPECT_TRUE(has(error, "override.yaml:2:1: not valid YAML")) << error;
}

TEST(DecodeErrors, TabIndentation) {
    EXPECT_TRUE(
        has(load_error("ssh:\n\tlocalPort: 1\n"),
            "lima.yaml:2:1: a tab is used for indentation or before a value: YAML wants spaces\n"
            "     2 | \tlocalPort: 1\n"));
}

TEST(DecodeErrors, ShortFormsTakeTextOrMap) {
    EXPECT_TRUE(has(load_error("additionalDisks: [[a]]\n"),
                    "field `additionalDisks[0]` must be a text or a map"));
    EXPECT_TRUE(has(load_error("base: {url: x}\n"), "field `base` must be a list, not a map"));
    auto one =
        decode(Source{"base: x.yaml\nprovision: [{file: {url: y, digest: z}}, {file: w}]\n", "t"});
    ASSERT_TRUE(one.has_value());
    ASSERT_EQ(one->config.base.size(), 1U);
    EXPECT_EQ(one->config.base[0].url, "x.yaml");
    EXPECT_EQ(one->config.provision[0].file->digest, "z");
    EXPECT_EQ(one->config.provision[1].file->url, "w");
}

}  // namespace
}  // namespace lima::config
