// The host's end of a connection to the agent, where tests write bytes themselves and read what
// the agent answers frame by frame.
#pragma once

#include "core/base/fd.hpp"
#include "tests/support/http2.hpp"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace lima::guestagent::test {

namespace http2 = lima::test::http2;

class WireHost {
public:
    /// quiet: the test sends what is due to settings and pings.
    explicit WireHost(Fd fd, bool quiet = false) : fd_(std::move(fd)), quiet_(quiet) {}

    void send(std::string_view bytes) { EXPECT_TRUE(write_all(fd_.get(), bytes)); }

    /// Takes frames until there is a whole message of the stream.
    template <class Message>
    Message receive(std::uint32_t stream) {
        Message out;
        Stream& of = streams_[stream];
        while (of.messages.empty()) {
            if (!take()) {
                ADD_FAILURE() << "no message on stream " << stream;
                return out;
            }
        }
        EXPECT_TRUE(out.ParseFromString(of.messages.front()));
        of.messages.pop_front();
        return out;
    }
    /// Takes frames until the stream has ended: the number of header blocks it had.
    int wait_end(std::uint32_t stream) {
        while (!streams_[stream].ended && take()) {
        }
        EXPECT_TRUE(streams_[stream].ended) << "stream " << stream;
        return streams_[stream].blocks;
    }
    int wait_headers(std::uint32_t stream) {
        while (streams_[stream].blocks == 0 && take()) {
        }
        return streams_[stream].blocks;
    }
    /// Of the headers or the trailers that came last.
    std::string header(std::uint32_t stream, std::string_view name) {
        for (const auto& [key, value] : streams_[stream].fields) {
            if (key == name) {
                return value;
            }
        }
        return "(none)";
    }
    bool has_messages(std::uint32_t stream) { return !streams_[stream].messages.empty(); }

    std::uint32_t max_streams = 0;
    int settings_acks = 0;

private:
    struct Stream {
        http2::Messages data;
        std::deque<std::string> messages;
        http2::HeaderReader::Fields fields;
        int blocks = 0;
        bool ended = false;
    };

    bool read_more() {
        pollfd entry{fd_.get(), POLLIN, 0};
        if (::poll(&entry, 1, 10000) <= 0) {
            return false;
        }
        std::array<char, 4096> buffer{};
        const ssize_t n = ::read(fd_.get(), buffer.data(), buffer.size());
        if (n <= 0) {
            return false;
        }
        frames_.add({buffer.data(), static_cast<std::size_t>(n)});
        return true;
    }
    bool take() {
        auto frame = frames_.next();
        while (!frame) {
            if (!read_more()) {
                return false;
            }
            frame = frames_.next();
        }
        if (frame->stream == 0) {
            return control(*frame);
        }
        Stream& of = streams_[frame->stream];
        if (frame->type == http2::kData) {
            of.data.add(frame->payload);
            while (auto message = of.data.next()) {
                of.messages.push_back(std::move(*message));
            }
        } else if (frame->type == http2::kHeaders) {
            ++of.blocks;
            of.fields = headers_.read(frame->payload);
        } else if (frame->type == http2::kReset && !of.ended) {
            ADD_FAILURE() << "the agent resets stream " << frame->stream;
            return false;
        }
        of.ended = of.ended || frame->ends_stream();
        return true;
    }
    bool control(const http2::Frame& frame) {
        if (frame.type == http2::kSettings && frame.has(http2::kAck)) {
            ++settings_acks;
        } else if (frame.type == http2::kSettings) {
            const std::string_view payload(frame.payload);
            for (std::size_t at = 0; at + 6 <= payload.size(); at += 6) {
                if (http2::number(payload.substr(at, 2)) == 3) {
                    max_streams = http2::number(payload.substr(at + 2, 4));
                }
            }
            answer({.type = http2::kSettings, .flags = http2::kAck});
        } else if (frame.type == http2::kPing && !frame.has(http2::kAck)) {
            answer({.type = http2::kPing, .flags = http2::kAck, .payload = frame.payload});
        } else if (frame.type == http2::kGoAway) {
            ADD_FAILURE() << "the agent says goodbye: " << frame.payload.substr(8);
            return false;
        }
        return true;
    }
    void answer(const http2::Frame& frame) {
        if (!quiet_) {
            send(frame.bytes());
        }
    }

    Fd fd_;
    bool quiet_;
    http2::Frames frames_{false};
    http2::HeaderReader headers_;
    std::map<std::uint32_t, Stream> streams_;
};

}  // namespace lima::guestagent::test
