#include "core/base/utf8.hpp"

#include <gtest/gtest.h>

namespace lima::utf8 {
namespace {

TEST(Utf8, AppendAndDecodeAreInverse) {
    for (const char32_t value : {0x0U, 0x41U, 0x7FU, 0x80U, 0x7FFU, 0x800U, 0xD7FFU, 0xE000U,
                                 0xFFFFU, 0x10000U, 0x10FFFFU}) {
        std::string text;
        append(text, value);
        const Rune rune = decode(text);
        EXPECT_TRUE(rune.valid);
        EXPECT_EQ(rune.value, value);
        EXPECT_EQ(rune.size, text.size());
    }
}

TEST(Utf8, WhatIsNoCodePointBecomesTheReplacement) {
    std::string text;
    append(text, 0xD800);
    append(text, 0x110000);
    EXPECT_EQ(text, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Utf8, Valid) {
    EXPECT_TRUE(valid(""));
    EXPECT_TRUE(valid("a\xC3\xA4\xE4\xB8\xAD\xF0\x9F\x98\x80"));
    for (const char* bad :
         {"\x80", "\xC3", "\xC1\xBF", "\xE0\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80"}) {
        EXPECT_FALSE(valid(bad));
    }
}

TEST(Utf8, Printable) {
    for (const char32_t yes :
         {U' ', U'~', U'\u00A1', U'\u00FC', U'\u0416', U'\u4E2D', U'\U0001F600', U'\uFFFD'}) {
        EXPECT_TRUE(is_printable(yes)) << static_cast<unsigned>(yes);
    }
    for (const char32_t no :
         {U'\x1f', U'\x7f', char32_t{0x85}, char32_t{0xA0}, char32_t{0xAD}, char32_t{0x378},
          char32_t{0x2028}, char32_t{0x3000}, char32_t{0xE000}, char32_t{0x10FFFF}}) {
        EXPECT_FALSE(is_printable(no)) << static_cast<unsigned>(no);
    }
}

}  // namespace
}  // namespace lima::utf8
