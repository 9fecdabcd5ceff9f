#include "plugins/qemu/end_watch.hpp"

#include <array>
#include <cerrno>
#include <poll.h>

namespace lima::qemu {

Result<std::unique_ptr<EndWatch>> EndWatch::start(ForeignProcess process,
                                                  std::function<void()> ended) {
    auto watch = std::unique_ptr<EndWatch>(new EndWatch());
    LIMA_TRY(watch->stop_, make_pipe());
    watch->thread_ = std::thread([stop_fd = watch->stop_.read.get(), ended = std::move(ended),
                                  followed = std::make_shared<ForeignProcess>(std::move(process))] {
        std::array<pollfd, 2> polled{{{followed->pidfd(), POLLIN, 0}, {stop_fd, POLLIN, 0}}};
        while (::poll(polled.data(), polled.size(), -1) < 0 && errno == EINTR) {
        }
        if (polled[0].revents != 0) {
            ended();
        }
    });
    return watch;
}

EndWatch::~EndWatch() {
    stop_.write.reset();
    if (thread_.joinable()) {
        thread_.join();
    }
}

}  // namespace lima::qemu
