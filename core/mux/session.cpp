#include "core/mux/session.hpp"

#include "core/base/log.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace lima::mux {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::string_view kRawTarget = "agent";

}  // namespace

Session::Session(Role role, Events& events, std::function<Id()> make_id)
    : role_(role),
      events_(events),
      make_id_(std::move(make_id)),
      input_(new std::byte[kInputSize]),
      next_id_(role == Role::kHost ? 1 : 2) {}

void Session::start(bool peer_there) {
    if (role_ == Role::kHost) {
        hello(Id{});
        return;
    }
    agent_ = make_id_();
    fresh_ = true;
    patient_ = peer_there;
}

void Session::peer_away() {
    if (mode_ == Mode::kRaw) {
        mode_ = Mode::kScanning;
        output_.clear();
        events_.stream_reset(0);
    } else if (mode_ == Mode::kUp) {
        mode_ = Mode::kIdle;
        end(Error(Code::kUnavailable, "the host has closed the port"));
    }
    patient_ = false;
    fresh_ = true;
    fresh_at_ = end_ - begin_;
}

void Session::peer_there() { patient_ = mode_ == Mode::kScanning || mode_ == Mode::kIdle; }

void Session::patience_over() {
    if (patient_ && (mode_ == Mode::kScanning || mode_ == Mode::kIdle)) {
        say_start();
    }
}

void Session::finish_raw() {
    if (mode_ == Mode::kRaw) {
        mode_ = Mode::kScanning;
        say_start();
    }
}

void Session::say_start() {
    patient_ = false;
    fresh_ = false;
    output_.clear();
    output_.pad(kPadding);
    Control start;
    start.kind = ControlKind::kStart;
    start.agent = agent_;
    output_.append(encode_control(start));
}

void Session::hello(const Id& agent) {
    session_ = make_id_();
    mode_ = Mode::kScanning;
    output_.clear();
    output_.pad(kPadding);
    Control control;
    control.session = session_;
    control.agent = agent;
    output_.append(encode_control(control));
}

void Session::welcome(const Id& session) {
    patient_ = false;
    fresh_ = false;
    if (mode_ == Mode::kUp) {
        mode_ = Mode::kIdle;
        end(Error(Code::kUnavailable, "the host was replaced"));
    }
    output_.clear();
    Control control;
    control.kind = ControlKind::kWelcome;
    control.session = session;
    control.agent = agent_;
    output_.append(encode_control(control));
    mode_ = Mode::kUp;
    events_.session_up();
}

std::span<std::byte> Session::input() {
    if (begin_ > 0) {
        std::memmove(input_.get(), input_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    return {input_.get() + end_, kInputSize - end_};
}

Result<void> Session::received(std::size_t size) {
    end_ += size;
    while (begin_ < end_ && !failure_) {
        const bool fresh = fresh_;
        const std::size_t used = step({input_.get() + begin_, end_ - begin_});
        begin_ += used;
        if (used == 0 && fresh == fresh_) {
            break;
        }
    }
    if (failure_) {
        return fail(*failure_);
    }
    return {};
}

std::size_t Session::step(std::span<const std::byte> bytes) {
    if (fresh_) {
        return probe(bytes);
    }
    switch (mode_) {
        case Mode::kScanning:
            return scan(bytes);
        case Mode::kIdle:
        case Mode::kUp:
            return frame(bytes);
        case Mode::kRaw:
            events_.stream_data(0, bytes);
            return bytes.size();
    }
    return bytes.size();
}

std::size_t Session::probe(std::span<const std::byte> bytes) {
    const auto first = bytes.subspan(fresh_at_);
    const std::size_t known = std::min(first.size(), kPreface.size());
    if (std::memcmp(first.data(), kPreface.data(), known) != 0) {
        fresh_ = false;
        fresh_at_ = 0;
        return 0;
    }
    if (known < kPreface.size()) {
        return 0;
    }
    const std::size_t old = std::exchange(fresh_at_, 0);
    fresh_ = false;
    patient_ = false;
    output_.clear();
    mode_ = Mode::kRaw;
    events_.stream_opened(0, std::string(kRawTarget));
    return old;
}

std::size_t Session::scan(std::span<const std::byte> bytes) {
    const ControlSearch search = find_control(bytes);
    if (search.found) {
        control(*search.found);
    }
    return search.used;
}

std::size_t Session::frame(std::span<const std::byte> bytes) {
    if (bytes.front() == std::byte{0}) {
        const auto end = std::find_if(bytes.begin(), bytes.end(),
                                      [](std::byte byte) { return byte != std::byte{0}; });
        return static_cast<std::size_t>(end - bytes.begin());
    }
    if (bytes.size() < kHeaderSize) {
        return 0;
    }
    const Header header = decode_header(bytes);
    if (header.length > kMaxPayload || header.type > Type::kReset) {
        violation("a frame that cannot be");
        return bytes.size();
    }
    const std::size_t size = kHeaderSize + header.length + kEndSize;
    if (bytes.size() < size) {
        return 0;
    }
    if (bytes[size - 1] == kEndMark) {
        handle(header, bytes.subspan(kHeaderSize, header.length));
    } else if (bytes[size - 1] == std::byte{0}) {
        handle_torn();
    } else {
        violation("a frame without its end");
    }
    return size;
}

// The sender was cut off and another speaks now. The guest stays in step and will see HELLO; the
// host asks, because the agent that answers may be one that it has not heard of.
void Session::handle_torn() {
    if (role_ == Role::kGuest) {
        if (mode_ == Mode::kUp) {
            mode_ = Mode::kIdle;
            end(Error(Code::kUnavailable, "the host was replaced"));
        }
        return;
    }
    hello(Id{});
    end(Error(Code::kUnavailable, "the guest agent was replaced"));
}

void Session::control(const Control& received) {
    const bool was_up = mode_ == Mode::kUp;
    if (role_ == Role::kHost) {
        if (received.kind == ControlKind::kStart) {
            hello(received.agent);
            if (was_up) {
                end(Error(Code::kUnavailable, "the guest agent was replaced"));
            }
        } else if (received.kind == ControlKind::kWelcome && !was_up &&
                   received.session == session_) {
            mode_ = Mode::kUp;
            events_.session_up();
        }
        return;
    }
    if (received.kind != ControlKind::kHello) {
        return;
    }
    const bool in_step = mode_ == Mode::kUp || mode_ == Mode::kIdle;
    if (received.agent == agent_ || (in_step && received.agent == Id{})) {
        welcome(received.session);
        return;
    }
    // For an agent before us, or from a host that has not heard of us.
    mode_ = Mode::kScanning;
    say_start();
    if (was_up) {
        end(Error(Code::kUnavailable, "the host looks for another guest agent"));
    }
}

void Session::violation(const std::string& what) {
    Error error(Code::kInternal,
                (role_ == Role::kHost ? "the guest agent sent " : "the host sent ") + what);
    const bool was_up = mode_ == Mode::kUp;
    mode_ = Mode::kScanning;
    output_.clear();
    if (role_ == Role::kHost) {
        failure_ = error;
    } else {
        say_start();
    }
    if (was_up) {
        end(error);
    }
}

void Session::end(const Error& reason) {
    streams_.clear();
    growth_ = 0;
    next_id_ = role_ == Role::kHost ? 1 : 2;
    highest_id_ = 0;
    events_.session_down(reason);
}

}  // namespace lima::mux
