// Where a line was written first, also after an edit.
#include "core/text/document.hpp"

#include "core/base/text.hpp"

#include <gtest/gtest.h>

namespace lima::text {
namespace {

/// The line number of each line's origin; - for none.
std::string numbers(const Origins& origins) {
    std::string out;
    for (const Origin& origin : origins) {
        out += (out.empty() ? "" : " ") +
               (origin.original ? std::to_string(origin.line) : std::string("-"));
    }
    return out;
}

std::string after_edit(const std::string& before, const std::string& after) {
    const auto document = make_document(before, "f");
    EXPECT_TRUE(document.has_value());
    return numbers(carried_over(before, document->origins, after));
}

TEST(Document, ALineIsItsOwnOrigin) {
    const auto document = make_document("a: 1\nb:\n- c\n", "f.yaml");
    ASSERT_TRUE(document.has_value());
    const Node& item = document->root.find("b")->items[0];
    EXPECT_EQ(place_of(*document, item.begin), "f.yaml:3:3");
    EXPECT_EQ(error_at(*document, item.begin, "odd").text(),
              "f.yaml:3:3: odd\n     3 | - c\n       |   ^");
    EXPECT_FALSE(make_document("a: [", "f.yaml").has_value());
}

TEST(Document, APlaceIsThatOfTheOriginal) {
    auto document = *make_document("x:\n    b: 2\n", "f.yaml");
    const auto original = std::make_shared<const Original>(Original{"\nb: 2\n", "other.yaml"});
    document.origins[1] = Origin{original, 2, 4};
    const Mark mark = document.root.find("x")->find("b")->begin;
    EXPECT_EQ(place_of(document, mark), "other.yaml:2:4");
    EXPECT_EQ(error_at(document, mark, "odd").text(),
              "other.yaml:2:4: odd\n     2 | b: 2\n       |    ^");
    document.origins.clear();
    EXPECT_EQ(place_of(document, mark), "f.yaml:2:8");
}

TEST(Document, LinesThatStayKeepTheirOrigin) {
    const std::string text = "a: 1\nb: 2\nc:\n- d: x\n  e: y\n- d: z\n  e: y\nf: 3\n";
    EXPECT_EQ(after_edit(text, text), "1 2 3 4 5 6 7 8");
    EXPECT_EQ(after_edit(text, replace_all(text, "b: 2", "b: 7")), "1 - 3 4 5 6 7 8");
    EXPECT_EQ(after_edit(text, text + "g: 1\n"), "1 2 3 4 5 6 7 8 -");
    EXPECT_EQ(after_edit(text, replace_all(text, "c:\n", "c:\n- d: new\n  e: y\n")),
              "1 2 3 - - 4 5 6 7 8");
    EXPECT_EQ(after_edit(text, replace_all(text, "- d: x\n  e: y\n", "")), "1 2 3 6 7 8");
    EXPECT_EQ(after_edit(text, "f: 3\n"), "8");
    EXPECT_EQ(after_edit(text, ""), "");
    EXPECT_EQ(after_edit("", "a: 1\n"), "-");
}

}  // namespace
}  // namespace lima::text
