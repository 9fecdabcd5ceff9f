#include "core/mux/frame.hpp"

#include <gtest/gtest.h>

#include <random>

namespace lima::mux {
namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

Id id_of(unsigned char fill) {
    Id id{};
    id.fill(static_cast<std::byte>(fill));
    return id;
}

TEST(Frame, LaysOutHeaderPayloadAndEnd) {
    const auto frame = encode_frame(Type::kData, 0x01020304, bytes_of("abc"));
    const std::vector<std::byte> expected{
        std::byte{5}, std::byte{3}, std::byte{0},   std::byte{0},   std::byte{4},   std::byte{3},
        std::byte{2}, std::byte{1}, std::byte{'a'}, std::byte{'b'}, std::byte{'c'}, kEndMark};
    EXPECT_EQ(frame, expected);
}

TEST(Frame, HeaderRoundTrip) {
    for (const std::uint32_t length : {0U, 1U, 255U, 256U, 32768U, 0xffffffU}) {
        Header header;
        header.type = Type::kReset;
        header.length = length;
        header.stream = 0xfffffff1U;
        EXPECT_EQ(decode_header(encode_header(header)), header) << length;
    }
}

TEST(Frame, ControlRoundTrip) {
    Control control;
    control.kind = ControlKind::kWelcome;
    control.version = 7;
    control.session = id_of(0x11);
    control.agent = id_of(0xee);
    const auto frame = encode_control(control);
    ASSERT_EQ(frame.size(), kHeaderSize + kControlSize + kEndSize);
    const auto payload = std::span(frame).subspan(kHeaderSize, kControlSize);
    EXPECT_EQ(decode_control(payload), control);
    EXPECT_EQ(decode_control(payload.first(kControlSize - 1)), std::nullopt);
}

TEST(Frame, RandomIdsDiffer) { EXPECT_NE(random_id(), random_id()); }

TEST(FindControl, AmongOtherBytesAndInPieces) {
    Control control;
    control.kind = ControlKind::kStart;
    control.agent = id_of(0x42);
    const auto frame = encode_control(control);
    std::vector<std::byte> stream = bytes_of("\xf5lima\xc0\x1a\xfe is only its beginning \xf5lim");
    stream.insert(stream.end(), frame.begin(), frame.end());
    const std::size_t end = stream.size();
    const auto after = bytes_of("after");
    stream.insert(stream.end(), after.begin(), after.end());

    const auto whole = find_control(stream);
    EXPECT_EQ(whole.found, control);
    EXPECT_EQ(whole.used, end);

    // Fed byte by byte and keeping what is not used, it is found all the same.
    std::vector<std::byte> kept;
    std::optional<Control> found;
    std::size_t at = 0;
    while (!found && at < stream.size()) {
        kept.push_back(stream[at++]);
        const auto search = find_control(kept);
        found = search.found;
        kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(search.used));
        EXPECT_LE(kept.size(), kControlSize + kEndSize);
    }
    EXPECT_EQ(found, control);
    EXPECT_EQ(at, end);
}

TEST(FindControl, TornOneIsNone) {
    Control control;
    control.agent = id_of(0x42);
    auto frame = encode_control(control);
    frame.back() = std::byte{0};
    const auto search = find_control(frame);
    EXPECT_EQ(search.found, std::nullopt);
    EXPECT_GT(search.used, frame.size() - 8);
}

}  // namespace
}  // namespace lima::mux
