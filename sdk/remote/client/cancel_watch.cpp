#include "sdk/remote/client/cancel_watch.hpp"

#include "core/base/signals_blocked.hpp"

#include <array>
#include <chrono>
#include <poll.h>

namespace lima::remote::client {
namespace {

constexpr std::chrono::milliseconds kAgain(200);

}  // namespace

CancelWatch::CancelWatch(const sdk::Call& call, std::function<void()> cancel)
    : cancel_(std::move(cancel)) {
    if (call.cancel_fd() < 0) {
        return;
    }
    if (auto done = make_pipe()) {
        done_ = std::move(*done);
        const SignalsBlocked blocked;
        thread_ = std::thread([this, fd = call.cancel_fd()] { run(fd); });
    }
}

CancelWatch::~CancelWatch() {
    done_.write.reset();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void CancelWatch::run(int cancel_fd) {
    std::array<pollfd, 2> polled{{{done_.read.get(), POLLIN, 0}, {cancel_fd, POLLIN, 0}}};
    while (poll(polled.data(), polled.size(), -1) < 0) {
    }
    while (polled[0].revents == 0) {
        cancel_();
        poll(polled.data(), 1, static_cast<int>(kAgain.count()));
    }
}

}  // namespace lima::remote::client
