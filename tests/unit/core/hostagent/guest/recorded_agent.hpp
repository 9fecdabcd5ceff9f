// Lima's guest agent, played back: what it sent comes again, in order, each frame once its host has
// got as far as the recorded one had. Streams are known by their calls, so that the numbers of this
// run need not be those of the recording.
#pragma once

#include "core/base/fd.hpp"
#include "guestagent/proto/guest_service.pb.h"
#include "tests/support/recording.hpp"

#include <array>
#include <chrono>
#include <future>
#include <map>
#include <poll.h>
#include <set>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace lima::hostagent {

/// How far a host has got: what it has sent, by the calls.
class HostProgress {
public:
    using Frame = test::http2::Frame;

    void add(const Frame& frame) {
        if (frame.type == test::http2::kSettings) {
            ++counts_[frame.has(test::http2::kAck) ? "settings taken" : "settings"];
        } else if (frame.type == test::http2::kHeaders) {
            open(frame);
        }
        if (frame.type == test::http2::kData) {
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
    void open(const Frame& frame) {
        for (const auto& [name, value] : headers_.read(frame.payload)) {
            if (name == ":path") {
                calls_[frame.stream] = value + " " + std::to_string(++methods_[value]);
                ++counts_[calls_[frame.stream]];
            }
        }
    }
    /// Of tunnels bytes are counted: a host may cut them into other messages.
    void data(const Frame& frame) {
        const std::string& call = calls_[frame.stream];
        test::http2::Messages& messages = messages_[frame.stream];
        messages.add(frame.payload);
        while (const auto body = messages.next()) {
            TunnelMessage tunnel;
            if (!call.starts_with("/GuestService/Tunnel")) {
                ++counts_[call + " messages"];
            } else if (tunnel.ParseFromString(*body)) {
                counts_[call + " greetings"] += tunnel.guest_addr().empty() ? 0 : 1;
                counts_[call + " bytes"] += tunnel.data().size();
            }
        }
    }

    test::http2::HeaderReader headers_;
    std::map<std::uint32_t, std::string> calls_;
    std::map<std::string, int> methods_;
    std::map<std::uint32_t, test::http2::Messages> messages_;
    std::map<std::string, std::size_t> counts_;
};

class RecordedAgent {
public:
    explicit RecordedAgent(std::string recording) : recording_(std::move(recording)) {}
    ~RecordedAgent() {
        ::shutdown(ours_.get(), SHUT_RDWR);
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    RecordedAgent(const RecordedAgent&) = delete;
    RecordedAgent& operator=(const RecordedAgent&) = delete;

    /// Once: the host's end.
    Result<Fd> connect() {
        if (thread_.joinable()) {
            return fail(Code::kUnavailable, "it is recorded once");
        }
        LIMA_TRY(auto pair, make_socket_pair());
        ours_ = std::move(pair.first);
        thread_ = std::thread([this] { play(); });
        return std::move(pair.second);
    }
    /// Until then no event comes after the first one.
    void let_events_come() { events_.set_value(); }
    /// After the host has hung up: all of the recording was sent.
    bool played() {
        thread_.join();
        return played_;
    }

private:
    using Frame = test::http2::Frame;
    using Kind = test::RecordedStep::Kind;

    void play() {
        test::http2::Frames agent(false);
        test::http2::Frames host(true);
        HostProgress recorded;
        for (const auto& step : test::read_recording(recording_)) {
            if (step.kind == Kind::kHost) {
                host.add(step.bytes);
                while (const auto frame = host.next()) {
                    recorded.add(*frame);
                }
            } else if (step.kind == Kind::kAgent) {
                agent.add(step.bytes);
                while (auto frame = agent.next()) {
                    if (!wait_for(recorded) || !wait_for_leave(*frame, recorded) ||
                        !send(std::move(*frame), recorded)) {
                        return;
                    }
                }
            }
        }
        played_ = true;
        while (take()) {
        }
    }
    bool wait_for(const HostProgress& recorded) {
        for (;;) {
            const std::string missing = live_.lacks(recorded);
            if (missing.empty()) {
                return true;
            }
            if (!take()) {
                ADD_FAILURE() << "the host has not sent: " << missing;
                return false;
            }
        }
    }
    bool wait_for_leave(const Frame& frame, const HostProgress& recorded) {
        const bool event = frame.type == test::http2::kData &&
                           recorded.call(frame.stream) == "/GuestService/GetEvents 1";
        return !event || events_sent_++ != 1 ||
               leave_.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
    }
    bool send(Frame frame, const HostProgress& recorded) {
        if (frame.stream != 0) {
            frame.stream = live_.stream(recorded.call(frame.stream));
            EXPECT_NE(frame.stream, 0U);
        }
        return frame.type == test::http2::kPing || write_all(ours_.get(), frame.bytes());
    }
    /// Some bytes of the host; false at its end, or after a long silence.
    bool take() {
        pollfd entry{ours_.get(), POLLIN, 0};
        std::array<char, 4096> buffer{};
        const ssize_t n =
            ::poll(&entry, 1, 10'000) > 0 ? ::read(ours_.get(), buffer.data(), buffer.size()) : -1;
        if (n <= 0) {
            return false;
        }
        frames_.add({buffer.data(), static_cast<std::size_t>(n)});
        while (const auto frame = frames_.next()) {
            live_.add(*frame);
            if (frame->type == test::http2::kPing && !frame->has(test::http2::kAck)) {
                const Frame pong{.type = test::http2::kPing,
                                 .flags = test::http2::kAck,
                                 .payload = frame->payload};
                EXPECT_TRUE(write_all(ours_.get(), pong.bytes()));
            }
        }
        return true;
    }

    std::string recording_;
    Fd ours_;
    test::http2::Frames frames_{true};
    HostProgress live_;
    int events_sent_ = 0;
    std::promise<void> events_;
    std::future<void> leave_ = events_.get_future();
    bool played_ = false;
    std::thread thread_;
};

}  // namespace lima::hostagent
