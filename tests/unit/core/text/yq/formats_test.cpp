#include "core/text/yq/formats.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/text/yq/program_options.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

namespace lima::text::yq {
namespace {

const std::string kData = LIMA_SOURCE_DIR "/tests/data/yq/";

Json read_json(const std::string& name) {
    auto text = fs::read_file(kData + name);
    EXPECT_TRUE(text.has_value());
    auto json = parse_json(text ? *text : "{}");
    EXPECT_TRUE(json.has_value()) << (json ? "" : json.error().text());
    return json ? *json : Json::object();
}

/// As the program prints: all documents, in YAML with --- between them.
Result<std::string> convert(const Json& vector) {
    std::vector<std::string> flags;
    for (const Json& flag : vector["flags"]) {
        flags.push_back(flag.get<std::string>());
    }
    LIMA_TRY(ProgramOptions options, parse_program_options(flags));
    const std::string to = json_string(vector, "to");
    options.encode.unwrap_scalar = options.unwrap.value_or(to != "json");
    const Format* reader = find_format(json_string(vector, "from"));
    const Format* writer = find_format(to);
    LIMA_TRY(auto documents, reader->decode(json_string(vector, "text"), "t", options.decode));
    if (documents.empty()) {
        documents.push_back(make_scalar("!!null", ""));
    }
    std::string out;
    for (const NodePtr& document : documents) {
        out += !out.empty() && to == "yaml" ? "---\n" : "";
        LIMA_TRY(const std::string text, writer->encode(*document, options.encode));
        out += text;
    }
    return out;
}

std::string key_of(const Json& vector) {
    return dump_json(Json::array({vector["from"], vector["to"], vector["flags"], vector["text"]}));
}

/// What the original printed, or we where that is otherwise on purpose. LIMA_TEST_ACCEPT=1 writes
/// down what differs; why it does is for the author to say.
TEST(Formats, PrintAsTheOriginalDoes) {
    const Json recorded = read_json("formats.json");
    std::map<std::string, Json> ours;
    for (const Json& vector : read_json("formats_ours.json")) {
        ours[key_of(vector)] = vector;
    }
    const bool accept = std::getenv("LIMA_TEST_ACCEPT") != nullptr;
    Json accepted = Json::array();
    ASSERT_GT(recorded["vectors"].size(), 500U);
    for (const Json& vector : recorded["vectors"]) {
        const auto mine = ours.find(key_of(vector));
        const Json expected = mine == ours.end() ? vector["yq"] : mine->second["ours"];
        const auto printed = convert(vector);
        const Json actual = printed ? Json(*printed) : Json(nullptr);
        if (mine != ours.end() && !accept) {
            EXPECT_NE(expected, vector["yq"]) << "does not differ any more: " << key_of(vector);
            EXPECT_NE(json_string(mine->second, "why"), "") << key_of(vector);
        }
        if (!accept) {
            EXPECT_EQ(actual, expected) << key_of(vector) << "\n"
                                        << (printed ? *printed : printed.error().text());
        } else if (actual != vector["yq"]) {
            accepted.push_back({{"from", vector["from"]},
                                {"to", vector["to"]},
                                {"flags", vector["flags"]},
                                {"text", vector["text"]},
                                {"ours", actual},
                                {"why", mine == ours.end() ? "" : mine->second["why"]}});
        }
    }
    if (accept) {
        std::string text = "[\n";
        for (const Json& entry : accepted) {
            text += dump_json(entry) + (&entry == &accepted.back() ? "\n" : ",\n");
        }
        ASSERT_TRUE(fs::write_file_atomic(kData + "formats_ours.json", text + "]\n"));
        GTEST_SKIP() << "rewritten";
    }
}

Documents decode(const char* format, std::string_view text) {
    auto documents = find_format(format)->decode(text, "t", {});
    EXPECT_TRUE(documents.has_value()) << (documents ? "" : documents.error().text());
    return documents ? *documents : Documents{};
}

std::string encode(const char* format, const Node& node, const EncodeOptions& options = {}) {
    auto text = find_format(format)->encode(node, options);
    EXPECT_TRUE(text.has_value()) << (text ? "" : text.error().text());
    return text ? *text : "";
}

std::string error_of(const char* format, std::string_view text) {
    const auto documents = find_format(format)->decode(text, "t", {});
    EXPECT_FALSE(documents.has_value()) << text;
    return documents ? "" : documents.error().text();
}

TEST(Formats, AreFoundByNameAndByFile) {
    EXPECT_STREQ(find_format("y")->name, "yaml");
    EXPECT_STREQ(find_format("toml")->name, "toml");
    EXPECT_EQ(find_format(""), nullptr);
    EXPECT_EQ(find_format("hcl"), nullptr);
    EXPECT_STREQ(format_of_file("/a.b/c.json").name, "json");
    EXPECT_STREQ(format_of_file("c.ndjson").name, "json");
    EXPECT_STREQ(format_of_file("a/C.INI").name, "ini");
    EXPECT_STREQ(format_of_file("x.properties").name, "props");
    EXPECT_STREQ(format_of_file("x.yml").name, "yaml");
    EXPECT_STREQ(format_of_file("/etc.toml/x").name, "yaml");
    // Their names are those of formats, but these files are in others.
    EXPECT_STREQ(format_of_file("x.sh").name, "yaml");
    EXPECT_STREQ(format_of_file("x.c").name, "yaml");
    EXPECT_STREQ(format_of_file("x.lua").name, "yaml");
}

/// What is read and written again without a change stands as it stood, comments and all.
TEST(Formats, KeepComments) {
    const std::map<const char*, std::string> texts{
        {"props", "# one\na = 1\n\n# two\n# three\nb.c = 2\n# end\n"},
        {"ini", "# one\na = 1\n\n# two\n[s]\n# three\nk    = v  # four\nlong = w\n# end\n"},
        {"toml",
         "# one\na = 1  # two\n\n# three\n[t]  # four\n# five\nb = [\n  1,  # six\n  # seven\n"
         "  2,\n]\nc = { d = 1 }\n\n# eight\n[[u]]\nx = 0xFF\n\n# nine\n[[u]]\nx = 1_000\n\n"
         "# ten\n[v.w]\ny = 1979-05-27\n# end\n"},
        {"xml",
         "<?xml version=\"1.0\"?>\n<!-- one -->\n<a x=\"1\">\n  <!-- two -->\n  <b>t<!-- three "
         "--></b>\n  <c></c>\n  <!-- four -->\n</a>\n<!-- end -->\n"},
    };
    for (const auto& [format, text] : texts) {
        const Documents documents = decode(format, text);
        ASSERT_EQ(documents.size(), 1U) << format;
        EXPECT_EQ(encode(format, *documents.front()), text);
    }
}

/// No value is lost or changed on the way through a format that can hold it.
TEST(Formats, ReadWhatTheyWrote) {
    const Json deep = *parse_json(
        R"({"s":"a\"b\\c\n\té😀","t":"x y","q":"'","h":"# no","e":" = : ","u":{"v":{"w":"1"}}})");
    for (const char* format : {"json", "props", "toml", "xml", "yaml"}) {
        const Documents back = decode(format, encode(format, *from_json(deep)));
        ASSERT_EQ(back.size(), 1U) << format;
        Json expected = deep;
        if (format == std::string("xml")) {
            expected["e"] = "= :";  // white space at the ends is none of XML's
        }
        EXPECT_EQ(to_json(*back.front()), expected) << format;
    }
    const Json flat = *parse_json(
        R"({"a":"b;c","c":"x ; y","d":"\"q\"","e":"'q'","f":"back\\","g":" sp ","h":"`","k=k":"v",)"
        R"("-":"v","h\"":"x\n\"","i":" \"","s":{"m":"1\n2","#k":"","[k":"v"," k ":" v "}})");
    EXPECT_EQ(to_json(*decode("ini", encode("ini", *from_json(flat))).front()), flat);
    const Json numbers = *parse_json(
        R"({"i":-12,"f":1.5,"b":true,"l":[1,"x",[2],{"y":false}],"t":[{"a":1},{"b":{"c":2}}]})");
    for (const char* format : {"json", "toml", "yaml"}) {
        EXPECT_EQ(to_json(*decode(format, encode(format, *from_json(numbers))).front()), numbers);
    }
    const Json rows = *parse_json(R"([{"a":1,"b c":"x,\"y\"\nz"},{"a":true,"b c":" t\t"}])");
    for (const char* format : {"csv", "tsv"}) {
        EXPECT_EQ(to_json(*decode(format, encode(format, *from_json(rows))).front()), rows);
    }
}

