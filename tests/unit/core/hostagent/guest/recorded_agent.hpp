// Lima's guest agent, played back from what was recorded of it.
#pragma once

#include "guestagent/proto/guest_service.pb.h"
#include "tests/support/playback.hpp"

#include <chrono>
#include <future>
#include <sys/socket.h>
#include <thread>

namespace lima::hostagent {

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

    void play() {
        test::Playback playback(ours_.get(),
                                {.count = count, .before_send = [this](const auto&... what) {
                                     return wait_for_leave(what...);
                                 }});
        played_ = playback.play(test::read_recording(recording_));
        if (played_) {
            playback.hear_the_rest();
        }
    }
    /// Of tunnels bytes are counted: a host may cut them into other messages.
    static void count(std::map<std::string, std::size_t>& counts, const std::string& call,
                      const std::string& body) {
        TunnelMessage tunnel;
        if (!call.starts_with("/GuestService/Tunnel")) {
            test::HostProgress::count_messages(counts, call, body);
        } else if (tunnel.ParseFromString(body)) {
            counts[call + " greetings"] += tunnel.guest_addr().empty() ? 0 : 1;
            counts[call + " bytes"] += tunnel.data().size();
        }
    }
    bool wait_for_leave(const Frame& frame, const std::string& call) {
        const bool event = frame.type == test::http2::kData && call == "/GuestService/GetEvents 1";
        return !event || events_sent_++ != 1 ||
               leave_.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
    }

    std::string recording_;
    Fd ours_;
    int events_sent_ = 0;
    std::promise<void> events_;
    std::future<void> leave_ = events_.get_future();
    bool played_ = false;
    std::thread thread_;
};

}  // namespace lima::hostagent
