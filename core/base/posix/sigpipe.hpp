// While it lives, a write of this thread to a closed pipe or socket is EPIPE and no signal,
// whatever the disposition of SIGPIPE is. Owned by the stack of one thread.
#pragma once

#include <csignal>

namespace lima {

class SigpipeGuard {
public:
    SigpipeGuard();
    ~SigpipeGuard();
    SigpipeGuard(const SigpipeGuard&) = delete;
    SigpipeGuard& operator=(const SigpipeGuard&) = delete;

private:
    sigset_t previous_{};
    bool was_pending_ = false;
};

}  // namespace lima
