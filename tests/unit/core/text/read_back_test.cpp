// The second opinion on an edit.
#include "core/text/read_back.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lima::text {
namespace {

/// What comes of a text that is taken for another.
std::string verdict(const std::string& old_text, const std::string& new_text,
                    const std::string& taken_for) {
    const auto old_tree = parse_yaml(old_text, "t");
    const auto new_tree = parse_yaml(taken_for, "t");
    EXPECT_TRUE(old_tree && new_tree);
    const auto out = read_back(old_text, *old_tree, new_text, *new_tree);
    if (!out) {
        EXPECT_EQ(out.error().code(), Code::kInternal);
    }
    return out ? "" : out.error().text();
}

const std::string kOld = "a: 1\nb: [x, {y: z}]\nc: |\n  text\nd: ~\n";

TEST(ReadBack, TheSameIsFine) {
    EXPECT_EQ(verdict(kOld, kOld, kOld), "");
    EXPECT_EQ(verdict(kOld, "a: 2 # two\nb:\n- x\n- y: z\nd:\n", "{a: 2, b: [x, {y: z}], d: null}"),
              "");
    EXPECT_EQ(verdict("", "a: 1\n", "a: 1\n"), "");
    EXPECT_EQ(verdict(kOld, "a: &x {k: 1}\nb: *x\n", "a: {k: 1}\nb: {k: 1}\n"), "");
}

TEST(ReadBack, OtherValuesAreSaid) {
    EXPECT_EQ(verdict(kOld, "a: 1\n", "a: 2\n"),
              "the changed text is not read as it was meant: .a: 2 is 1");
    EXPECT_EQ(
        verdict(kOld, "a: {b: [1, 2]}\n", "a: {b: [1]}\n"),
        "the changed text is not read as it was meant: .a.b: a list is none, or longer or shorter");
    EXPECT_EQ(verdict(kOld, "a: 1\nb: 2\n", "a: 1\n"),
              "the changed text is not read as it was meant: the document: there is a key b");
    EXPECT_EQ(verdict(kOld, "a: 1\n", "a: 1\nb: 2\n"),
              "the changed text is not read as it was meant: the document: 2 keys are 1");
    EXPECT_NE(verdict(kOld, "a: ~\n", "a: x\n").find(".a: a scalar is none"), std::string::npos);
    EXPECT_NE(verdict(kOld, "a: x\n", "a: ~\n").find(".a: null is something"), std::string::npos);
    EXPECT_NE(verdict(kOld, "a: [\n", "a: 1\n").find("not read as it was meant: yaml-cpp: error"),
              std::string::npos);
}

TEST(ReadBack, ItHasNoSayWhereItReadsTheOldTextOtherwise) {
    const std::string odd = "a: 1\nb: *nothing\n";  // stands for what only yaml-cpp refuses
    const auto tree = parse_yaml("a: 1\n", "t");
    ASSERT_TRUE(tree.has_value());
    EXPECT_TRUE(read_back(odd, *tree, "a: 2\n", *tree).has_value());
}

TEST(ReadBack, MergeKeysAreLeftOut) {
    const std::string text = "base: &b {x: 1}\nuse:\n  <<: *b\n  y: 2\n";
    EXPECT_EQ(verdict(text, text, text), "");
    EXPECT_NE(verdict(text, "base: &b {x: 1}\nuse:\n  <<: *b\n  y: 3\n", text), "");
}

}  // namespace
}  // namespace lima::text
