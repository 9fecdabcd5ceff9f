// One side of a recorded HTTP/2 connection, played back: what it sent comes again, in order, each
// frame once the other side, the host, has got as far as the recorded one had. Streams are known by
// their calls, so that the numbers of this run need not be those of the recording.
#pragma once

#include "core/base/fd.hpp"
#include "tests/support/recording.hpp"

#include <array>
#include <functional>
#include <map>
#include <poll.h>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace lima::test {

/// How far a host has got: what it has sent, by the calls.
class HostProgress {
public:
    /// Of each message, what it counts for; by default it is one message.
    using Count = std::function<void(std::map<std::string, std::size_t>& counts,
                                     const std::string& call, const std::string& body)>;

    explicit HostProgress(Count count = count_messages) : count_(std::move(count)) {}

    static void count_messages(std::map<std::string, std::size_t>& counts, const std::string& call,
                               const std::string&) {
        ++counts[call + " messages"];
    }

    void add(const http2::Frame& frame) {
        if (frame.type == http2::kSettings) {
            ++counts_[frame.has(http2::kAck) ? "settings taken" : "settings"];
        } else if (frame.type == http2::kHeaders) {
            open(frame);
        } else if (frame.type == http2::kData) {
            data(frame);
        }
        if (frame.ends_stream()) {
            ++counts_[calls_[frame.stream] + " ended"];
        }
    }
    /// What `other` has, and this has not.
    std::string lacks(const HostProgress& other) const {
        std::string out;
        for (const auto& [what, count] : other.counts_) {
            const auto found = counts_.find(what);
            if (found == counts_.end() || found->second < count) {
                out += what + ", ";
            }
        }
        return out;
    }
    /// "/GuestService/Tunnel 2": the second call of that method.
    std::string call(std::uint32_t stream) const {
        const auto found = calls_.find(stream);
        return found == calls_.end() ? "" : found->second;
    }
    std::uint32_t stream(const std::string& call) const {
        for (const auto& [number, name] : calls_) {
            if (name == call) {
                return number;
            }
        }
        return 0;
    }

private:
    void open(const http2::Frame& frame) {
        for (const auto& [name, value] : headers_.read(frame.payload)) {
            if (name == ":path") {
                calls_[frame.stream] = value + " " + std::to_string(++methods_[value]);
                ++counts_[calls_[frame.stream]];
            }
        }
    }
    void data(const http2::Frame& frame) {
        http2::Messages& messages = messages_[frame.stream];
        messages.add(frame.payload);
        while (const auto body = messages.next()) {
            count_(counts_, calls_[frame.stream], *body);
        }
    }

    Count count_;
    http2::HeaderReader headers_;
    std::map<std::uint32_t, std::string> calls_;
    std::map<std::string, int> methods_;
    std::map<std::uint32_t, http2::Messages> messages_;
    std::map<std::string, std::size_t> counts_;
};

class Playback {
public:
    struct Hooks {
        HostProgress::Count count = HostProgress::count_messages;
        /// Before a frame of that call goes out; false ends it all.
        std::function<bool(const http2::Frame& frame, const std::string& call)> before_send =
            [](const auto&, const auto&) { return true; };
        std::function<void(std::string_view bytes)> heard = [](std::string_view) {};
    };

    Playback(int socket, Hooks hooks)
        : socket_(socket), hooks_(std::move(hooks)), recorded_(hooks_.count), live_(hooks_.count) {}

    /// Whether all of it was sent.
    bool play(const std::vector<RecordedStep>& steps) {
        using Kind = RecordedStep::Kind;
        http2::Frames ours(false);
        http2::Frames host(true);
        for (const RecordedStep& step : steps) {
            if (step.kind == Kind::kHost) {
                host.add(step.bytes);
                while (const auto frame = host.next()) {
                    recorded_.add(*frame);
                }
            } else if (step.kind == Kind::kAgent) {
                ours.add(step.bytes);
                while (auto frame = ours.next()) {
                    if (!wait_for_host() || !send(std::move(*frame))) {
                        return false;
                    }
                }
            }
        }
        return true;
    }
    void hear_the_rest() {
        while (take()) {
        }
    }

private:
    bool wait_for_host() {
        for (;;) {
            const std::string missing = live_.lacks(recorded_);
            if (missing.empty()) {
                return true;
            }
            if (!take()) {
                ADD_FAILURE() << "the host has not sent: " << missing;
                return false;
            }
        }
    }
    bool send(http2::Frame frame) {
        const std::string call = recorded_.call(frame.stream);
        if (!hooks_.before_send(frame, call)) {
            return false;
        }
        if (frame.stream != 0) {
            frame.stream = live_.stream(call);
            EXPECT_NE(frame.stream, 0U);
        }
        return frame.type == http2::kPing || write_all(socket_, frame.bytes());
    }
    /// Some bytes of the host; false at its end, or after a long silence.
    bool take() {
        pollfd entry{socket_, POLLIN, 0};
        std::array<char, 4096> buffer{};
        const ssize_t n =
            ::poll(&entry, 1, 10'000) > 0 ? ::read(socket_, buffer.data(), buffer.size()) : -1;
        if (n <= 0) {
            return false;
        }
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
        hooks_.heard(bytes);
        frames_.add(bytes);
        while (const auto frame = frames_.next()) {
            live_.add(*frame);
            if (frame->type == http2::kPing && !frame->has(http2::kAck)) {
                const http2::Frame pong{
                    .type = http2::kPing, .flags = http2::kAck, .payload = frame->payload};
                EXPECT_TRUE(write_all(socket_, pong.bytes()));
            }
        }
        return true;
    }

    int socket_;
    Hooks hooks_;
    HostProgress recorded_;
    HostProgress live_;
    http2::Frames frames_{true};
};

}  // namespace lima::test
