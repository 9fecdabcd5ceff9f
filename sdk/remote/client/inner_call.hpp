// A call that no host has made: for what the module does by itself. Cancelled once, for good.
#pragma once

#include "core/base/fd.hpp"

#include <lima/call.hpp>

#include <atomic>

namespace lima::remote::client {

class InnerCall {
public:
    InnerCall();
    InnerCall(const InnerCall&) = delete;
    InnerCall& operator=(const InnerCall&) = delete;
    ~InnerCall() = default;

    sdk::Call call() const { return sdk::Call(raw_); }
    void cancel();

private:
    Pipe pipe_;  // readable once cancelled, because its writing end is closed
    std::atomic<bool> cancelled_{false};
    lima_call raw_{};
};

}  // namespace lima::remote::client
