#include "plugins/qemu/picture.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lima::qemu {
namespace {

/// Red, green, blue; black, white, grey.
Pixels six() {
    return {.width = 3,
            .height = 2,
            .rgb = std::string("\xff\0\0\0\xff\0\0\0\xff\0\0\0\xff\xff\xff\x80\x80\x80", 18)};
}

std::string hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    }
    return out;
}

TEST(Picture, ReadsPpm) {
    const auto pixels = parse_ppm("P6\n# a comment\n3 2\n255\n" + six().rgb);
    ASSERT_TRUE(pixels) << pixels.error().text();
    EXPECT_EQ(pixels->width, 3U);
    EXPECT_EQ(pixels->height, 2U);
    EXPECT_EQ(pixels->rgb, six().rgb);
}

TEST(Picture, RefusesWhatIsNoPpm) {
    const std::string rgb = six().rgb;
    for (const std::string& text :
         {std::string(), std::string("P5\n3 2\n255\n") + rgb, std::string("P6\n"),
          std::string("P6\n3 2\n65535\n") + rgb, std::string("P6\n0 2\n255\n"),
          std::string("P6\n3 2\n255\n") + rgb.substr(1), std::string("P6\n99999 99999\n255\n"),
          std::string("P6\n# no end"), std::string("P6\n-3 2\n255\n") + rgb}) {
        EXPECT_FALSE(parse_ppm(text)) << hex(text);
    }
}

TEST(Picture, BmpStandsOnItsHeadAndIsPadded) {
    const std::string bmp = encode_bmp(six());
    ASSERT_EQ(bmp.size(), 54U + 2 * 12);
    EXPECT_EQ(hex(bmp.substr(0, 30)),
              "424d4e000000000000003600000028000000030000000200000001001800");
    EXPECT_EQ(hex(bmp.substr(54)),
              "000000ffffff808080000000"
              "0000ff00ff00ff0000000000");
}

TEST(Picture, PngIsAsOthersReadIt) {
    const std::string png = encode_png(six());
    // Made by zlib's crc32 and adler32.
    EXPECT_EQ(hex(png),
              "89504e470d0a1a0a0000000d49484452000000030000000208020000001216f14d0000001f494441"
              "547801011400ebff00ff000000ff000000ff00000000ffffff8080803ed8077b172a30de00000000"
              "49454e44ae426082");
}

}  // namespace
}  // namespace lima::qemu
