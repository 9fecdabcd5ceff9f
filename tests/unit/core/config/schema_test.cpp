#include "core/config/schema.hpp"

#include "config_support.hpp"
#include "core/base/json.hpp"

#include <gmock/gmock.h>

namespace lima::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> mistakes(const char* schema, const char* value) {
    Problems out;
    check_schema(Json::parse(schema), Json::parse(value), "x", out);
    std::vector<std::string> texts;
    for (const Problem& problem : out.list()) {
        texts.push_back(problem.message);
    }
    return texts;
}

TEST(Schema, Types) {
    const char* const values[] = {R"("a")", "1", "1.5", "true", "{}", "[]"};
    const std::map<std::string, std::string> fitting = {{"string", "100000"}, {"integer", "010000"},
                                                        {"number", "011000"}, {"boolean", "000100"},
                                                        {"object", "000010"}, {"array", "000001"}};
    for (const auto& [type, expected] : fitting) {
        std::string found;
        for (const char* value : values) {
            found += mistakes(("{\"type\":\"" + type + "\"}").c_str(), value).empty() ? '1' : '0';
        }
        EXPECT_EQ(found, expected) << type;
    }
    EXPECT_THAT(mistakes(R"({"type":["integer","boolean"]})", R"("a")"),
                ElementsAre(R"(field `x` must be a whole number or true or false, got "a")"));
    EXPECT_THAT(mistakes(R"({"type":"integer"})", "2.0"), IsEmpty());
    EXPECT_THAT(mistakes(R"({"type":"date"})", "2"), IsEmpty());
    EXPECT_THAT(mistakes(R"({"type":7})", "2"), IsEmpty());
}

TEST(Schema, NullIsAbsent) {
    EXPECT_THAT(mistakes(R"({"type":"string","enum":["a"]})", "null"), IsEmpty());
    EXPECT_THAT(mistakes(R"({"required":["a","b","c"]})", R"({"a":null,"b":1})"),
                ElementsAre("field `x.a` must be set", "field `x.c` must be set"));
}

TEST(Schema, EnumAndRange) {
    EXPECT_THAT(mistakes(R"({"enum":["raw",2]})", R"("raw")"), IsEmpty());
    EXPECT_THAT(mistakes(R"({"enum":["raw",2]})", R"("RAW")"),
                ElementsAre(R"(field `x` must be one of "raw", 2, got "RAW")"));
    const char* range = R"({"minimum":0,"maximum":1.5})";
    EXPECT_THAT(mistakes(range, "0"), IsEmpty());
    EXPECT_THAT(mistakes(range, "1.5"), IsEmpty());
    EXPECT_THAT(mistakes(range, "-1"), ElementsAre("field `x` must be at least 0, got -1"));
    EXPECT_THAT(mistakes(range, "2"), ElementsAre("field `x` must be at most 1.5, got 2"));
    EXPECT_THAT(mistakes(range, R"("many")"), IsEmpty());
}

TEST(Schema, Pattern) {
    EXPECT_THAT(mistakes(R"({"pattern":"^[0-9]+$"})", R"("12")"), IsEmpty());
    EXPECT_THAT(mistakes(R"({"pattern":"^[0-9]+$"})", R"("1b")"),
                ElementsAre(R"(field `x` must match ^[0-9]+$, got "1b")"));
    EXPECT_THAT(mistakes(R"({"pattern":"b"})", R"("abc")"), IsEmpty());
    const std::string much = "\"" + std::string(100'000, 'a') + "\"";
    EXPECT_THAT(mistakes(R"({"pattern":"^(a|b)*$"})", much.c_str()),
                ElementsAre("field `x` must have at most 4096 characters"));
}

TEST(Schema, ABrokenPatternIsTheDriversFault) {
    Problems out;
    check_schema(Json::parse(R"({"pattern":"("})"), Json("a"), "x", out);
    EXPECT_TRUE(out.list().empty());
    EXPECT_EQ(out.warnings().size(), 1U);
}

TEST(Schema, Objects) {
    const char* closed = R"({"properties":{"a":{"type":"string"},"b":{}},
                             "additionalProperties":false})";
    EXPECT_THAT(mistakes(closed, R"({"a":"1","b":[{}]})"), IsEmpty());
    EXPECT_THAT(
        mistakes(closed, R"({"a":1,"c":2})"),
        ElementsAre("field `x.a` must be a string, got 1", "field `x.c` is unknown (known: a, b)"));
    EXPECT_THAT(mistakes(R"({"additionalProperties":false})", R"({"c":2})"),
                ElementsAre("field `x.c` is unknown (no key is known here)"));
    EXPECT_THAT(mistakes(R"({"properties":{"a":{}}})", R"({"c":2})"), IsEmpty());
    EXPECT_THAT(mistakes(R"({"additionalProperties":{"type":"string"}})", R"({"c":2,"d":"e"})"),
                ElementsAre("field `x.c` must be a string, got 2"));
    EXPECT_THAT(mistakes(R"({"properties":{"a":false,"b":true}})", R"({"a":1,"b":1})"),
                ElementsAre("field `x.a` must not be set"));
}

TEST(Schema, Items) {
    EXPECT_THAT(mistakes(R"({"items":{"minimum":2}})", "[1,2,{},1]"),
                ElementsAre("field `x[0]` must be at least 2, got 1",
                            "field `x[3]` must be at least 2, got 1"));
}

TEST(Schema, OtherKeywordsAreIgnored) {
    EXPECT_THAT(mistakes(R"({"$ref":"#/x","oneOf":[],"const":3,"format":"uri"})", "4"), IsEmpty());
}

std::string vm_opts_problems(const std::string& text, const Json& schema) {
    const LoadInput in = test::input(text);
    ValidateInput check;
    check.host = in.host;
    check.driver_known = [](const std::string&) { return true; };
    check.images_required = false;
    check.vm_opts_schema = &schema;
    check.source = &in;
    const auto done = validate(test::must_load(in), check);
    return done ? "" : done.error().text();
}

TEST(ValidateVmOpts, NamesFileLineColumnAndField) {
    const Json schema =
        Json::parse(R"({"properties":{"size":{"maximum":4},"list":{"items":{"type":"string"}}},)"
                    R"("additionalProperties":false,"required":["list"]})");
    const std::string found = vm_opts_problems(
        "vmType: my\nvmOpts:\n  other: {any: 1}\n  my:\n    size: 9\n    list: [a, 2]\n"
        "    oops: 1\n",
        schema);
    EXPECT_TRUE(test::has(found, "lima.yaml:5:11: field `vmOpts.my.size` must be at most 4, got 9"))
        << found;
    EXPECT_TRUE(test::has(found, "lima.yaml:6:15: field `vmOpts.my.list[1]` must be a string"))
        << found;
    EXPECT_TRUE(test::has(found, "lima.yaml:7:11: field `vmOpts.my.oops` is unknown (known: size"))
        << found;
    EXPECT_TRUE(test::has(vm_opts_problems("vmType: my\nvmOpts: {my: {size: 1}}\n", schema),
                          "field `vmOpts.my.list` must be set"));
    EXPECT_EQ(vm_opts_problems("vmType: my\nvmOpts: {other: {size: 9}}\n", schema), "");
}

}  // namespace
}  // namespace lima::config
