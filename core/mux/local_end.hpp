// The socket at this end of a stream, and what waits for it. Only link.cpp uses it.
#pragma once

#include "core/aio/loop.hpp"
#include "core/mux/byte_queue.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace lima::mux {

namespace asio = boost::asio;

using Descriptor = asio::posix::stream_descriptor;

/// The local end of a stream.
struct Stream {
    Stream(const asio::any_io_executor& executor, std::uint32_t number)
        : id(number), socket(executor), done(executor) {}

    std::uint32_t id;
    Descriptor socket;
    ByteQueue queue;  // for the socket
    bool joined = false;
    bool reading = false;  // in the ring, or waits to be readable
    bool waits_to_write = false;
    bool read_ended = false;  // the socket has given its last byte
    bool finish_received = false;
    bool write_ended = false;
    bool ended = false;
    aio::Signal done;
    std::optional<Error> failure;
};
using StreamPtr = std::shared_ptr<Stream>;

/// The local end goes when the coroutine that waits for it does.
class StreamGuard {
public:
    StreamGuard(std::shared_ptr<Stream> stream, std::function<void()> end)
        : stream_(std::move(stream)), end_(std::move(end)) {}
    StreamGuard(const StreamGuard&) = delete;
    StreamGuard& operator=(const StreamGuard&) = delete;
    ~StreamGuard() {
        if (!stream_->ended) {
            end_();
        }
    }

private:
    std::shared_ptr<Stream> stream_;
    std::function<void()> end_;
};

inline asio::awaitable<Result<void>> until_done(std::shared_ptr<Stream> stream,
                                                std::function<void()> cancel) {
    const StreamGuard guard(stream, std::move(cancel));
    co_await stream->done.wait();
    if (stream->failure) {
        co_return fail(*stream->failure);
    }
    co_return Result<void>();
}

}  // namespace lima::mux
