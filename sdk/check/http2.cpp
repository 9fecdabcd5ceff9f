#include "check/http2.hpp"

#include <chrono>

namespace lima::check {
namespace {

constexpr char kData = 0;
constexpr char kHeaders = 1;
constexpr char kReset = 3;
constexpr char kSettings = 4;
constexpr char kPing = 6;
constexpr char kGoAway = 7;
constexpr char kAck = 1;
constexpr char kEndStream = 1;
constexpr char kEndHeaders = 4;
constexpr std::size_t kFrameHeader = 9;
constexpr std::size_t kMessageHeader = 5;  // not compressed, four bytes of size

std::size_t number(std::string_view bytes) {
    std::size_t value = 0;
    for (const char byte : bytes) {
        value = value << 8 | static_cast<unsigned char>(byte);
    }
    return value;
}

std::string bytes_of(std::size_t value, int count) {
    std::string out;
    for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) {
        out += static_cast<char>(value >> shift & 0xff);
    }
    return out;
}

/// A literal that goes into no table and is not compressed.
std::string header(std::string_view name, std::string_view value) {
    std::string out(1, '\0');
    out += static_cast<char>(name.size());
    out += name;
    out += static_cast<char>(value.size());
    out += value;
    return out;
}

struct Frame {
    char type = 0;
    char flags = 0;
    std::string payload;
};

std::string request(std::string_view path, std::string_view message) {
    const std::string headers = header(":method", "POST") + header(":scheme", "http") +
                                header(":path", path) + header(":authority", "localhost") +
                                header("content-type", "application/grpc") +
                                header("te", "trailers");
    const std::string body =
        std::string(1, '\0') + bytes_of(message.size(), 4) + std::string(message);
    return std::string(kPreface) + settings_frame() +
           frame(kHeaders, kEndHeaders, 1, headers, headers.size()) +
           frame(kData, kEndStream, 1, body, body.size());
}

class Reading {
public:
    Reading(Peer& peer, int timeout_ms)
        : peer_(peer),
          end_(std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms)) {}

    bool next(Frame& out) {
        while (buffer_.size() < kFrameHeader ||
               buffer_.size() < kFrameHeader + number(std::string_view(buffer_).substr(0, 3))) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                                  end_ - std::chrono::steady_clock::now())
                                  .count();
            const std::string more = left > 0 ? peer_.receive(static_cast<int>(left)) : "";
            if (more.empty()) {
                return false;
            }
            buffer_ += more;
        }
        const std::size_t size = number(std::string_view(buffer_).substr(0, 3));
        out = {buffer_[3], buffer_[4], buffer_.substr(kFrameHeader, size)};
        buffer_.erase(0, kFrameHeader + size);
        return true;
    }

private:
    Peer& peer_;
    std::chrono::steady_clock::time_point end_;
    std::string buffer_;
};

Reply finish(const std::string& data) {
    if (data.size() < kMessageHeader || data[0] != '\0') {
        return {false, {}, "the call was ended without an answer"};
    }
    const std::size_t size = number(std::string_view(data).substr(1, 4));
    if (data.size() != kMessageHeader + size) {
        return {false, {}, "the answer was cut off"};
    }
    return {true, data.substr(kMessageHeader), {}};
}

}  // namespace

const std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string frame(char type, char flags, unsigned stream, std::string_view payload,
                  std::size_t size) {
    return bytes_of(size, 3) + type + flags + bytes_of(stream, 4) + std::string(payload);
}

std::string settings_frame() { return frame(kSettings, 0, 0, {}, 0); }

Reply call_once(Peer& peer, std::string_view path, std::string_view message, int timeout_ms) {
    if (!peer.send(request(path, message))) {
        return {false, {}, "the connection was closed"};
    }
    Reading reading(peer, timeout_ms);
    std::string data;
    Frame got;
    while (reading.next(got)) {
        const bool ack = (got.flags & kAck) != 0;
        if (got.type == kSettings && !ack) {
            peer.send(frame(kSettings, kAck, 0, {}, 0));
        } else if (got.type == kPing && !ack) {
            peer.send(frame(kPing, kAck, 0, got.payload, got.payload.size()));
        } else if (got.type == kData) {
            data += got.payload;
        }
        if (got.type == kGoAway || got.type == kReset) {
            return {false, {}, "the call was refused"};
        }
        if ((got.type == kData || got.type == kHeaders) && (got.flags & kEndStream) != 0) {
            return finish(data);
        }
    }
    return {false, {}, "no answer came in " + std::to_string(timeout_ms) + " ms"};
}

std::string first_field(std::string_view message) {
    // Field 1, a length and bytes: all that the messages here have.
    if (message.size() < 2 || message[0] != 0x0a) {
        return {};
    }
    std::size_t size = 0;
    std::size_t at = 1;
    for (int shift = 0; at < message.size() && shift < 35; shift += 7) {
        const auto byte = static_cast<unsigned char>(message[at++]);
        size |= static_cast<std::size_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            break;
        }
    }
    return std::string(message.substr(at, size));
}

}  // namespace lima::check
