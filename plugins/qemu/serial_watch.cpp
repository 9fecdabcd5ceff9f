#include "plugins/qemu/serial_watch.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace lima::qemu {

Result<std::unique_ptr<SerialWatch>> SerialWatch::start(const std::filesystem::path& log,
                                                        bool from_end,
                                                        std::function<void(const Finding&)> found) {
    Fd file(::open(log.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        return fail_errno(errno, "cannot open " + log.string());
    }
    if (from_end && ::lseek(file.get(), 0, SEEK_END) < 0) {
        return fail_errno(errno, "cannot seek in " + log.string());
    }
    Fd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!inotify || ::inotify_add_watch(inotify.get(), log.c_str(), IN_MODIFY) < 0) {
        return fail_errno(errno, "cannot watch " + log.string());
    }
    LIMA_TRY(Pipe stop, make_pipe());
    return std::unique_ptr<SerialWatch>(
        new SerialWatch(std::move(file), std::move(inotify), std::move(stop), std::move(found)));
}

SerialWatch::SerialWatch(Fd file, Fd inotify, Pipe stop, std::function<void(const Finding&)> found)
    : file_(std::move(file)),
      inotify_(std::move(inotify)),
      stop_(std::move(stop)),
      found_(std::move(found)) {
    thread_ = std::thread([this] { follow(); });
}

SerialWatch::~SerialWatch() {
    stop_.write.reset();
    thread_.join();
}

void SerialWatch::read_new() {
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t count = ::read(file_.get(), buffer.data(), buffer.size());
        if (count <= 0) {
            return;
        }
        if (new_boot_.exchange(false)) {
            scanner_.reset();
        }
        if (const auto finding = scanner_.feed({buffer.data(), static_cast<std::size_t>(count)})) {
            found_(*finding);
        }
    }
}

void SerialWatch::follow() {
    for (;;) {
        read_new();
        std::array<pollfd, 2> polled{{{inotify_.get(), POLLIN, 0}, {stop_.read.get(), POLLIN, 0}}};
        if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) {
            return;
        }
        if (polled[1].revents != 0) {
            return;
        }
        // The events say no more than "look"; they must be taken away all the same.
        std::array<char, 4096> events{};
        while (::read(inotify_.get(), events.data(), events.size()) > 0) {
        }
    }
}

}  // namespace lima::qemu
