// The streams of a session: what each frame does to them, and what the local ends ask for.
#include "core/base/log.hpp"
#include "core/mux/session.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace lima::mux {
namespace {

// A frame of data with its header is exactly what a virtio port writes at once.
constexpr std::size_t kMaxData = kMaxPayload - kHeaderSize - kEndSize;
constexpr std::size_t kMinData = 2048;

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void Session::send(Type type, std::uint32_t stream, std::span<const std::byte> payload) {
    output_.append(encode_frame(type, stream, payload));
}

void Session::send_window(std::uint32_t id, std::size_t credit) {
    std::array<std::byte, 4> payload{};
    put_u32(payload, static_cast<std::uint32_t>(credit));
    send(Type::kWindow, id, payload);
}

bool Session::was_open(std::uint32_t id) const {
    return is_ours(id) ? id < next_id_ : id <= highest_id_;
}

void Session::handle(const Header& header, std::span<const std::byte> payload) {
    const std::uint32_t id = header.stream;
    if (header.type == Type::kControl) {
        if (const auto received = decode_control(payload)) {
            control(*received);
        } else {
            violation("a control frame that cannot be");
        }
        return;
    }
    if (mode_ != Mode::kUp) {
        return;  // of a session that has ended
    }
    if (header.type == Type::kOpen) {
        handle_open(id, payload);
        return;
    }
    const auto found = streams_.find(id);
    if (found == streams_.end()) {
        if (!was_open(id)) {
            violation("a frame for a stream that never was");
        }
        return;
    }
    Stream& stream = found->second;
    switch (header.type) {
        case Type::kAccept:
        case Type::kRefuse:
            if (!stream.ours || std::exchange(stream.answered, true)) {
                violation("an answer that nobody asked for");
            } else if (header.type == Type::kAccept) {
                events_.stream_accepted(id);
            } else {
                handle_refuse(id, payload);
            }
            return;
        case Type::kData:
            handle_data(id, stream, payload);
            return;
        case Type::kWindow:
            handle_window(id, stream, payload);
            return;
        case Type::kFin:
            if (std::exchange(stream.finish_received, true)) {
                violation("two ends of one stream");
            } else {
                events_.stream_finished(id);
            }
            return;
        default:
            forget(id);
            events_.stream_reset(id);
            return;
    }
}

void Session::handle_open(std::uint32_t id, std::span<const std::byte> payload) {
    if (is_ours(id) || id <= highest_id_) {
        violation("a stream with a number that is not free");
        return;
    }
    if (payload.empty() || payload.size() > kMaxTarget) {
        violation("a stream without a target");
        return;
    }
    highest_id_ = id;
    const std::string target = text_of(payload);
    streams_.emplace(id, Stream{});
    if (streams_.size() > kMaxStreams) {
        refuse(id, Error(Code::kResourceExhausted, "too many streams"));
        return;
    }
    events_.stream_opened(id, target);
}

void Session::handle_refuse(std::uint32_t id, std::span<const std::byte> payload) {
    Code code = Code::kUnknown;
    std::string message = "refused";
    if (!payload.empty()) {
        const int number = std::to_integer<int>(payload.front());
        code = number > 0 && number <= static_cast<int>(Code::kUnavailable)
                   ? static_cast<Code>(number)
                   : Code::kUnknown;
        message = text_of(payload.subspan(1));
    }
    forget(id);
    events_.stream_refused(id, Error(code, std::move(message)));
}

void Session::handle_data(std::uint32_t id, Stream& stream, std::span<const std::byte> payload) {
    if (payload.size() > stream.receive_left || stream.finish_received) {
        violation("more data than it may");
        return;
    }
    stream.receive_left -= payload.size();
    events_.stream_data(id, payload);
}

void Session::handle_window(std::uint32_t id, Stream& stream, std::span<const std::byte> payload) {
    const std::size_t credit = payload.size() == 4 ? get_u32(payload) : 0;
    if (credit == 0 || stream.send_window + credit > std::numeric_limits<std::uint32_t>::max()) {
        violation("a window that cannot be");
        return;
    }
    const bool was_closed = stream.send_window == 0;
    stream.send_window += credit;
    if (was_closed) {
        events_.stream_writable(id);
    }
}

Result<std::uint32_t> Session::open(const std::string& target) {
    if (!up()) {
        return fail(Code::kUnavailable, "the other end is not there");
    }
    if (streams_.size() >= kMaxStreams || next_id_ > 0xfffffff0U) {
        return fail(Code::kResourceExhausted, "too many streams");
    }
    if (target.empty() || target.size() > kMaxTarget) {
        return fail(Code::kInvalidArgument, "a target must have 1 to 4096 bytes");
    }
    const std::uint32_t id = next_id_;
    next_id_ += 2;
    Stream stream;
    stream.ours = true;
    streams_.emplace(id, stream);
    send(Type::kOpen, id, std::as_bytes(std::span(target)));
    return id;
}

void Session::accept(std::uint32_t id) {
    const auto found = streams_.find(id);
    if (found != streams_.end() && !found->second.ours &&
        !std::exchange(found->second.answered, true)) {
        send(Type::kAccept, id);
    }
}

void Session::refuse(std::uint32_t id, const Error& reason) {
    const auto found = streams_.find(id);
    if (found == streams_.end() || found->second.ours || found->second.answered) {
        return;
    }
    forget(id);
    std::string payload(1, static_cast<char>(reason.code()));
    payload += reason.text().substr(0, kMaxTarget);
    send(Type::kRefuse, id, std::as_bytes(std::span(payload)));
}

std::span<std::byte> Session::data_space(std::uint32_t id) {
    if (!has_room()) {
        return {};
    }
    if (id == 0) {
        return mode_ == Mode::kRaw ? output_.reserve(kMinData, kMaxData) : std::span<std::byte>();
    }
    const auto found = streams_.find(id);
    if (found == streams_.end() || found->second.send_window == 0 || found->second.finish_sent) {
        return {};
    }
    constexpr std::size_t kFrame = kHeaderSize + kEndSize;
    const auto space = output_.reserve(kFrame + kMinData, kFrame + kMaxData);
    return space.subspan(kHeaderSize, std::min(space.size() - kFrame, found->second.send_window));
}

void Session::commit_data(std::uint32_t id, std::size_t size) {
    if (id == 0) {
        output_.commit(size);
        return;
    }
    Stream& stream = streams_.at(id);
    stream.send_window -= size;
    constexpr std::size_t kFrame = kHeaderSize + kEndSize;
    const auto frame = output_.reserve(kFrame + kMinData, kFrame + kMaxData);
    Header header;
    header.type = Type::kData;
    header.length = static_cast<std::uint32_t>(size);
    header.stream = id;
    const auto head = encode_header(header);
    std::copy(head.begin(), head.end(), frame.begin());
    frame[kHeaderSize + size] = kEndMark;
    output_.commit(kFrame + size);
}

void Session::consumed(std::uint32_t id, std::size_t size) {
    const auto found = streams_.find(id);
    if (found == streams_.end() || found->second.finish_received) {
        return;
    }
    Stream& stream = found->second;
    stream.consumed += size;
    if (stream.consumed < stream.receive_window / 4) {
        return;
    }
    // All is passed on and the sender has used most of what it had: the window holds it up.
    std::size_t credit = std::exchange(stream.consumed, 0);
    const std::size_t more = stream.receive_window;
    if (stream.receive_left + credit == stream.receive_window &&
        stream.receive_left <= stream.receive_window * 3 / 4 &&
        stream.receive_window + more <= kMaxWindow && growth_ + more <= kMaxGrowth) {
        growth_ += more;
        stream.receive_window += more;
        credit += more;
    }
    stream.receive_left += credit;
    send_window(id, credit);
}

void Session::finish(std::uint32_t id) {
    const auto found = streams_.find(id);
    if (found != streams_.end() && !std::exchange(found->second.finish_sent, true)) {
        send(Type::kFin, id);
    }
}

void Session::release(std::uint32_t id) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) {
        return;
    }
    if (!found->second.finish_sent || !found->second.finish_received) {
        send(Type::kReset, id);
    }
    forget(id);
}

void Session::forget(std::uint32_t id) {
    const auto found = streams_.find(id);
    growth_ -= found->second.receive_window - kFirstWindow;
    streams_.erase(found);
}

}  // namespace lima::mux
