#include "core/config/param.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lima::config {
namespace {

TEST(Param, IsMentionedInAnActionOrAsAVariable) {
    for (const char* text :
         {"{{.Param.key}}", "a {{ .Param.key }} b", "{{if .Param.key}}x{{end}}", "{{{.Param.key}}",
          "{{.Param.no} }} {{.Param.key}}", "$PARAM_key", "x=${PARAM_key}", "{{.Param.keys}}"}) {
        EXPECT_TRUE(mentions_param(text, "key")) << text;
    }
    for (const char* text :
         {"", ".Param.key", "{.Param.key}", "{{.Param.key}", "{{.Param.key", "{{ } .Param.key}}",
          ".Param.key}}", "{{}} .Param.key}}", "{{.Param.ke}}", "PARAM_keys", "MY_PARAM_key"}) {
        EXPECT_FALSE(mentions_param(text, "key")) << text;
    }
}

TEST(Param, LongTextsAreSearchedInOnePass) {
    std::string text;
    for (int i = 0; i < 300'000; ++i) {
        text += ".Param.key";
    }
    EXPECT_FALSE(mentions_param(text, "key"));
    EXPECT_FALSE(mentions_param("{{" + text, "key"));
    EXPECT_FALSE(mentions_param(text + "}", "key"));
    EXPECT_TRUE(mentions_param("{{" + text + "}}", "key"));
}

}  // namespace
}  // namespace lima::config
