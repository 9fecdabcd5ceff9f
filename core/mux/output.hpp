// What a link has still to write: a queue of bytes in large pieces, into which sockets are read
// directly, so that a frame is one contiguous run and nothing is copied on the way out.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <sys/uio.h>
#include <vector>

namespace lima::mux {

class Output {
public:
    std::size_t size() const { return zeros_ + size_; }
    bool empty() const { return size() == 0; }
    /// Drops all, also the rest of what is written in part.
    void clear();
    /// Zeros before all that follows.
    void pad(std::size_t count) { zeros_ += count; }
    void append(std::span<const std::byte> bytes);
    /// A contiguous run at the end of the queue: `most` bytes, or what is left of the piece when
    /// that is at least `least`. Valid until the next call that is not const.
    std::span<std::byte> reserve(std::size_t least, std::size_t most);
    /// Queues the first `size` bytes of what was reserved.
    void commit(std::size_t size);
    /// How many of `parts` were set.
    std::size_t gather(std::span<iovec> parts) const;
    void written(std::size_t size);

private:
    struct Piece {
        std::unique_ptr<std::byte[]> bytes;
        std::size_t begin = 0;
        std::size_t end = 0;
    };
    Piece& piece_with(std::size_t room);

    std::size_t zeros_ = 0;
    std::size_t size_ = 0;
    std::deque<Piece> pieces_;
    std::vector<std::unique_ptr<std::byte[]>> spare_;
};

}  // namespace lima::mux
