// YAML read and written again: all of it is kept but the white space.
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/text/yq/yaml_format.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lima::text::yq {
namespace {

std::string rewritten(const std::string& text, const EncodeOptions& options = {}) {
    const auto documents = decode_yaml(text, "t.yaml");
    if (!documents) {
        return documents.error().text();
    }
    std::string out;
    for (const NodePtr& document : *documents) {
        const auto part = encode_yaml(*document, options);
        out += (out.empty() ? "" : "---\n") + (part ? *part : part.error().text());
    }
    return out;
}

TEST(YamlKept, ByteForByte) {
    const std::vector<std::string> texts = {
        "a: 1\n",
        "# top\n\n# second\na: 1 # one\n# about b\nb:\n  # in b\n  c: 1\n  # below c\n\n  # above "
        "d\n  d: 2\n  # below d\n# below b\n\n# e\ne:\n  - x # x\n  # above y\n  - y\n\n# the "
        "end\n",
        "a: # on a\n  b: 1\nl: # on l\n  - 1\n",
        "a: [1, \"two\", 'three', {k: v, n: null}] # flow\nb: {}\nc: []\n",
        "a: |\n  text\n  more\nb: >-\n  folded\nc: |+\n  kept\n\nd: |- # comment\n  x\n",
        "a: &x\n  b: 1\nc: *x\nd:\n  <<: *x\n  e: 2\nl:\n  - &y [1]\n  - *y\n",
        "a: !!str 1\nb: !thing {x: 1}\nc: !!binary aGk=\nd: !x\nu: !<tag:example.com,2000:x> 1\nv: "
        "!a%20b 1\nl:\n  - !y\n    k: v\n",
        "a: ~\nb:\nc: null\nd: True\ne: 0x1F\nf: 1_000\ng: 1e3\nh: .inf\ni: 2001-01-01\nj: yes\nk: "
        "\"1\"\nl: 'it''s'\n",
        "? {q: 1}\n: z\n? [a, b]\n: - c\n",
        "- a\n- - b\n  - c\n- d: e\n  f: g\n-\n- {}\n",
        "---\na: 1\n---\nb: 2\n",
        "# c\n---\n# d\na: 1\n",
        "a: 1 # l\n",
        "\"quoted key\": 1\n'other': 2\na b: 3\n\"a: b\": 4\n\"1\": 5\n",
        "a: http://x/y?z=1#f\nb: a:b\nc: -x\nd: it's\n",
        "ü: \"ö\" # ä\n",
        "# only\n",
        "a: \"\\x01\\ttab \\u2028\"\n",
        "a: 1\n# bottom\n",
        "a: {}\n# bottom\n",
    };
    for (const std::string& text : texts) {
        EXPECT_EQ(rewritten(text), text);
    }
}

TEST(YamlKept, TheWhiteSpaceIsTheWritersOwn) {
    EXPECT_EQ(rewritten("a:\n- 1\n-   2\nb:   {x: 1,y: 2}   # c\n\n\nc:\n    d: 1\n"),
              "a:\n  - 1\n  - 2\nb: {x: 1, y: 2} # c\nc:\n  d: 1\n");
    EXPECT_EQ(rewritten("a: [1,\n  2, # two\n  3]\n"), "a: [\n  1,\n  2, # two\n  3\n]\n");
    EXPECT_EQ(rewritten("a:\n  # note\n  value\n"), "# note\na: value\n");
    EXPECT_EQ(rewritten("a: # key\n  value # val\n"), "# key\na: value # val\n");
    EXPECT_EQ(rewritten("- # dash\n  k: v\n"), "# dash\n- k: v\n");
    EXPECT_EQ(rewritten("a: \"folded\n  text\"\n"), "a: \"folded text\"\n");
    EXPECT_EQ(rewritten(""), "");
    EXPECT_EQ(rewritten("\xef\xbb\xbf# c\na: 1\n"), "# c\na: 1\n");
}

TEST(YamlKept, Options) {
    const std::string text =
        "---\na:\n  - 1\n  - b: |\n      x\nc: \"s\" # l\nd: &x 1\ne: *x\nf: null\n";
    EncodeOptions options;
    options.indent = 4;
    EXPECT_EQ(rewritten(text, options),
              "---\na:\n    - 1\n    - b: |\n        x\nc: \"s\" # l\nd: &x 1\ne: *x\nf: null\n");
    options = {};
    options.compact_sequences = true;
    options.document_separators = false;
    EXPECT_EQ(rewritten(text, options),
              "a:\n- 1\n- b: |\n    x\nc: \"s\" # l\nd: &x 1\ne: *x\nf: null\n");
    options = {};
    options.colour = true;
    EXPECT_EQ(rewritten("a: 1 # c\nb: \"s\"\nd: &x true\ne: *x\nf: ~\n", options),
              "\x1b[36ma\x1b[0m: \x1b[95m1\x1b[0m \x1b[90m# c\x1b[0m\n\x1b[36mb\x1b[0m: "
              "\x1b[32m\"s\"\x1b[0m\n"
              "\x1b[36md\x1b[0m: \x1b[93m&x\x1b[0m \x1b[95mtrue\x1b[0m\n\x1b[36me\x1b[0m: "
              "\x1b[93m*x\x1b[0m\n\x1b[36mf\x1b[0m: ~\n");
    options = {};
    EXPECT_EQ(rewritten("\"1\"\n", options), "1\n");
    options.unwrap_scalar = false;
    EXPECT_EQ(rewritten("\"1\" # c\n", options), "\"1\" # c\n");
}

TEST(YamlKept, EveryTextReadsBack) {
    const std::vector<std::string> texts = {
        "",       " ",       "x",          " x",
        "x ",     "a\nb",    "a\n",        "\n",
        "\n\n",   "a\n\n",   "\na",        "  a\nb",
        "a \nb",  "a\n b\n", "\ta",        "a\tb",
        "- x",    "-",       "--",         "? x",
        "?",      ": x",     ":",          "x:",
        "a: b",   "a #b",    "#a",         "a#b",
        "'",      "\"",      "it's",       "[x",
        "{x",     "a, b",    "a]b",        "&x",
        "*x",     "!x",      "|x",         ">x",
        "%x",     "@x",      "`x",         "---",
        "--- a",  "...",     "null",       "~",
        "true",   "1",       "1.5",        "0x1",
        "1e3",    ".inf",    "2001-01-01", "<<",
        "yes",    "\r",      "a\r\nb",     "\x01",
        "\x7f",   "é",       "😀",         "\u2028",
        "\ufeff", "\\",      "a\\b",       std::string("a\0b", 3)};
    for (const std::string& text : texts) {
        for (const Style style : {Style::kDefault, Style::kSingleQuoted, Style::kDoubleQuoted,
                                  Style::kLiteral, Style::kFolded}) {
            for (const bool flow : {false, true}) {
                NodePtr map = make_mapping();
                map->style = flow ? Style::kFlow : Style::kDefault;
                NodePtr key = make_string(text);
                key->style = style;
                NodePtr value = make_string(text);
                value->style = style;
                append(*map, std::move(key), std::move(value));
                NodePtr list = make_sequence();
                append(*list, std::move(map));
                const auto out = encode_yaml(*list, {});
                ASSERT_TRUE(out.has_value());
                const auto back = decode_yaml(*out, "t.yaml");
                ASSERT_TRUE(back.has_value()) << *out << back.error().text();
                EXPECT_EQ(to_json(*back->front()), to_json(*list)) << *out;
            }
        }
    }
}

TEST(YamlKept, OurTemplatesAsTheyAre) {
    for (const char* const name : {"default", "docker", "k8s"}) {
        const auto text = fs::read_file(fmt::format("{}/templates/{}.yaml", LIMA_SOURCE_DIR, name));
        ASSERT_TRUE(text.has_value()) << name;
        const std::string once = rewritten(*text);
        EXPECT_EQ(rewritten(once), once) << name;
        EXPECT_EQ(to_json(*decode_yaml(once, "t")->front()),
                  to_json(*decode_yaml(*text, "t")->front()))
            << name;
    }
}

TEST(YamlRead, Mistakes) {
    EXPECT_EQ(rewritten("a: *x\n"),
              "t.yaml:1:4: unknown anchor `x`\n     1 | a: *x\n       |    ^");
    EXPECT_NE(rewritten("a: &x [*x]\n").find("the anchor `x` contains itself"), std::string::npos);
    EXPECT_NE(rewritten("a: [\n").find("t.yaml:2:1: not valid YAML"), std::string::npos);
    EXPECT_NE(rewritten("a:\n\tb: 1\n").find("a tab is used"), std::string::npos);
}

}  // namespace
}  // namespace lima::text::yq
