// The frames of a link: how they look in bytes, nothing of what they mean to a session.
//
//   frame    = type u8, length u24, stream u32, payload, end mark u8     (integers little-endian)
//   padding  = one zero byte: type 0 has no header
//   control  = frame of stream 0 with magic[8], kind u8, version u8, session[16], agent[16]
//
// The end mark is never zero. A sender that was cut off leaves a part of a frame; whoever speaks
// next on the port first writes kPadding zeros. They complete that part for the reader, which is
// then in step again, and the missing end mark tells it that the frame was torn and its payload is
// not to be used. So nobody searches user data for a beginning, except a reader that has just come
// and looks for a control frame with sixteen bytes that no older sender can know.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lima::mux {

inline constexpr std::size_t kHeaderSize = 8;
inline constexpr std::size_t kEndSize = 1;
inline constexpr std::size_t kMaxPayload = 32 * 1024;
inline constexpr std::size_t kPadding = kHeaderSize + kMaxPayload + kEndSize;
inline constexpr std::size_t kMaxTarget = 4096;
inline constexpr std::byte kEndMark{0xa5};
inline constexpr std::uint8_t kVersion = 1;

enum class Type : std::uint8_t {
    kNone = 0,  // padding
    kControl = 1,
    kOpen = 2,    // target
    kAccept = 3,  // empty
    kRefuse = 4,  // code u8, message
    kData = 5,
    kWindow = 6,  // credit u32
    kFin = 7,     // no more data this way
    kReset = 8,   // the stream has ended in both directions
};

struct Header {
    Type type = Type::kNone;
    std::uint32_t length = 0;
    std::uint32_t stream = 0;
    bool operator==(const Header&) const = default;
};

std::array<std::byte, kHeaderSize> encode_header(const Header& header);
/// `bytes` holds at least kHeaderSize. The values are not judged.
Header decode_header(std::span<const std::byte> bytes);
/// A whole frame with its end mark; the payload is at most kMaxPayload.
std::vector<std::byte> encode_frame(Type type, std::uint32_t stream,
                                    std::span<const std::byte> payload);

/// Sixteen random bytes: who cannot have seen them cannot say them.
using Id = std::array<std::byte, 16>;
Id random_id();

enum class ControlKind : std::uint8_t { kHello = 'H', kWelcome = 'W', kStart = 'S' };

struct Control {
    ControlKind kind = ControlKind::kHello;
    std::uint8_t version = kVersion;
    Id session{};  // HELLO, WELCOME
    Id agent{};    // zeros: not known
    bool operator==(const Control&) const = default;
};

inline constexpr std::size_t kControlSize = 8 + 1 + 1 + 16 + 16;  // the payload

std::vector<std::byte> encode_control(const Control& control);  // a whole frame
std::optional<Control> decode_control(std::span<const std::byte> payload);

struct ControlSearch {
    std::optional<Control> found;
    std::size_t used = 0;  // bytes that are done with; the rest may be the beginning of one
};
/// The first whole control payload with its end mark in a stream that the reader is not in step
/// with.
ControlSearch find_control(std::span<const std::byte> bytes);

void put_u32(std::span<std::byte> into, std::uint32_t value);
std::uint32_t get_u32(std::span<const std::byte> from);

}  // namespace lima::mux
