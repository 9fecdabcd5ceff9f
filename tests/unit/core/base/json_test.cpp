#include "core/base/json.hpp"

#include <gtest/gtest.h>

namespace lima {
namespace {

TEST(Json, KeepsTheOrderOfKeys) {
    const auto value = parse_json(R"({"z":1,"a":{"y":[true,null],"b":"x"}})");
    ASSERT_TRUE(value);
    EXPECT_EQ(dump_json(*value), R"({"z":1,"a":{"y":[true,null],"b":"x"}})");
    EXPECT_EQ(dump_json(Json{{"a", 1}}, 4), "{\n    \"a\": 1\n}");
}

TEST(Json, BadTextIsAnError) {
    for (const char* bad : {"", "{", "[1,]", "{\"a\":1} x"}) {
        const auto value = parse_json(bad);
        ASSERT_FALSE(value) << bad;
        EXPECT_EQ(value.error().code(), Code::kInvalidArgument);
        EXPECT_EQ(value.error().text().find("invalid JSON: parse error at line 1"), 0U)
            << value.error().text();
    }
}

TEST(Json, BadUtf8IsReplaced) { EXPECT_EQ(dump_json(Json("a\xFFz")), "\"a\xEF\xBF\xBDz\""); }

TEST(Json, EncodeString) {
    EXPECT_EQ(encode_json_string("a\"\\\b\f\n\r\t\x01\x7f"),
              "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\"");
    EXPECT_EQ(encode_json_string("<&>"), "\"<&>\"");
    EXPECT_EQ(encode_json_string("<&>", true), R"("\u003c\u0026\u003e")");
    EXPECT_EQ(encode_json_string("\xE2\x80\xA8\xFF\xC3\xBC"), "\"\\u2028\\ufffd\xC3\xBC\"");
    EXPECT_EQ(encode_json_string(std::string("\0", 1)), R"("\u0000")");
}

TEST(Json, Getters) {
    const Json object = {{"s", "text"}, {"i", 7}, {"b", true}, {"n", nullptr}};
    EXPECT_EQ(json_string(object, "s"), "text");
    EXPECT_EQ(json_string(object, "i", "fallback"), "fallback");
    EXPECT_EQ(json_string(object, "missing"), "");
    EXPECT_EQ(json_int(object, "i"), 7);
    EXPECT_EQ(json_int(object, "s", -1), -1);
    EXPECT_TRUE(json_bool(object, "b"));
    EXPECT_TRUE(json_bool(object, "n", true));
    EXPECT_EQ(json_int(Json::array(), "i", 3), 3);
    EXPECT_EQ(json_string(Json(), "s", "x"), "x");
    EXPECT_FALSE(json_bool(Json("b"), "b"));
}

}  // namespace
}  // namespace lima
