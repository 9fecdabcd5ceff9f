// Does something when the host cancels a call, from a thread of its own, again and again until the
// object goes: what is to be cancelled may not have begun yet. A call that cannot be cancelled
// costs nothing.
#pragma once

#include "core/base/fd.hpp"

#include <lima/call.hpp>

#include <functional>
#include <thread>

namespace lima::remote::client {

class CancelWatch {
public:
    CancelWatch(const sdk::Call& call, std::function<void()> cancel);
    ~CancelWatch();
    CancelWatch(const CancelWatch&) = delete;
    CancelWatch& operator=(const CancelWatch&) = delete;

private:
    void run(int cancel_fd);

    std::function<void()> cancel_;
    Pipe done_;
    std::thread thread_;
};

}  // namespace lima::remote::client
