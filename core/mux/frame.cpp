#include "core/mux/frame.hpp"

#include "core/base/error.hpp"

#include <algorithm>
#include <cstring>
#include <unistd.h>

namespace lima::mux {
namespace {

// Not text, and with bytes that are rare in it.
constexpr std::array<std::byte, 8> kMagic{std::byte{0xf5}, std::byte{'l'}, std::byte{'i'},
                                          std::byte{'m'},  std::byte{'a'}, std::byte{0xc0},
                                          std::byte{0x1a}, std::byte{0xfe}};

bool is_kind(std::byte value) {
    const auto kind = static_cast<ControlKind>(value);
    return kind == ControlKind::kHello || kind == ControlKind::kWelcome ||
           kind == ControlKind::kStart;
}

}  // namespace

void put_u32(std::span<std::byte> into, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) {
        into[i] = static_cast<std::byte>(value >> (8 * i));
    }
}

std::uint32_t get_u32(std::span<const std::byte> from) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        value |= std::to_integer<std::uint32_t>(from[i]) << (8 * i);
    }
    return value;
}

std::array<std::byte, kHeaderSize> encode_header(const Header& header) {
    std::array<std::byte, kHeaderSize> out{};
    put_u32(out, header.length << 8 | static_cast<std::uint32_t>(header.type));
    put_u32(std::span(out).subspan(4), header.stream);
    return out;
}

Header decode_header(std::span<const std::byte> bytes) {
    const std::uint32_t first = get_u32(bytes);
    Header header;
    header.type = static_cast<Type>(first & 0xffU);
    header.length = first >> 8;
    header.stream = get_u32(bytes.subspan(4));
    return header;
}

std::vector<std::byte> encode_frame(Type type, std::uint32_t stream,
                                    std::span<const std::byte> payload) {
    LIMA_CHECK(payload.size() <= kMaxPayload);
    Header header;
    header.type = type;
    header.length = static_cast<std::uint32_t>(payload.size());
    header.stream = stream;
    const auto head = encode_header(header);
    std::vector<std::byte> out(kHeaderSize + payload.size() + kEndSize, kEndMark);
    std::copy(head.begin(), head.end(), out.begin());
    std::copy(payload.begin(), payload.end(), out.begin() + kHeaderSize);
    return out;
}

Id random_id() {
    Id id{};
    LIMA_CHECK(::getentropy(id.data(), id.size()) == 0);
    return id;
}

std::vector<std::byte> encode_control(const Control& control) {
    std::array<std::byte, kControlSize> payload{};
    auto out = std::copy(kMagic.begin(), kMagic.end(), payload.begin());
    *out++ = static_cast<std::byte>(control.kind);
    *out++ = static_cast<std::byte>(control.version);
    out = std::copy(control.session.begin(), control.session.end(), out);
    std::copy(control.agent.begin(), control.agent.end(), out);
    return encode_frame(Type::kControl, 0, payload);
}

std::optional<Control> decode_control(std::span<const std::byte> payload) {
    if (payload.size() != kControlSize ||
        !std::equal(kMagic.begin(), kMagic.end(), payload.begin()) || !is_kind(payload[8])) {
        return std::nullopt;
    }
    Control control;
    control.kind = static_cast<ControlKind>(payload[8]);
    control.version = std::to_integer<std::uint8_t>(payload[9]);
    std::copy_n(payload.begin() + 10, 16, control.session.begin());
    std::copy_n(payload.begin() + 26, 16, control.agent.begin());
    return control;
}

ControlSearch find_control(std::span<const std::byte> bytes) {
    ControlSearch out;
    while (true) {
        const auto rest = bytes.subspan(out.used);
        const void* at = ::memmem(rest.data(), rest.size(), kMagic.data(), kMagic.size());
        if (at == nullptr) {
            out.used += rest.size() - std::min(rest.size(), kMagic.size() - 1);
            return out;
        }
        out.used += static_cast<std::size_t>(static_cast<const std::byte*>(at) - rest.data());
        const auto begin = bytes.subspan(out.used);
        if (begin.size() < kControlSize + kEndSize) {
            return out;
        }
        out.found = decode_control(begin.first(kControlSize));
        if (out.found && begin[kControlSize] == kEndMark) {
            out.used += kControlSize + kEndSize;
            return out;
        }
        out.found.reset();
        ++out.used;
    }
}

}  // namespace lima::mux
