// Bytes that a socket has not taken yet. Its memory goes when it is empty.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace lima::mux {

class ByteQueue {
public:
    bool empty() const { return begin_ == bytes_.size(); }
    std::size_t size() const { return bytes_.size() - begin_; }
    std::span<const std::byte> front() const { return std::span(bytes_).subspan(begin_); }
    void push(std::span<const std::byte> more) {
        if (begin_ > bytes_.size() / 2) {
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
            begin_ = 0;
        }
        bytes_.insert(bytes_.end(), more.begin(), more.end());
    }
    void pop(std::size_t count) {
        begin_ += count;
        if (empty()) {
            clear();
        }
    }
    void clear() {
        bytes_ = {};
        begin_ = 0;
    }

private:
    std::vector<std::byte> bytes_;
    std::size_t begin_ = 0;
};

}  // namespace lima::mux
