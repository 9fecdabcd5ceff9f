// HTTP/2 as tests look at it: frames out of bytes, messages of gRPC out of frames, header blocks of
// peers that do not compress strings. No client or server library in between smooths anything.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lima::test::http2 {

constexpr char kData = 0;
constexpr char kHeaders = 1;
constexpr char kReset = 3;
constexpr char kSettings = 4;
constexpr char kPing = 6;
constexpr char kGoAway = 7;
constexpr char kWindowUpdate = 8;
constexpr char kEndStream = 1;
constexpr char kAck = 1;
constexpr char kEndHeaders = 4;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Big-endian.
inline std::uint32_t number(std::string_view bytes) {
    std::uint32_t out = 0;
    for (const char byte : bytes) {
        out = out * 256 + static_cast<unsigned char>(byte);
    }
    return out;
}
inline std::string bytes_of(std::uint32_t value, int size = 4) {
    std::string out;
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
        out += static_cast<char>(value >> shift);
    }
    return out;
}

struct Frame {
    char type = 0;
    char flags = 0;
    std::uint32_t stream = 0;
    std::string payload = {};

    bool has(char flag) const { return (flags & flag) != 0; }
    bool ends_stream() const { return (type == kData || type == kHeaders) && has(kEndStream); }
    std::string bytes() const {
        return bytes_of(static_cast<std::uint32_t>(payload.size()), 3) + type + flags +
               bytes_of(stream) + payload;
    }
};

/// Whole frames out of bytes as they come; a client's begin with the preface.
class Frames {
public:
    explicit Frames(bool of_client) : preface_(of_client) {}

    void add(std::string_view bytes) { rest_ += bytes; }
    std::optional<Frame> next() {
        if (preface_ && rest_.size() >= kPreface.size()) {
            EXPECT_EQ(rest_.substr(0, kPreface.size()), kPreface);
            rest_.erase(0, kPreface.size());
            preface_ = false;
        }
        const std::string_view view(rest_);
        if (preface_ || view.size() < 9 || view.size() < 9 + number(view.substr(0, 3))) {
            return std::nullopt;
        }
        const std::size_t size = number(view.substr(0, 3));
        Frame out{.type = rest_[3], .flags = rest_[4], .stream = number(view.substr(5, 4))};
        out.payload = rest_.substr(9, size);
        rest_.erase(0, 9 + size);
        return out;
    }

private:
    std::string rest_;
    bool preface_;
};

/// What gRPC puts around a message.
inline std::string grpc_message(std::string_view body) {
    return std::string(1, '\0') + bytes_of(static_cast<std::uint32_t>(body.size())) +
           std::string(body);
}

/// Messages of gRPC out of one stream's DATA.
class Messages {
public:
    void add(std::string_view data) { rest_ += data; }
    std::optional<std::string> next() {
        const std::string_view view(rest_);
        if (view.size() < 5 || view.size() < 5 + number(view.substr(1, 4))) {
            return std::nullopt;
        }
        EXPECT_EQ(rest_[0], '\0') << "a compressed message";
        std::string out = rest_.substr(5, number(view.substr(1, 4)));
        rest_.erase(0, 5 + out.size());
        return out;
    }

private:
    std::string rest_;
};

/// Header blocks of a peer that leaves strings as they are (gRPC's core does). Of HPACK's own table
/// only the names that tests ask for are known; others are called "#NUMBER".
class HeaderReader {
public:
    using Fields = std::vector<std::pair<std::string, std::string>>;

    Fields read(std::string_view block) {
        Fields out;
        left_ = block;
        while (!left_.empty()) {
            const auto first = static_cast<unsigned char>(left_.front());
            if ((first & 0x80) != 0) {
                out.push_back(field(integer(7)));
            } else if ((first & 0x40) != 0) {
                out.push_back(literal(6));
                added_.insert(added_.begin(), out.back());
            } else if ((first & 0x20) != 0) {
                integer(5);  // the size of the table
            } else {
                out.push_back(literal(4));
            }
        }
        return out;
    }

private:
    static constexpr std::size_t kStatic = 61;

    std::pair<std::string, std::string> field(std::size_t index) const {
        if (index > kStatic) {
            EXPECT_LE(index - kStatic, added_.size());
            return index - kStatic <= added_.size() ? added_[index - kStatic - 1]
                                                    : std::pair<std::string, std::string>();
        }
        return {index == 4 || index == 5 ? ":path" : "#" + std::to_string(index), ""};
    }
    std::pair<std::string, std::string> literal(int bits) {
        const std::size_t index = integer(bits);
        std::string name = index == 0 ? text() : field(index).first;
        return {std::move(name), text()};
    }
    std::size_t integer(int bits) {
        const std::size_t full = (std::size_t{1} << bits) - 1;
        std::size_t out = byte() & full;
        if (out < full) {
            return out;
        }
        int shift = 0;
        std::size_t next = 0;
        do {
            next = byte();
            out += (next & 0x7f) << shift;
            shift += 7;
        } while ((next & 0x80) != 0 && shift < 28);
        return out;
    }
    std::string text() {
        EXPECT_FALSE(left_.empty() || (left_.front() & 0x80) != 0) << "a compressed string";
        const std::size_t size = integer(7);
        EXPECT_LE(size, left_.size());
        std::string out(left_.substr(0, size));
        left_.remove_prefix(out.size());
        return out;
    }
    std::size_t byte() {
        if (left_.empty()) {
            ADD_FAILURE() << "a header block ends too early";
            return 0;
        }
        const auto out = static_cast<unsigned char>(left_.front());
        left_.remove_prefix(1);
        return out;
    }

    std::string_view left_;
    Fields added_;
};

}  // namespace lima::test::http2
