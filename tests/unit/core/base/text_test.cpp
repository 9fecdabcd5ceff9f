#include "core/base/text.hpp"

#include <gtest/gtest.h>

namespace lima {
namespace {

using Words = std::vector<std::string>;

TEST(Text, Trim) {
    EXPECT_EQ(trim(" \t a b\r\n"), "a b");
    EXPECT_EQ(trim(" \n"), "");
    EXPECT_EQ(trim(""), "");
    EXPECT_EQ(trim("x"), "x");
}

TEST(Text, SplitKeepsEmptyParts) {
    EXPECT_EQ(split("a,,b,", ','), (Words{"a", "", "b", ""}));
    EXPECT_EQ(split("", ','), (Words{""}));
}

TEST(Text, Lines) {
    using Views = std::vector<std::string_view>;
    EXPECT_EQ(lines("a\nb\r\n\nc"), (Views{"a", "b", "", "c"}));
    EXPECT_EQ(lines("a\n"), (Views{"a"}));
    EXPECT_EQ(lines("\n"), (Views{""}));
    EXPECT_EQ(lines(""), Views{});
    EXPECT_EQ(lines("last\r"), (Views{"last\r"}));
}

TEST(Text, JoinCaseReplace) {
    EXPECT_EQ(join({"a", "b", "c"}, ", "), "a, b, c");
    EXPECT_EQ(join({}, ","), "");
    EXPECT_EQ(to_lower("AbZ\xC3\x84"), "abz\xC3\x84");
    EXPECT_EQ(to_upper("aBz\xC3\xA4"), "ABZ\xC3\xA4");
    EXPECT_EQ(replace_all("aXbXX", "X", "yX"), "ayXbyXyX");
    EXPECT_EQ(replace_all("abc", "", "z"), "abc");
}

TEST(Text, TruthValues) {
    for (const char* yes : {"1", "t", "T", "true", "True", "TRUE"}) {
        EXPECT_EQ(parse_go_bool(yes), true) << yes;
    }
    for (const char* no : {"0", "f", "F", "false", "False", "FALSE"}) {
        EXPECT_EQ(parse_go_bool(no), false) << no;
    }
    for (const char* neither : {"", "yes", "tRUE", "2", " 1"}) {
        EXPECT_EQ(parse_go_bool(neither), std::nullopt) << neither;
    }
}

TEST(Text, Identifiers) {
    for (const char* good : {"default", "Default", "a.b-c_d", "0912", "a"}) {
        EXPECT_TRUE(is_identifier(good)) << good;
    }
    for (const char* bad :
         {"", ".x", "a/b", "a..b", "a.-b", "-a", "a-", "a__b", "a b", "\xC3\xA4"}) {
        EXPECT_FALSE(is_identifier(bad)) << bad;
    }
    EXPECT_TRUE(is_identifier(std::string(76, 'a')));
    EXPECT_FALSE(is_identifier(std::string(77, 'a')));
}

TEST(Text, GoQuote) {
    const std::pair<std::string, std::string> table[] = {
        {"", R"("")"},
        {"plain", R"("plain")"},
        {"a\"b\\c", R"("a\"b\\c")"},
        {"\a\b\f\n\r\t\v", R"("\a\b\f\n\r\t\v")"},
        {std::string("\0\x1b\x7f", 3), R"("\x00\x1b\x7f")"},
        {"gr\xC3\xBC\xC3\x9F", "\"gr\xC3\xBC\xC3\x9F\""},
        {"\xE4\xB8\xAD\xF0\x9F\x98\x80", "\"\xE4\xB8\xAD\xF0\x9F\x98\x80\""},
        {"\xC2\xA0", R"("\u00a0")"},              // no-break space
        {"\xE2\x80\xA8", R"("\u2028")"},          // line separator
        {"\xEF\xBB\xBF", R"("\ufeff")"},          // byte order mark
        {"\xF3\xA0\x80\x81", R"("\U000e0001")"},  // a language tag
        {"\xEF\xBF\xBD", "\"\xEF\xBF\xBD\""},     // U+FFFD itself
        {"a\xFFz", R"("a\xffz")"},                // not UTF-8
        {"\xC0\x80", R"("\xc0\x80")"},            // overlong
        {"\xED\xA0\x80", R"("\xed\xa0\x80")"},    // a surrogate
        {"\xE4\xB8", R"("\xe4\xb8")"},            // cut short
        {"it's `so`", R"("it's `so`")"},
    };
    for (const auto& [text, quoted] : table) {
        EXPECT_EQ(go_quote(text), quoted);
    }
}

TEST(Text, NameQuote) {
    EXPECT_EQ(name_quote("foo"), "`foo`");
    EXPECT_EQ(name_quote(""), "``");
    EXPECT_EQ(name_quote("a\tb"), "`a\tb`");
    EXPECT_EQ(name_quote("a\"b"), "`a\"b`");
    EXPECT_EQ(name_quote("a`b"), "\"a`b\"");
    EXPECT_EQ(name_quote("a\nb"), R"("a\nb")");
    EXPECT_EQ(name_quote("a\x7f"), R"("a\x7f")");
    EXPECT_EQ(name_quote("a\xFF"), R"("a\xff")");
    EXPECT_EQ(name_quote("\xEF\xBB\xBF"), R"("\ufeff")");
}

TEST(Text, ShellQuote) {
    EXPECT_EQ(shell_quote(""), "''");
    EXPECT_EQ(shell_quote("a_Z9@%+=:,./-"), "a_Z9@%+=:,./-");
    EXPECT_EQ(shell_quote("a b"), "'a b'");
    EXPECT_EQ(shell_quote("it's"), R"('it'"'"'s')");
    EXPECT_EQ(shell_quote("$HOME"), "'$HOME'");
    EXPECT_EQ(shell_quote("~"), "'~'");
}

TEST(Text, HtmlEscapeJson) {
    EXPECT_EQ(html_escape_json(R"({"a":"<b>&c"})"), R"({"a":"\u003cb\u003e\u0026c"})");
    EXPECT_EQ(html_escape_json("\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA"),
              "\\u2028\\u2029\xE2\x80\xAA");
}

TEST(Text, HexAndDistance) {
    EXPECT_EQ(to_hex(std::string("\x00\xff\x1a", 3)), "00ff1a");
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("start", "start"), 0U);
    EXPECT_EQ(edit_distance("strat", "start"), 1U);
}

}  // namespace
}  // namespace lima
