#include "core/base/posix/sigpipe.hpp"

#include <cerrno>
#include <ctime>

namespace lima {
namespace {

sigset_t only_sigpipe() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return set;
}

bool sigpipe_pending() {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

}  // namespace

SigpipeGuard::SigpipeGuard() {
    was_pending_ = sigpipe_pending();
    const sigset_t set = only_sigpipe();
    pthread_sigmask(SIG_BLOCK, &set, &previous_);
}

SigpipeGuard::~SigpipeGuard() {
    const int saved = errno;
    // One that was pending before is somebody else's; one of ours must not be delivered when the
    // mask goes.
    if (!was_pending_ && sigpipe_pending()) {
        const sigset_t set = only_sigpipe();
        const timespec none{};
        while (sigtimedwait(&set, nullptr, &none) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
    errno = saved;
}

}  // namespace lima
