#include "plugins/qemu/picture.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace lima::qemu {

namespace {

constexpr std::uint32_t kLargest = 16384;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// The next number of a PPM's head; comments run from # to the end of the line.
Result<std::uint32_t> next_number(std::string_view data, std::size_t& at) {
    while (at < data.size() && (is_space(data[at]) || data[at] == '#')) {
        at = data[at] == '#' ? std::min(data.find('\n', at), data.size()) : at + 1;
    }
    std::uint32_t value = 0;
    const char* begin = data.data() + at;
    const auto [end, error] = std::from_chars(begin, data.data() + data.size(), value);
    if (error != std::errc()) {
        return failf(Code::kInternal, "QEMU's picture has a broken head");
    }
    at += static_cast<std::size_t>(end - begin);
    return value;
}

void put_little(std::string& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) {
        out += static_cast<char>(value >> (8 * i) & 0xFF);
    }
}

void put_big(std::string& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        out += static_cast<char>(value >> shift & 0xFF);
    }
}

std::uint32_t crc32(std::string_view data) {
    static constexpr auto kTable = [] {
        std::array<std::uint32_t, 256> table{};
        for (std::uint32_t i = 0; i < table.size(); ++i) {
            std::uint32_t value = i;
            for (int bit = 0; bit < 8; ++bit) {
                value = (value & 1) != 0 ? 0xEDB88320U ^ (value >> 1) : value >> 1;
            }
            table[i] = value;
        }
        return table;
    }();
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char c : data) {
        crc = kTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF] ^ (crc >> 8);
    }
    return ~crc;
}

std::uint32_t adler32(std::string_view data) {
    std::uint32_t a = 1;
    std::uint32_t b = 0;
    for (const char c : data) {
        a = (a + static_cast<unsigned char>(c)) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/// A zlib stream of stored blocks.
std::string stored(std::string_view data) {
    constexpr std::size_t kBlock = 65535;
    std::string out = "\x78\x01";
    for (std::size_t at = 0; at < data.size(); at += kBlock) {
        const std::string_view block = data.substr(at, kBlock);
        const auto size = static_cast<std::uint32_t>(block.size());
        out += at + kBlock >= data.size() ? '\1' : '\0';
        put_little(out, size, 2);
        put_little(out, ~size, 2);
        out += block;
    }
    put_big(out, adler32(data));
    return out;
}

void put_chunk(std::string& out, std::string_view type, std::string_view data) {
    put_big(out, static_cast<std::uint32_t>(data.size()));
    std::string body(type);
    body += data;
    out += body;
    put_big(out, crc32(body));
}

}  // namespace

Result<Pixels> parse_ppm(std::string_view data) {
    if (!data.starts_with("P6")) {
        return failf(Code::kInternal, "QEMU's picture is no PPM");
    }
    std::size_t at = 2;
    Pixels out;
    LIMA_TRY(out.width, next_number(data, at));
    LIMA_TRY(out.height, next_number(data, at));
    LIMA_TRY(const std::uint32_t most, next_number(data, at));
    if (most != 255 || out.width == 0 || out.height == 0 || out.width > kLargest ||
        out.height > kLargest) {
        return failf(Code::kInternal, "QEMU's picture has {}x{} pixels up to {}", out.width,
                     out.height, most);
    }
    const std::size_t size = std::size_t{3} * out.width * out.height;
    if (data.size() < at + 1 + size) {
        return failf(Code::kInternal, "QEMU's picture ends early");
    }
    out.rgb = data.substr(at + 1, size);
    return out;
}

std::string encode_bmp(const Pixels& pixels) {
    const std::size_t row = std::size_t{3} * pixels.width;
    const std::size_t padded = (row + 3) / 4 * 4;
    const auto size = static_cast<std::uint32_t>(padded * pixels.height);
    constexpr std::uint32_t kHead = 54;
    std::string out = "BM";
    put_little(out, kHead + size, 4);
    put_little(out, 0, 4);
    put_little(out, kHead, 4);
    put_little(out, 40, 4);
    put_little(out, pixels.width, 4);
    put_little(out, pixels.height, 4);
    put_little(out, 1, 2);
    put_little(out, 24, 2);
    put_little(out, 0, 4);
    put_little(out, size, 4);
    put_little(out, 2835, 4);  // 72 dots an inch
    put_little(out, 2835, 4);
    put_little(out, 0, 4);
    put_little(out, 0, 4);
    for (std::uint32_t y = pixels.height; y-- > 0;) {
        const char* from = pixels.rgb.data() + y * row;
        for (std::size_t x = 0; x < row; x += 3) {
            out += from[x + 2];
            out += from[x + 1];
            out += from[x];
        }
        out.append(padded - row, '\0');
    }
    return out;
}

std::string encode_png(const Pixels& pixels) {
    const std::size_t row = std::size_t{3} * pixels.width;
    std::string head;
    put_big(head, pixels.width);
    put_big(head, pixels.height);
    head +=
        std::string("\x08\x02\x00\x00\x00", 5);  // 8 bits, RGB, deflate, no filter, no interlace
    std::string rows;
    for (std::size_t y = 0; y < pixels.height; ++y) {
        rows += '\0';
        rows.append(pixels.rgb, y * row, row);
    }
    std::string out = "\x89PNG\r\n\x1a\n";
    put_chunk(out, "IHDR", head);
    put_chunk(out, "IDAT", stored(rows));
    put_chunk(out, "IEND", {});
    return out;
}

}  // namespace lima::qemu