TEST(Formats, NumbersOfJsonKeepAllDigits) {
    const Documents documents = decode("json", "[12345678901234567890123, 1.50, 1E3, -0]");
    EXPECT_EQ(encode("yaml", *documents.front()),
              "- 12345678901234567890123\n- 1.50\n- 1E3\n- 0\n");
    EncodeOptions line;
    line.indent = 0;
    EXPECT_EQ(encode("json", *documents.front(), line), "[12345678901234567890123,1.5,1000,0]\n");
}

TEST(Formats, JsonInColour) {
    EncodeOptions options;
    options.indent = 0;
    options.colour = true;
    EXPECT_EQ(encode("json", *decode("json", R"({"a":["s",1,null]})").front(), options),
              "{\x1b[36m\"a\"\x1b[0m:[\x1b[32m\"s\"\x1b[0m,\x1b[95m1\x1b[0m,null]}\n");
}

/// A value whose key begins with the key of another is no reason to lose one of them.
TEST(Formats, PropertiesMayBeValuesAndPrefixes) {
    const std::string text = "log.A = console\nlog.A.layout = x\nlog.A.layout.b = y\n";
    const Documents documents = decode("props", text);
    EXPECT_EQ(dump_json(to_json(*documents.front())),
              R"({"log":{"A":"console","A.layout":"x","A.layout.b":"y"}})");
    EXPECT_EQ(encode("props", *documents.front()), text);
}

