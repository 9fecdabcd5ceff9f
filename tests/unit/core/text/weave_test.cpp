// Parts of other texts put into one. What edits by values do is in rewrite_test.cpp, what templates
// do in tests/unit/core/template.
#include "core/text/weave.hpp"

#include "core/base/text.hpp"

#include <gtest/gtest.h>

#include <random>

namespace lima::text {
namespace {

Document document(const std::string& text, const std::string& file = "f") {
    auto out = make_document(text, file);
    EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().text());
    return out ? std::move(*out) : Document{};
}

/// The map with all its fields as they are, for more to be put in.
Part opened(const Node& mapping) {
    Part out = same(mapping);
    out.kind = Part::Kind::kMapping;
    for (const Node::Entry& entry : mapping.entries) {
        out.fields.push_back(Field{entry.key, &entry, same(entry.value)});
    }
    return out;
}

/// `key: …` of the text replaced by a new text in that style, under another name.
std::string renamed(const std::string& text, const std::string& key, const std::string& value,
                    Part::Style style) {
    const Document before = document(text);
    Part wanted = opened(before.root);
    for (Field& field : wanted.fields) {
        if (field.key == key) {
            field.value = value_of(value, &field.here->value);
            field.value.style = style;
            field.key = "new";
        }
    }
    const auto out = weave(before, wanted);
    EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().text()) << go_quote(value);
    return out ? out->text : "";
}

TEST(Weave, AFieldIsRenamedWhereItStands) {
    const std::string text = "a: 1\n# about\nf: old # c\nz: 2\n";
    const auto literal = [&](const std::string& value) {
        return renamed(text, "f", value, Part::Style::kLiteral);
    };
    EXPECT_EQ(literal("x\ny\n"), "a: 1\n# about\nnew: | # c\n  x\n  y\nz: 2\n");
    EXPECT_EQ(literal("x\n\ny"), "a: 1\n# about\nnew: |- # c\n  x\n\n  y\nz: 2\n");
    EXPECT_EQ(literal("x\n\n\n"), "a: 1\n# about\nnew: |+ # c\n  x\n\n\nz: 2\n");
    EXPECT_EQ(literal("  x\ny\n"), "a: 1\n# about\nnew: |2 # c\n    x\n  y\nz: 2\n");
    EXPECT_EQ(literal("\n"), "a: 1\n# about\nnew: \"\\n\" # c\nz: 2\n");
    EXPECT_EQ(renamed(text, "f", "a", Part::Style::kBinary),
              "a: 1\n# about\nnew: !!binary YQ== # c\nz: 2\n");
    EXPECT_EQ(renamed("f:\n  u: x\n  v: y # c\nz: 1\n", "f", "x\n", Part::Style::kLiteral),
              "new: |\n  x\nz: 1\n");
    EXPECT_EQ(renamed("{f: x, z: 1}\n", "f", "x\ny\n", Part::Style::kLiteral),
              "{new: \"x\\ny\\n\", z: 1}\n");
    EXPECT_EQ(renamed("f: x\r\nz: 1\r\n", "f", "x\n", Part::Style::kLiteral),
              "new: |\r\n  x\r\nz: 1\r\n");
}

/// weave reads back what it wrote: here it must never be at a loss.
TEST(WeaveProperty, AnyTextFitsALiteral) {
    std::mt19937 random(1);
    const std::vector<std::string> words = {"a", " ",      "\n", "#",  ": ", "- ",
                                            "|", "\u00e4", "'",  "\"", "%",  "---"};
    for (int round = 0; round < 400; ++round) {
        std::string value;
        for (std::size_t i = random() % 9; i > 0; --i) {
            value += words[random() % words.size()];
        }
        for (const char* text :
             {"f: x\n", "f: x # c\nz: 1\n", "f:\n- x\n- y\n", "f: {a: b}\nz: |\n  y\n", "f:"}) {
            renamed(text, "f", value, Part::Style::kLiteral);
            renamed(text, "f", value, Part::Style::kBinary);
        }
        if (testing::Test::HasFailure()) {
            return;
        }
    }
}

TEST(Weave, LinesKnowWhereTheyComeFrom) {
    const Document top = document("a:\n  b: 1\nz: 9\n", "top");
    const Document other = document("# head\n\n# about c\nc:\n      # in d\n      d: 1\n", "other");
    Part wanted = opened(top.root);
    wanted.fields[0].value = opened(top.root.entries[0].value);
    const Node& c = other.root.entries[0].value;
    wanted.fields[0].value.fields.push_back(Field{"d", nullptr, copy_of(other, c, c.entries[0])});
    wanted.fields.push_back(Field{"c", nullptr, copy_of(other, other.root, other.root.entries[0])});
    const auto out = weave(top, wanted);
    ASSERT_TRUE(out.has_value()) << out.error().text();
    EXPECT_EQ(out->text,
              "a:\n  b: 1\n  # in d\n  d: 1\nz: 9\n\n# about c\nc:\n      # in d\n      d: 1\n");
    const Node& moved = out->root.find("a")->entries[1].value;
    EXPECT_EQ(place_of(*out, moved.begin), "other:6:10");
    EXPECT_EQ(place_of(*out, out->root.find("z")->begin), "top:3:4");
    EXPECT_EQ(place_of(*out, out->root.find("c")->entries[0].key_begin), "other:6:7");
}

TEST(Weave, WhatCannotMeanThatIsRefused) {
    const Document text = document("a: &x {k: 1}\nb: *x\n");
    Part wanted = opened(text.root);
    wanted.fields[0].value = opened(text.root.entries[0].value);
    wanted.fields[0].value.fields[0].value =
        value_of(2, &text.root.entries[0].value.entries[0].value);
    const auto out = weave(text, wanted);
    ASSERT_FALSE(out.has_value());
    EXPECT_EQ(out.error().code(), Code::kFailedPrecondition);
}

}  // namespace
}  // namespace lima::text
