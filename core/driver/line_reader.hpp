// Cuts what comes out of a pipe into lines. Owns the pipe's reading end, which does not block.
// Thread: one at a time.
#pragma once

#include "core/base/fd.hpp"

#include <lima/ext/host.h>

#include <cstdint>
#include <string>

namespace lima::driver {

class LineReader {
public:
    using Callback = decltype(lima_host_process_spec::line);

    LineReader(Fd fd, std::int32_t stream, Callback callback, void* ctx)
        : fd_(std::move(fd)), stream_(stream), callback_(callback), ctx_(ctx) {}

    /// For poll; -1 after the end of file.
    int fd() const { return fd_.get(); }
    /// Reads what is there, at most a pipe's content, and delivers the whole lines.
    void pump();
    /// Delivers an unfinished last line.
    void finish();

private:
    void take(std::string_view data);
    void deliver();

    Fd fd_;
    std::int32_t stream_;
    Callback callback_;
    void* ctx_;
    std::string line_;
};

}  // namespace lima::driver
