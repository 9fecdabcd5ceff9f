// Vectors 69 and 70 of spec/config.md section 10, by number: how the filled YAML writes texts, and
// the JSON that `info` shows. What `list` makes of it: tests/unit/core/cli/format_test.cpp.
#include "config_support.hpp"
#include "core/base/json.hpp"

namespace lima::config {
namespace {

TEST(ConfigVectors, V69_TextsAreWrittenAsTheyAreReadBack) {
    Config config;
    config.message = "a\n";
    config.provision.resize(1);
    config.provision[0].script = "#!/bin/sh\necho\n";
    for (const char* location : {"~", "null"}) {
        config.mounts.emplace_back().location = location;
    }
    config.env["N"] = "y";
    EXPECT_EQ(to_yaml(config),
              "mounts:\n- location: \"~\"\n- location: \"null\"\n"
              "provision:\n- script: \"#!/bin/sh\\necho\\n\"\n"
              "message: |\n  a\n"
              "env:\n  \"N\": \"y\"\n");
}

TEST(ConfigVectors, V69_WhatLooksLikeSomethingElseIsQuoted) {
    const auto value = [](const std::string& text) {
        Config config;
        config.env["K"] = text;
        const std::string yaml = to_yaml(config);
        const auto back = decode(Source{yaml, "t"});
        EXPECT_TRUE(back.has_value()) << yaml;
        EXPECT_EQ(back ? back->config.env : StringMap{}, config.env) << yaml;
        const std::string begin = "env:\n  K: ";
        EXPECT_TRUE(yaml.starts_with(begin)) << yaml;
        return yaml.substr(begin.size());
    };
    for (const std::string text : {"15:04", "2001-01-01", "off", "+1", "0600", "a: b", "x # y"}) {
        EXPECT_EQ(value(text), "\"" + text + "\"\n");
    }
    EXPECT_EQ(value("a\\b"), "\"a\\\\b\"\n");
    for (const std::string text : {"1e3", "1.2.3", "http://x"}) {
        EXPECT_EQ(value(text), text + "\n");
    }
}

TEST(ConfigVectors, V70_InfoShowsEmptySections) {
    const Json json = to_json(test::must_load(test::kImages + "mounts: [{location: /m}]\n"));
    EXPECT_EQ(dump_json(json["rosetta"]), "{}");
    EXPECT_EQ(dump_json(json["mounts"][0]["virtiofs"]), "{}");
    EXPECT_TRUE(json["video"].contains("vnc"));
}

}  // namespace
}  // namespace lima::config
