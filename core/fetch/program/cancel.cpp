#include "core/fetch/program/cancel.hpp"

#include <csignal>
#include <initializer_list>
#include <sys/prctl.h>
#include <unistd.h>

namespace lima::fetch {
namespace {

// A signal handler can reach nothing else.
volatile std::sig_atomic_t cancel_flag = 0;

void on_signal(int) { cancel_flag = 1; }

}  // namespace

void install_cancellation() {
    struct sigaction action{};
    action.sa_handler = on_signal;
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        sigaction(number, &action, nullptr);
    }
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, nullptr);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

void check_parent(pid_t parent) {
    if (parent != 0 && getppid() != parent) {
        cancel();
    }
}

void cancel() { cancel_flag = 1; }

bool cancelled() { return cancel_flag != 0; }

}  // namespace lima::fetch
