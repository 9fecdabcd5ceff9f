#include "core/mux/output.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace lima::mux {
namespace {

// Two of the largest pieces that a virtio port takes at once.
constexpr std::size_t kPieceSize = 64 * 1024;
constexpr std::size_t kMaxSpare = 4;
constexpr std::array<std::byte, 4096> kZeros{};

}  // namespace

void Output::clear() {
    zeros_ = 0;
    size_ = 0;
    pieces_.clear();
}

Output::Piece& Output::piece_with(std::size_t room) {
    if (pieces_.empty() || kPieceSize - pieces_.back().end < room) {
        Piece piece;
        if (spare_.empty()) {
            piece.bytes.reset(new std::byte[kPieceSize]);
        } else {
            piece.bytes = std::move(spare_.back());
            spare_.pop_back();
        }
        pieces_.push_back(std::move(piece));
    }
    return pieces_.back();
}

void Output::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        Piece& piece = piece_with(1);
        const std::size_t count = std::min(bytes.size(), kPieceSize - piece.end);
        std::copy_n(bytes.begin(), count, piece.bytes.get() + piece.end);
        commit(count);
        bytes = bytes.subspan(count);
    }
}

std::span<std::byte> Output::reserve(std::size_t least, std::size_t most) {
    Piece& piece = piece_with(least);
    return {piece.bytes.get() + piece.end, std::min(most, kPieceSize - piece.end)};
}

void Output::commit(std::size_t size) {
    pieces_.back().end += size;
    size_ += size;
}

std::size_t Output::gather(std::span<iovec> parts) const {
    std::size_t count = 0;
    for (std::size_t left = zeros_; left > 0 && count < parts.size(); ++count) {
        const std::size_t part = std::min(left, kZeros.size());
        parts[count] = iovec{const_cast<std::byte*>(kZeros.data()), part};
        left -= part;
    }
    if (count * kZeros.size() < zeros_) {
        return count;
    }
    for (const Piece& piece : pieces_) {
        if (count == parts.size()) {
            break;
        }
        if (piece.end > piece.begin) {
            parts[count++] = iovec{piece.bytes.get() + piece.begin, piece.end - piece.begin};
        }
    }
    return count;
}

void Output::written(std::size_t size) {
    const std::size_t zeros = std::min(size, zeros_);
    zeros_ -= zeros;
    size -= zeros;
    size_ -= size;
    while (!pieces_.empty()) {
        Piece& piece = pieces_.front();
        const std::size_t part = std::min(size, piece.end - piece.begin);
        piece.begin += part;
        size -= part;
        if (piece.begin < piece.end) {
            return;
        }
        if (spare_.size() < kMaxSpare) {
            spare_.push_back(std::move(piece.bytes));
        }
        pieces_.pop_front();
    }
    if (size_ == 0) {
        spare_.resize(std::min<std::size_t>(spare_.size(), 1));
    }
}

}  // namespace lima::mux
