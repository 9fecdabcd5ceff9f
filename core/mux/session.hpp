// The rules of a link without input and output: bytes that came go in, bytes to write come out, and
// what they mean is told to Events. How both ends come to a common start:
//
// - The host, on a new connection: padding, HELLO{new session id, agent 0}. It then drops all that
//   comes until WELCOME with this id, so bytes meant for another host process cannot reach it.
// - The guest that is in step (it has had a session) ends the old session at HELLO and answers
//   WELCOME. What it reads after HELLO and what the host reads after WELCOME is the new session.
// - A guest agent that has just started is out of step: it drops all until a HELLO with its own
//   agent id, which it makes known by padding, START{agent id}. It says START when it came to a
//   host that was there already, and whenever it sees a HELLO for another agent.
// - The host answers every START by a HELLO with a new session id and this agent id.
//
// A guest that comes to a host that was there waits a moment for its first bytes before it says
// START (the caller's one timer, patience_over()): a host without links would take that for an
// error. Bytes that begin with HTTP/2's preface, the first after the host came, are such a host's.
//
// Thread: none of its own. Events are called from within received(), patience_over(), peer_away()
// and finish_raw(), and may call back.
#pragma once

#include "core/base/error.hpp"
#include "core/mux/frame.hpp"
#include "core/mux/link.hpp"
#include "core/mux/output.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

namespace lima::mux {

class Session {
public:
    class Events {
    public:
        virtual ~Events() = default;
        virtual void session_up() = 0;
        /// All streams have ended, without further calls for them.
        virtual void session_down(const Error& reason) = 0;
        virtual void stream_opened(std::uint32_t stream, const std::string& target) = 0;
        virtual void stream_accepted(std::uint32_t stream) = 0;
        virtual void stream_refused(std::uint32_t stream, const Error& reason) = 0;
        virtual void stream_data(std::uint32_t stream, std::span<const std::byte> data) = 0;
        virtual void stream_writable(std::uint32_t stream) = 0;
        virtual void stream_finished(std::uint32_t stream) = 0;
        virtual void stream_reset(std::uint32_t stream) = 0;
    };
    static constexpr std::size_t kFirstWindow = 128 * 1024;
    static constexpr std::size_t kMaxWindow = 1024 * 1024;
    static constexpr std::size_t kMaxGrowth = 64 * 1024 * 1024;  // of all windows together
    static constexpr std::size_t kMaxStreams = 4096;
    static constexpr std::size_t kDataRoom = 256 * 1024;  // queued before no more data is taken
    static constexpr std::size_t kInputSize = 256 * 1024;

    Session(Role role, Events& events, std::function<Id()> make_id = random_id);

    /// The host's connection is new, or the guest has opened the port.
    void start(bool peer_there);
    /// The guest's port has no host and all that it sent was read.
    void peer_away();
    /// It has one again. Its first bytes may have been read before peer_away() came, and be lost.
    void peer_there();
    void patience_over();
    bool wants_patience() const { return patient_; }

    /// Where to read to; then how much was read. An error: a peer that does not keep to the rules;
    /// only on the host, where the connection is to be dropped.
    std::span<std::byte> input();
    Result<void> received(std::size_t size);

    Output& output() { return output_; }
    /// False: leave what the peer sends unread until the output is shorter.
    bool may_receive() const { return output_.size() < kMaxQueued; }

    bool up() const { return mode_ == Mode::kUp; }
    /// kUnavailable, kResourceExhausted or kInvalidArgument.
    Result<std::uint32_t> open(const std::string& target);
    void accept(std::uint32_t stream);
    void refuse(std::uint32_t stream, const Error& reason);
    /// Space for data of a stream: empty when its window or the queue is full.
    std::span<std::byte> data_space(std::uint32_t stream);
    bool has_room() const { return output_.size() < kDataRoom; }
    void commit_data(std::uint32_t stream, std::size_t size);
    /// Data that stream_data gave has been passed on: the peer may send as much again.
    void consumed(std::uint32_t stream, std::size_t size);
    void finish(std::uint32_t stream);
    /// Forgets the stream; tells the peer unless both directions have finished.
    void release(std::uint32_t stream);
    /// The local end of the raw stream has gone: start again.
    void finish_raw();

private:
    enum class Mode { kScanning, kIdle, kUp, kRaw };
    struct Stream {
        std::size_t send_window = kFirstWindow;
        std::size_t receive_window = kFirstWindow;  // what we granted in all
        std::size_t receive_left = kFirstWindow;    // what may still come
        std::size_t consumed = 0;                   // to be granted again
        bool finish_sent = false;
        bool finish_received = false;
        bool ours = false;
        bool answered = false;
    };
    static constexpr std::size_t kMaxQueued = 1024 * 1024;

    std::size_t step(std::span<const std::byte> bytes);
    std::size_t probe(std::span<const std::byte> bytes);
    std::size_t scan(std::span<const std::byte> bytes);
    std::size_t frame(std::span<const std::byte> bytes);
    void handle(const Header& header, std::span<const std::byte> payload);
    void handle_torn();
    void handle_open(std::uint32_t id, std::span<const std::byte> payload);
    void handle_refuse(std::uint32_t id, std::span<const std::byte> payload);
    void handle_data(std::uint32_t id, Stream& stream, std::span<const std::byte> payload);
    void handle_window(std::uint32_t id, Stream& stream, std::span<const std::byte> payload);
    void forget(std::uint32_t id);
    bool was_open(std::uint32_t id) const;
    bool is_ours(std::uint32_t id) const { return (id % 2 == 1) == (role_ == Role::kHost); }

    void control(const Control& received);
    void hello(const Id& agent);
    void welcome(const Id& session);
    void say_start();
    void violation(const std::string& what);
    void end(const Error& reason);
    void send(Type type, std::uint32_t stream, std::span<const std::byte> payload = {});
    void send_window(std::uint32_t id, std::size_t credit);

    Role role_;
    Events& events_;
    std::function<Id()> make_id_;
    Mode mode_ = Mode::kScanning;
    Id session_{};
    Id agent_{};            // guest: our own
    bool fresh_ = false;    // guest: what comes next is the first of a host
    bool patient_ = false;  // guest: START is due when nothing else comes
    std::optional<Error> failure_;
    std::unique_ptr<std::byte[]> input_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t fresh_at_ = 0;  // bytes in the input that were there before fresh_
    Output output_;
    std::unordered_map<std::uint32_t, Stream> streams_;
    std::size_t growth_ = 0;
    std::uint32_t next_id_ = 0;
    std::uint32_t highest_id_ = 0;  // of the peer's
};

}  // namespace lima::mux
