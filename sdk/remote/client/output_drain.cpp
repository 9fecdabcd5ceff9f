#include "sdk/remote/client/output_drain.hpp"

#include "core/base/signals_blocked.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace lima::remote::client {

OutputDrain::OutputDrain(Fd pipe) : pipe_(std::move(pipe)) {
    if (auto stop = make_pipe()) {
        stop_ = std::move(*stop);
        const SignalsBlocked blocked;
        thread_ = std::thread([this] { run(); });
    }
}

OutputDrain::~OutputDrain() {
    stop_.write.reset();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void OutputDrain::run() {
    for (;;) {
        std::array<pollfd, 2> polled{{{pipe_.get(), POLLIN, 0}, {stop_.read.get(), POLLIN, 0}}};
        if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) {
            return;
        }
        std::array<char, 4096> buffer;
        if (polled[1].revents != 0 ||
            (polled[0].revents != 0 && read(pipe_.get(), buffer.data(), buffer.size()) <= 0)) {
            return;
        }
    }
}

}  // namespace lima::remote::client
