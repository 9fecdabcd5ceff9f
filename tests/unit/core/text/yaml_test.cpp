#include "core/text/yaml.hpp"

#include "core/base/json.hpp"
#include "core/text/scalar.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lima::text {
namespace {

Json values(std::string_view text, Schema schema = Schema::kCore) {
    auto node = parse_yaml(text, "t.yaml");
    EXPECT_TRUE(node.has_value()) << (node ? "" : node.error().text());
    return node ? to_json(*node, schema) : Json();
}

std::string error_of(std::string_view text) {
    const auto node = parse_yaml(text, "t.yaml");
    EXPECT_FALSE(node.has_value());
    return node ? "" : node.error().text();
}

TEST(Yaml, EmptyAndCommentOnlyTextsAreNull) {
    EXPECT_TRUE(values("").is_null());
    EXPECT_TRUE(values("# only a comment\n").is_null());
    EXPECT_TRUE(values("---\n").is_null());
}

TEST(Yaml, CoreScalars) {
    EXPECT_EQ(
        dump_json(values("[1, -2, 0x10, 0o17, 017, 1.5, 1e3, true, no, ~, '1', \"x\\n\", 1_000]")),
        R"([1,-2,16,15,17,1.5,1000.0,true,"no",null,"1","x\n","1_000"])");
}

TEST(Yaml, GoScalars) {
    EXPECT_EQ(
        dump_json(values("[0x10, 1_000, 0o17, 017, 08, 1.10, 1e25, 1.2.3, 0b11, +5]", Schema::kGo)),
        R"([16,1000,15,15,"08",1.1,"1e25","1.2.3",3,5])");
}

TEST(Yaml, MarksAreOneBasedAndCountBytesForOffsets) {
    const std::string text = "ä: é\nkey:\n  - a\n  - {b: c}\n";
    const auto node = parse_yaml(text, "t.yaml");
    ASSERT_TRUE(node.has_value());
    const Node& first = node->entries[0].value;
    EXPECT_EQ(first.begin.line, 1);
    EXPECT_EQ(first.begin.column, 4);
    EXPECT_EQ(text.substr(first.begin.offset, first.end.offset - first.begin.offset), "é");
    const Node& map = node->entries[1].value.items[1];
    EXPECT_EQ(map.begin.line, 4);
    EXPECT_TRUE(map.flow);
    EXPECT_EQ(text.substr(map.begin.offset, map.end.offset - map.begin.offset), "{b: c}");
}

TEST(Yaml, DuplicateKeyNamesBothLinesAndShowsTheSource) {
    EXPECT_EQ(
        error_of("cpus: 1\nmemory: 2\ncpus: 2\n"),
        "t.yaml:3:1: duplicate key `cpus`: it is already set at line 1, so remove one of them\n"
        "     3 | cpus: 2\n"
        "       | ^");
}

TEST(Yaml, TabIndentationIsExplained) {
    const std::string error = error_of("ssh:\n\tlocalPort: 1\n");
    EXPECT_NE(error.find("t.yaml:2:1: a tab is used for indentation"), std::string::npos) << error;
    EXPECT_NE(error.find("     2 | \tlocalPort: 1\n       | ^"), std::string::npos) << error;
    EXPECT_NE(error_of("a:\n  b: 1\n\tc: 2\n").find("a tab is used"), std::string::npos);
}

TEST(Yaml, SyntaxErrorsHavePlaceAndCaret) {
    EXPECT_EQ(error_of("a: [1, 2\nb: 3\n").substr(0, 26), "t.yaml:2:2: not valid YAML");
    EXPECT_NE(error_of("a: *nope\n").find("t.yaml:1:4: unknown anchor `nope`"), std::string::npos);
    EXPECT_NE(error_of("a: &x [*x]\n").find("the anchor `x` contains itself"), std::string::npos);
    EXPECT_NE(error_of("{a: 1} b\n").find("t.yaml:1:8: "), std::string::npos);
    EXPECT_NE(error_of("a: \x01\n").find("t.yaml:1:4: control characters"), std::string::npos);
    EXPECT_NE(error_of("a: \xff\n").find("t.yaml:1:4: "), std::string::npos);
}

TEST(Yaml, OnlyTheFirstDocumentCounts) {
    EXPECT_EQ(dump_json(values("a: 1\n---\nb: 2\n")), R"({"a":1})");
    const auto stream = parse_yaml_stream("a: 1\n---\nb: 2\n", "t.yaml");
    ASSERT_TRUE(stream.has_value());
    EXPECT_EQ(stream->size(), 2U);
}

TEST(Yaml, AliasesAndMergeKeys) {
    const std::string text =
        "base: &b {x: 1, y: 2}\n"
        "use:\n  <<: *b\n  y: 3\n"
        "again: *b\n";
    EXPECT_EQ(dump_json(values(text)),
              R"({"base":{"x":1,"y":2},"use":{"y":3,"x":1},"again":{"x":1,"y":2}})");
    const auto node = parse_yaml(text, "t.yaml");
    ASSERT_TRUE(node.has_value());
    EXPECT_EQ(node->find("base")->anchor, "b");
    EXPECT_FALSE(node->find("base")->alias);
    const Node* again = node->find("again");
    EXPECT_TRUE(again->alias);
    EXPECT_EQ(again->find("x")->begin.line, 5);
    EXPECT_TRUE(node->find("use")->find("x")->alias);
    EXPECT_FALSE(node->find("use")->find("y")->alias);
}

TEST(Yaml, EarlierMergesWin) {
    EXPECT_EQ(dump_json(values("a: &a {k: 1}\nb: &b {k: 2, l: 3}\nc: {<<: [*a, *b]}\n")["c"]),
              R"({"k":1,"l":3})");
}

TEST(Yaml, AliasBombsAndDeepNestingAreRefused) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int k = 0; k < 10; ++k) {
            bomb += (k > 0 ? ", *a" : "*a") + std::to_string(i - 1);
        }
        bomb += "]\n";
    }
    EXPECT_NE(error_of(bomb).find("the aliases of this file expand to more than 100000 values"),
              std::string::npos);
    EXPECT_NE(
        error_of(std::string(500, '[') + std::string(500, ']')).find("nested more than 100 levels"),
        std::string::npos);
    // Deep in each other by aliases.
    std::string deep;
    for (int i = 0; i < 20; ++i) {
        const std::string inner = i == 0 ? "" : "*a" + std::to_string(i - 1);
        deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " " + std::string(10, '[') +
                inner + std::string(10, ']') + "\n";
    }
    EXPECT_NE(error_of(deep).find("t.yaml:11:21: nested more than 100 levels"), std::string::npos)
        << error_of(deep);
}

