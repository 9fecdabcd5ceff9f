// What expressions yield: hundreds of them as the original was recorded to answer
// (tools/record-yq), and the bounds that it has not.
#include "core/text/yq/evaluate.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/text/yq/yaml_format.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace lima::text::yq {
namespace {

struct Outside {
    std::map<std::string, std::string> env;
    std::map<std::string, std::string> files;
};

Options options_for(const Outside& outside) {
    Options out;
    out.env = [&outside](const std::string& name) -> std::optional<std::string> {
        const auto found = outside.env.find(name);
        return found == outside.env.end() ? std::nullopt : std::optional(found->second);
    };
    out.read_file = [&outside](const std::string& path) -> Result<std::string> {
        const auto found = outside.files.find(path);
        return found == outside.files.end()
                   ? Result<std::string>(fail(Code::kNotFound, "no such file"))
                   : found->second;
    };
    return out;
}

/// All results as the program prints them with -N.
Result<std::string> print(const std::string& expression, const std::optional<std::string>& input,
                          bool all, const Options& options) {
    LIMA_TRY(const Expression parsed, parse(expression));
    std::vector<NodePtr> documents;
    if (input) {
        LIMA_TRY(documents, decode_yaml(*input, "in.yaml"));
    }
    if (documents.empty()) {
        documents.push_back(make_scalar("!!null", ""));
    }
    std::vector<NodePtr> results;
    if (all) {
        LIMA_TRY(results, evaluate_all(parsed, documents, options));
    } else {
        for (const NodePtr& document : documents) {
            LIMA_TRY(const std::vector<NodePtr> found, evaluate(parsed, document, options));
            results.insert(results.end(), found.begin(), found.end());
        }
    }
    EncodeOptions how;
    how.document_separators = false;
    std::string out;
    for (const NodePtr& result : results) {
        LIMA_TRY(const std::string text, encode_yaml(*result, how));
        out += text;
    }
    return out;
}

std::string printed(const std::string& expression, const std::string& input = "",
                    const Options& options = {}) {
    const auto out = print(expression, input, false, options);
    return out ? *out : out.error().text();
}

void run_vectors(const std::string& name) {
    const auto text = fs::read_file(LIMA_SOURCE_DIR "/tests/data/yq/expressions/" + name + ".json");
    ASSERT_TRUE(text.has_value());
    const auto data = parse_json(*text);
    ASSERT_TRUE(data.has_value());
    Outside outside;
    outside.env = (*data)["env"].get<std::map<std::string, std::string>>();
    outside.files = (*data)["files"].get<std::map<std::string, std::string>>();
    for (const Json& each : (*data)["cases"]) {
        const std::string expression = each["expression"];
        std::optional<std::string> input;
        if (each.contains("input")) {
            input = (*data)["inputs"][each["input"].get<std::string>()].get<std::string>();
        }
        const Json& wanted = each.contains("ours") ? each["ours"] : each;
        const auto got = print(expression, input, json_bool(each, "all"), options_for(outside));
        if (wanted.contains("error")) {
            EXPECT_FALSE(got.has_value()) << expression << "\n" << got.value_or("");
        } else {
            ASSERT_TRUE(wanted.contains("output")) << expression;
            EXPECT_TRUE(got.has_value()) << expression << "\n" << (got ? "" : got.error().text());
            EXPECT_EQ(got.value_or(""), wanted["output"].get<std::string>()) << expression;
        }
        EXPECT_TRUE(!each.contains("ours") || !json_string(each["ours"], "why").empty())
            << expression;
    }
}

TEST(Vectors, Values) { run_vectors("values"); }
TEST(Vectors, Documents) { run_vectors("documents"); }
TEST(Vectors, Grouping) { run_vectors("grouping"); }
TEST(Vectors, Configuration) { run_vectors("configuration"); }

TEST(Evaluate, WhatComesFromOutsideCanBeRefused) {
    for (const char* const expression : {"env(HOME)", "strenv(HOME)", "\"$HOME\" | envsubst"}) {
        const auto out = print(expression, "", false, {});
        ASSERT_FALSE(out.has_value()) << expression;
        EXPECT_EQ(out.error().code(), Code::kPermissionDenied);
        EXPECT_NE(out.error().text().find(": env operations have been disabled\n"),
                  std::string::npos)
            << out.error().text();
    }
    for (const char* const expression : {"load(\"x\")", "load_str(\"x\")", "load_props(\"x\")",
                                         "load_xml(\"x\")", "load_base64(\"x\")"}) {
        const auto out = print(expression, "", false, {});
        ASSERT_FALSE(out.has_value()) << expression;
        EXPECT_EQ(out.error().code(), Code::kPermissionDenied);
        EXPECT_NE(out.error().text().find(": file operations have been disabled\n"),
                  std::string::npos)
            << out.error().text();
    }
    const auto out = print("system(\"true\")", "", false, {});
    ASSERT_FALSE(out.has_value());
    EXPECT_NE(out.error().text().find(": system operations are disabled\n"), std::string::npos)
        << out.error().text();
}

TEST(Evaluate, VariablesAndFileNamesComeWithTheOptions) {
    Options options;
    options.variables = {{"name", make_string("web")}};
    options.file_names = {"one.yaml"};
    EXPECT_EQ(printed(".a = $name", "a: 1\n", options), "a: web\n");
    EXPECT_EQ(printed("filename", "a: 1\n", options), "one.yaml\n");
    EXPECT_NE(printed("$other").find("there is no variable $other"), std::string::npos);
}

TEST(Evaluate, NamesAndTagsMustBeReadable) {
    EXPECT_EQ(printed(".a anchor = \"x-1\" | .b alias = \"x-1\" | .c tag = \"!t\"", "a: 1\n"),
              "a: &x-1 1\nb: *x-1\nc: !t null\n");
    EXPECT_NE(
        printed(".a anchor = \"x y\"", "a: 1\n").find("`x y` cannot be the name of an anchor"),
        std::string::npos);
    EXPECT_NE(printed(".a alias = \"?\"", "a: 1\n").find("`?` cannot be the name of an anchor"),
              std::string::npos);
    EXPECT_NE(printed(".a tag = \"str\"", "a: 1\n").find("`str` is no tag"), std::string::npos);
    EXPECT_NE(printed(".a style = \"bold\"", "a: 1\n").find("unknown style `bold`"),
              std::string::npos);
}

TEST(Evaluate, EqualityIsOfContents) {
    EXPECT_EQ(
        printed(R"({"a": 1, "b": {"c": [1.0]}, "d": 3} == {"d": 3, "b": {"c": [1]}, "a": 1})"),
        "true\n");
    EXPECT_EQ(printed(R"({"a": 1, "b": 2} == {"a": 1, "c": 2})"), "false\n");
    EXPECT_EQ(printed(R"([1, "1", null] == ["1", 1, null])"), "true\n");
    EXPECT_EQ(printed(R"(["a"] == ["a*"])"), "false\n");
    EXPECT_EQ(printed(R"([[1, 2], ["1"], {"a": 1}] - [[1, 2], {"a": 1}] | length)"), "1\n");
}

TEST(Evaluate, ReduceAsInJq) {
    EXPECT_EQ(printed("reduce .[] as $x (0; . + $x)", "[1, 2, 3]"), "6\n");
    EXPECT_EQ(printed("[reduce .[] as $x (0; . + $x), 5] | .[1]", "[1]"), "5\n");
}

TEST(Evaluate, ResultsOutliveTheDocuments) {
    std::vector<NodePtr> kept;
    {
        auto documents = decode_yaml("a: {b: [1, {c: 2}]}\n", "t");
        ASSERT_TRUE(documents.has_value());
        for (const char* const expression :
             {".a.b[1].c", ".a.b[1].c | parent", ".x.y.z", "{\"k\": [.a]} | .k[0].b",
              ".a.b | reverse | .[0]", "[.a | .. | select(tag == \"!!int\")] | .[1]"}) {
            const auto found = evaluate(*parse(expression), documents->front());
            ASSERT_TRUE(found.has_value()) << expression;
            kept.insert(kept.end(), found->begin(), found->end());
        }
    }
    for (const NodePtr& node : kept) {
        for (const Node* up = node.get(); up != nullptr; up = up->parent) {
            EXPECT_NE(up->tag, "") << "a parent is gone";
        }
    }
}

TEST(Evaluate, WhatIsLookedUpIsNotMade) {
    EXPECT_EQ(printed("(.q.b.c, .d[3], .e[].f) as $x | .", "a: 1\n"), "a: 1\na: 1\n");
    EXPECT_EQ(printed(".mounts[].writable = true", "mounts: null\n"), "mounts: null\n");
    EXPECT_EQ(printed(".x.y |= select(false)", "a: 1\n"), "a: 1\n");
    EXPECT_EQ(printed("(.x.a, .x.b) = 1", "a: 1\n"), "a: 1\nx:\n  a: 1\n  b: 1\n");
    EXPECT_EQ(printed("(.x[0], .x[2]) |= 7", "{}\n"), "x:\n  - 7\n  - null\n  - 7\n");
}

TEST(Evaluate, AnchorsAreNotChangedThroughMergeKeys) {
    const std::string text = "base: &b\n  x: 1\n  y: {z: 1}\nuse:\n  <<: *b\n  w: 3\n";
    EXPECT_EQ(printed(".use.x = 5", text), replace_all(text, "  w: 3\n", "  w: 3\n  x: 5\n"));
    EXPECT_EQ(printed(".use.y.z = 5", text),
              replace_all(text, "  w: 3\n", "  w: 3\n  y: {z: 5}\n"));
    EXPECT_EQ(printed(".use.x", text), "1\n");
    EXPECT_EQ(printed("explode(.)", text),
              "base:\n  x: 1\n  y: {z: 1}\nuse:\n  x: 1\n  y: {z: 1}\n  w: 3\n");
    const std::string removal = printed("del(.use.x)", text);
    EXPECT_NE(removal.find("`x` comes through a merge key: it cannot be removed here"),
              std::string::npos)
        << removal;
}

TEST(Evaluate, AnAliasInsideOfItsAnchorIsWrittenOut) {
    EXPECT_EQ(printed(".x.self = .y", "x: &x {a: 1}\ny: *x\n"),
              "x: &x {a: 1, self: {a: 1}}\ny: *x\n");
    EXPECT_EQ(printed(".x.k = .ay | .y.k = .ax | to_json(0)",
                      "x: &x {a: 1}\ny: &y {b: 1}\nax: *x\nay: *y\n"),
              "{\"x\":{\"a\":1,\"k\":{\"b\":1,\"k\":{\"a\":1,\"k\":{\"b\":1}}}},\"y\":{\"b\":1,"
              "\"k\":{\"a\":1,\"k\":{\"b\":1}}},"
              "\"ax\":{\"a\":1,\"k\":{\"b\":1,\"k\":{\"a\":1,\"k\":{\"b\":1}}}},\"ay\":{\"b\":1,"
              "\"k\":{\"a\":1,\"k\":{\"b\":1}}}}\n");
}

/// A loop of n rounds over the state.
std::string rounds(int count, const std::string& first, const std::string& next) {
    std::string list = "[";
    for (int i = 0; i < count; ++i) {
        list += i == 0 ? "1" : ", 1";
    }
    return list + "] | .[] as $i ireduce (" + first + "; " + next + ")";
}

/// That they end is the test; how long they may take is said by the time limit of all tests.
TEST(Bounds, GrowthEnds) {
    for (const std::string& expression :
         {rounds(60, "\"x\"", ". + ."), rounds(60, "[1]", ". + ."), rounds(60, "[1]", "[., .]"),
          rounds(60, "{\"a\": 1}", "{\"a\": ., \"b\": .}"), rounds(2000, "1", "[.]"),
          rounds(40, "[1, 2]", "[.[] + .[]]"), std::string("\"x\" * 9000000000"),
          std::string("[1,2,3,4,5,6,7,8,9,10] | [.[] + .[] + .[] + .[] + .[] + .[] + .[] + .[]]"),
          std::string("eval(\".a.b | eval(\\\"eval(.)\\\")\")"),
          std::string("\"eval(.)\" | eval(.)"), std::string(".a[99999999] = 1"),
          rounds(30, "\"a\"", "sub(\".\", \"xx\")"), rounds(600, ".", ".a")}) {
        const auto out = print(expression, "a: {}\n", false, {});
        EXPECT_TRUE(!out.has_value() || out->size() < 1000) << expression.substr(0, 200);
    }
}

TEST(Bounds, WorkThatMakesNothingEnds) {
    std::string list = "[0";
    std::string map = "{k: 0";
    for (int i = 1; i < 2'000; ++i) {
        list += ", " + std::to_string(i);
        map += ", k" + std::to_string(2'000 - i) + ": 1";
    }
    const std::string text = "l: " + list + "]\nm: " + map + "}\n";
    for (const char* const expression :
         {".l | contains([0, 1999, \"x\"])",
          ".l as $l | .l | map(. as $i | $l | contains([$i])) | length", ".m * .m | length",
          ".m | with_entries(.) | length",
          ".l[] as $i ireduce ({}; .[\"k\" + ($i | tostring)] = 1) | length", ".l - .l | length",
          ".m == .m", "[.l[] | $missing]"}) {
        const auto out = print(expression, text, false, {});
        EXPECT_TRUE(!out.has_value() || out->size() < 100'000) << expression;
    }
}

TEST(Bounds, AliasBombsAreRefused) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int k = 0; k < 9; ++k) {
            bomb += ", " + before;
        }
        bomb += "]\n";
    }
    EXPECT_NE(printed(".", bomb).find("expand to more than"), std::string::npos);
    // Below that bound, but many times over.
    const std::string text =
        "a: &a [" + join(std::vector<std::string>(2000, "x"), ", ") + "]\nb: *a\n";
    const std::string out = printed(rounds(5000, "[]", ". + [$doc]"), text);
    EXPECT_NE(out.find("there is no variable"), std::string::npos);
    const std::string grown =
        printed(". as $doc | " + rounds(3000, "[]", ". + [$doc.b]") + " | to_json", text);
    EXPECT_NE(grown.find("more values than can be handled"), std::string::npos)
        << grown.substr(0, 200);
}

