// The parts of lima-remote.so that need no process.
#include "core/base/json.hpp"
#include "sdk/remote/client/base64.hpp"
#include "sdk/remote/client/handover.hpp"
#include "sdk/remote/client/merge.hpp"
#include "sdk/remote/client/module.hpp"

#include <gtest/gtest.h>

namespace lima::remote::client {
namespace {

TEST(Base64Test, IsThatOfTheRfc) {
    const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"},
                                                         {"\xff\xfe", "//4="}};
    for (const auto& [plain, encoded] : cases) {
        EXPECT_EQ(encode_base64(plain), encoded);
        EXPECT_EQ(*decode_base64(encoded), plain);
    }
    EXPECT_FALSE(decode_base64("Zg="));
    EXPECT_FALSE(decode_base64("Z*=="));
}

TEST(MergeTest, WhatIsThereOverwritesAndTheRestStays) {
    Json base = {
        {"a", 1}, {"b", {{"c", 2}, {"d", 3}}}, {"list", {{{"x", 1}, {"y", 2}}, {{"x", 3}}}}};
    merge_reply(base, {{"b", {{"c", 4}}}, {"list", {{{"x", 9}}}}, {"new", true}});
    EXPECT_EQ(base, Json({{"a", 1},
                          {"b", {{"c", 4}, {"d", 3}}},
                          {"list", {{{"x", 9}, {"y", 2}}}},
                          {"new", true}}));
}

TEST(HandoverTest, ASocketThatIsNotThereIsAnError) {
    EXPECT_FALSE(fetch_descriptor("/nowhere/fd.sock", std::string(32, 'x')));
}

TEST(ModuleTest, RefusesOtherMajorsAndIsTheSameTwice) {
    const lima_driver_module* module = entry(LIMA_DRIVER_ABI);
    ASSERT_NE(module, nullptr);
    EXPECT_STREQ(module->name, "remote");
    EXPECT_EQ(entry(LIMA_DRIVER_ABI), module);
    EXPECT_EQ(entry(2U << 16), nullptr);
}

}  // namespace
}  // namespace lima::remote::client