TEST(Yaml, ManyMergedKeysTakeNoTime) {
    std::string text = "a: &a\n";
    for (int i = 0; i < 20000; ++i) {
        text += "  k" + std::to_string(i) + ": 1\n";
    }
    const auto tree = parse_yaml(text + "b: {<<: [*a, *a], z: 1}\n", "t.yaml");
    ASSERT_TRUE(tree.has_value()) << tree.error().text();
    EXPECT_EQ(tree->find("b")->entries.size(), 20001U);
}

TEST(Yaml, TheLineOfAMistakeIsShownWithoutWhatSteersATerminal) {
    EXPECT_EQ(error_of("a: [\x1b[31m\n"),
              "t.yaml:1:5: control characters are not allowed (0x1b)\n     1 | a: [\uFFFD[31m\n    "
              "   |     ^");
    EXPECT_EQ(error_of("\"\xC2\x9B\xE2\x80\xAE\": 1\n"),
              "t.yaml:1:2: control characters are not allowed (0x9b)\n     1 | \"\uFFFD\uFFFD\": "
              "1\n       |  ^");
    std::string umlauts;
    for (int i = 0; i < 100; ++i) {
        umlauts += "\xC3\xA4";
    }
    const std::string error = error_of("a: [" + umlauts + "}" + umlauts);
    EXPECT_NE(error.find("|" + std::string(61, ' ') + "^"), std::string::npos) << error;
    EXPECT_EQ(error.find("\uFFFD"), std::string::npos) << error;
}

TEST(Yaml, TheEndOfALastLineWithoutLineBreakIsOnThatLine) {
    EXPECT_EQ(error_of("a: 1\nb: [ä"),
              "t.yaml:2:6: not valid YAML: did not find expected ',' or ']' while parsing a flow "
              "sequence (which begins at "
              "line 2)\n     2 | b: [ä\n       |      ^");
    const auto tree = parse_yaml("? a", "t.yaml");
    ASSERT_TRUE(tree.has_value());
    EXPECT_EQ(tree->find("a")->begin.line, 1);
    EXPECT_TRUE(parse_yaml(std::string_view(), "t.yaml").has_value());
}

TEST(Yaml, ByteOrderMarkStaysInTheFirstKey) {
    EXPECT_EQ(dump_json(values("\xef\xbb\xbfimages: 1\nb: 2\n")),
              "{\"\xef\xbb\xbfimages\":1,\"b\":2}");
}

TEST(Yaml, CarriageReturnsAreLineEnds) {
    EXPECT_EQ(dump_json(values("a: 1\r\nb: |\r\n  x\r\n")), R"({"a":1,"b":"x\n"})");
}