TEST(Bounds, DeepTextsAndExpressions) {
    EXPECT_NE(printed(".", std::string(100'000, '[')).find("nested more than"), std::string::npos);
    EXPECT_EQ(printed(". | length", std::string(400, '[') + std::string(400, ']')), "1\n");
    for (const std::string& part :
         {std::string("("), std::string("["), std::string("{\"a\":"), std::string(".a = "),
          std::string("1 // "), std::string("map("), std::string("- "), std::string("\"\\("),
          std::string(".["), std::string(". as $x | ")}) {
        std::string expression;
        for (int i = 0; i < 50'000; ++i) {
            expression += part;
        }
        EXPECT_FALSE(parse(expression).has_value()) << part;
    }
    std::string path;
    for (int i = 0; i < 20'000; ++i) {
        path += ".a";
    }
    EXPECT_NE(printed(path + " = 1", "{}").find("nests more than"), std::string::npos);
    EXPECT_EQ(printed(path.substr(0, 800), "{}"), "null\n");
}

TEST(Speed, ASmallExpressionOnAFourKilobyteDocument) {
    std::string text = "name: web\nimages:\n";
    while (text.size() < 4096) {
        text +=
            "- location: \"https://example.com/image.img\" # pinned\n  arch: x86_64\n  digest: "
            "null\n";
    }
    const auto begin = std::chrono::steady_clock::now();
    constexpr int kRounds = 50;
    for (int i = 0; i < kRounds; ++i) {
        EXPECT_EQ(printed("select(.name == \"web\") | .images | length", text), "50\n");
    }
    const auto each = (std::chrono::steady_clock::now() - begin) / kRounds;
    EXPECT_LT(each, std::chrono::milliseconds(50))
        << "it takes less than half of one; a sanitizer makes it twenty times as much";
}

}  // namespace
}  // namespace lima::text::yq
