// What is wrong with an expression, and where; what the examples of the language mean is in
// evaluate_test.cpp.
#include "core/text/yq/evaluate.hpp"
#include "core/text/yq/operators.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace lima::text::yq {
namespace {

std::string mistake(const std::string& expression) {
    const auto out = parse(expression);
    EXPECT_FALSE(out.has_value()) << expression;
    return out ? "" : out.error().text();
}

TEST(Parser, ShowsThePlace) {
    EXPECT_EQ(mistake(".a = [1, 2"),
              "expression:1:11: expected `]` here\n     1 | .a = [1, 2\n       |           ^");
    EXPECT_EQ(mistake(".ä | .ö | selekt(1)"),
              "expression:1:11: there is no operator `selekt`: did you mean `select`?\n"
              "     1 | .ä | .ö | selekt(1)\n"
              "       |           ^");
    EXPECT_EQ(
        mistake(".a |\n  .b = (1"),
        "expression:1:15: expected `)` here\n     1 | .a |   .b = (1\n       |               ^");
}

TEST(Parser, SaysWhatWouldBeRight) {
    const std::vector<std::pair<const char*, const char*>> mistakes = {
        {".a = ", "1:6: a value is missing here"},
        {"= 1", "1:1: a value is missing before `=`"},
        {".a = hello", "there is no operator `hello`; a text needs double quotes: \"hello\""},
        {".a = 'x'", "1:6: `'` has no meaning here: a text goes in double quotes"},
        {".a = \"x", "1:6: this text has no closing quote"},
        {".a = \"\\(.b\"", "1:7: this `\\(` has no closing bracket"},
        {"cpus = 1", "a path begins with a dot: write `.cpus`"},
        {".a .b 5",
         "1:7: `5` does not belong here: an operator such as `|` or `=` may be missing before it"},
        {".a)", "1:3: nothing is open that `)` could close"},
        {".a | selekt(.b)", "did you mean `select`?"},
        {".a | tojsn", "did you mean `to_json`?"},
        {"select", "`select` takes 1 argument in brackets"},
        {"length(1)", "`length` takes no arguments"},
        {"sub(\"a\")", "`sub` takes 2 arguments in brackets, separated by `;`"},
        {"with(.a; .b; .c)", "`with` takes 2 arguments"},
        {".a as x | .", "a variable such as `$item` is missing here"},
        {".a as $x", "expected `|` here, and what is to be done with $x"},
        {".[] as $x ireduce (0, . + $x)", "expected `;` here"},
        {"$", "a name is missing behind the `$`"},
        {"{\"a\" 1}", "1:6: expected `:` here"},
        {"{\"a\": 1", "1:8: expected `,` here"},
        {".[1", "1:4: expected `]` here"},
        {".a = 12x", "1:6: `12x` is no number"},
        {"env()", "a name is missing here"},
        {"env(\"A\")", "a name is missing here"},
        {"if .a then 1 end", "there is no operator `if`"},
        {".a & .b", "`&` has no meaning here"},
        {"[1,]", "a value is missing here"},
    };
    for (const auto& [expression, message] : mistakes) {
        const std::string text = mistake(expression);
        EXPECT_NE(text.find(message), std::string::npos) << expression << "\n" << text;
    }
}

TEST(Parser, NothingIsAnExpression) {
    for (const char* const expression : {"", "  \n", "# only a comment", "\t# a\n # b\n"}) {
        const auto out = parse(expression);
        ASSERT_TRUE(out.has_value());
        EXPECT_EQ(out->root, nullptr);
    }
}

TEST(Operators, AreFoundByAllTheirSpellings) {
    for (const char* const name : {"to_entries", "toEntries", "to_json", "tojson", "sortKeys",
                                   "sort_keys", "documentIndex", "headComment", "@base64d"}) {
        EXPECT_NE(find_operator(name), nullptr) << name;
    }
    EXPECT_EQ(find_operator("nothing"), nullptr);
    std::set<std::string> names;
    for (const Operator* const each : all_operators()) {
        EXPECT_TRUE(names.insert(each->name).second) << each->name << " is there twice";
        EXPECT_TRUE(each->doc != nullptr && *each->doc != '\0') << each->name;
        EXPECT_TRUE(each->run != nullptr || each->set != nullptr) << each->name;
        EXPECT_LE(each->least, each->most) << each->name;
    }
    EXPECT_GT(names.size(), 100U);
}

}  // namespace
}  // namespace lima::text::yq