TEST(Yaml, BinaryIsDecoded) {
    const std::string bytes("\x00\x07\xffz", 4);
    EXPECT_EQ(*decode_base64(encode_base64(bytes)), bytes);
    EXPECT_EQ(values("a: !!binary " + encode_base64(bytes))["a"].get<std::string>(), bytes);
    EXPECT_FALSE(decode_base64("a").has_value());
    EXPECT_FALSE(decode_base64("a*==").has_value());
    for (const std::string text : {"", "f", "fo", "foo", "foob"}) {
        EXPECT_EQ(*decode_base64(encode_base64(text)), text);
    }
}

TEST(YamlEmit, V69QuotingRules) {
    EXPECT_EQ(emit_yaml("a\n"), "|\n  a\n");
    EXPECT_EQ(emit_yaml("#!/bin/sh\necho\n"), "\"#!/bin/sh\\necho\\n\"\n");
    for (const char* quoted :
         {"15:04", "2001-01-01", "off", "+1", "0600", "a: b", "x # y", "a\\b", "~", "null", "", "-",
          "*a", "a:", "a ", "1.5", "1_000", "0x1F", "2001-01-01T00:00:00Z"}) {
        EXPECT_EQ(emit_yaml(quoted).front(), '"') << quoted;
    }
    for (const char* plain : {"1e3", "1.2.3", "http://x", "é", "a-b", "x86_64", "template:x"}) {
        EXPECT_EQ(emit_yaml(plain), std::string(plain) + "\n") << plain;
    }
    EXPECT_EQ(emit_yaml(Json{{"N", "x"}}), "\"N\": x\n");
}

TEST(YamlEmit, BlockStyle) {
    const Json value = *parse_json(
        R"({"a":{"b":[1,{"c":"x","d":[true,[2,3]]}],"e":{}},"f":[],"s":"l1\nl2","t":"l1\n\n","m":null})");
    EXPECT_EQ(emit_yaml(value),
              "a:\n"
              "  b:\n"
              "  - 1\n"
              "  - c: x\n"
              "    d:\n"
              "    - true\n"
              "    - - 2\n"
              "      - 3\n"
              "  e: {}\n"
              "f: []\n"
              "s: |-\n"
              "  l1\n"
              "  l2\n"
              "t: |+\n"
              "  l1\n"
              "\n"
              "m: null\n");
    EXPECT_EQ(emit_flow(value["a"]), "{b: [1, {c: x, d: [true, [2, 3]]}], e: {}}");
    EXPECT_EQ(emit_flow(Json::array({"a,b", "template:x"})), "[\"a,b\", \"template:x\"]");
}

TEST(YamlEmit, WhatIsEmittedReadsBackTheSame) {
    const std::vector<std::string> texts = {
        "",           "\n",     "\n\n",  "\na",     "a\n\nb",   " a\n",   "a\n b\n",  "a\t",
        "? x",        "- a",    "---",   "...",     "<<",       "a\r\nb", "\x7f",     "é\n",
        "a:\nb",      "1.0",    "1e3",   ".inf",    "0b1",      "'q'",    "\"q\"",    "a # b",
        "%x",         "@x",     "`x",    "|",       ">",        "!t",     "&a",       "{a",
        "}",          "[a]",    "a, b",  "\\",      "=",        "08",     "1:30",     "a\n\n",
        "x\n\n\n",    "\tx\ny", "true ", "No",      "\xff\xfe", "a\vb",   "a:b",      "a\u2028b",
        "a\u0085b\n", "-\tx",   "?\tx",  "\ufeffx", "\u0080",   "\uffff", "a\u00a0b", "12:30:45.5"};
    for (const std::string& text : texts) {
        for (const Json& value :
             {Json(text), Json::array({text, "z"}), Json{{"k", text}, {"z", 1}},
              Json{{"k", Json::array({Json{{"deep", text}}, Json::array({text})})}}}) {
            // 1e3 and 08 are strings for Lima's decoder only, and are printed for it.
            EXPECT_EQ(values(emit_yaml(value), Schema::kGo), value) << emit_yaml(value);
            EXPECT_EQ(values(emit_flow(value), Schema::kGo), value) << emit_flow(value);
        }
        if (text.find('\xff') == std::string::npos) {
            const Json keyed{{text, 1}, {"other", 2}};
            EXPECT_EQ(values(emit_yaml(keyed)), keyed) << emit_yaml(keyed);
        }
    }
    for (const Json& number : {Json(1.0), Json(-2.5), Json(1e300), Json(1e-9), Json(0)}) {
        EXPECT_EQ(values(emit_yaml(number)), number) << emit_yaml(number);
    }
}

}  // namespace
}  // namespace lima::text