TEST(Formats, MistakesShowTheLine) {
    EXPECT_EQ(error_of("json", "{\n  \"a\": tru\n}").substr(0, 7), "t:2:11:");
    EXPECT_NE(error_of("json", "{\n  \"a\": tru\n}").find("  \"a\": tru\n"), std::string::npos);
    EXPECT_EQ(error_of("json", "1 2\n [}").substr(0, 6), "t:2:3:");
    EXPECT_EQ(error_of("props", "a = 1\nb = \\u12x4\n").substr(0, 6), "t:2:7:");
    EXPECT_EQ(error_of("csv", "a,b\n1,2\n3\n").substr(0, 6), "t:3:1:");
    EXPECT_EQ(error_of("csv", "a,b\n1,x\"y\n").substr(0, 6), "t:2:4:");
    EXPECT_EQ(error_of("ini", "[s]\n  what\n").substr(0, 6), "t:2:3:");
    EXPECT_EQ(error_of("ini", "[s\n").substr(0, 6), "t:1:1:");
    EXPECT_EQ(error_of("toml", "a = 1\n\nb = ]\n").substr(0, 4), "t:3:");
    EXPECT_EQ(error_of("toml", "a = 1\na = 2\n").substr(0, 4), "t:2:");
    EXPECT_EQ(error_of("xml", "<a>\n  <b></c>\n</a>").substr(0, 6), "t:2:8:");
    EXPECT_EQ(error_of("xml", "<a/>\n<b>").substr(0, 4), "t:2:");
    EXPECT_EQ(error_of("uri", "a%2").substr(0, 6), "t:1:2:");
}

TEST(Formats, RefuseWhatGrowsWithoutBounds) {
    // Ten aliases of ten aliases of …: an expression can make it, a text that is read cannot.
    NodePtr bomb = make_string("x");
    std::vector<NodePtr> kept;
    for (int level = 0; level < 9; ++level) {
        NodePtr list = make_sequence();
        for (int i = 0; i < 10; ++i) {
            auto alias = std::make_shared<Node>();
            alias->kind = Kind::kAlias;
            alias->target = bomb;
            append(*list, std::move(alias));
        }
        kept.push_back(bomb);
        bomb = std::move(list);
    }
    EXPECT_FALSE(find_format("json")->encode(*bomb, {}));
    const std::string open(100'000, '[');
    EXPECT_NE(error_of("json", open).find("nested too deep"), std::string::npos);
    error_of("toml", "a = " + open);
    std::string elements;
    for (int i = 0; i < 1000; ++i) {
        elements += "<a>";
    }
    EXPECT_NE(error_of("xml", elements).find("nested too deep"), std::string::npos);
    error_of("xml",
             "<!DOCTYPE a [<!ENTITY x \"xxxxxxxxxx\"><!ENTITY y \"&x;&x;&x;&x;&x;&x;&x;&x;&x;\">"
             "<!ENTITY z \"&y;&y;&y;&y;&y;&y;&y;&y;&y;\"><!ENTITY w \"&z;&z;&z;&z;&z;&z;&z;\">"
             "<!ENTITY v \"&w;&w;&w;&w;&w;&w;&w;\"><!ENTITY u \"&v;&v;&v;&v;&v;&v;&v;&v;\">"
             "<!ENTITY t \"&u;&u;&u;&u;&u;&u;&u;&u;\"><!ENTITY s \"&t;&t;&t;&t;&t;&t;&t;&t;\">]>"
             "<a>&s;&s;&s;</a>");
    error_of("props", "a.999999999.b = 1\n");
    std::string many;
    for (int i = 0; i < 3; ++i) {
        many += fmt::format("a{}.4999 = 1\n", i);
    }
    EXPECT_NE(error_of("props", many).find("t:3:1: index 4999 leaves too many empty items"),
              std::string::npos)
        << error_of("props", many);
}

TEST(Formats, ShellsWord) {
    EXPECT_EQ(encode("sh", *make_string("plain-1.2")), "plain-1.2");
    EXPECT_EQ(encode("sh", *make_string("a b c")), "a' b c'");
    EXPECT_EQ(encode("sh", *make_string("it's x")), "it\\'s' x'");
    EXPECT_EQ(encode("sh", *make_string("x y'z w")), "x' y'\\'z' w'");
}

}  // namespace
}  // namespace lima::text::yq
