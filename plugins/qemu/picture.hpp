// Pictures of a screen as bytes: what QEMU dumps (PPM) as PNG or BMP. Pure functions.
#pragma once

#include "core/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace lima::qemu {

struct Pixels {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::string rgb;  // three bytes each, rows from the top
};

/// A binary PPM with 8 bits a colour.
Result<Pixels> parse_ppm(std::string_view data);
/// 24 bits a pixel, not compressed.
std::string encode_bmp(const Pixels& pixels);
/// Not compressed either: there is no zlib in a driver.
std::string encode_png(const Pixels& pixels);

}  // namespace lima::qemu
