// A virtio port in the guest. The kernel reports what happens to it once (edge-triggered) when it
// is asked to: level-triggered, a port without a host is "hung up" all the time. Asio cannot ask
// so, hence an epoll descriptor of our own between the two, which is readable while it has news.
#include "core/aio/loop.hpp"
#include "core/mux/transport.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

namespace lima::mux {
namespace {

class VirtioTransport final : public Transport {
public:
    VirtioTransport(const asio::any_io_executor& executor, Fd port, Fd epoll,
                    std::filesystem::path device)
        : port_(std::move(port)), epoll_(executor, epoll.release()), device_(std::move(device)) {}
    VirtioTransport(const VirtioTransport&) = delete;
    VirtioTransport& operator=(const VirtioTransport&) = delete;
    ~VirtioTransport() override = default;

    // The kernel gives at most a page at a time.
    Result<std::size_t> read_some(std::span<std::byte> into) override {
        std::size_t done = 0;
        while (done < into.size()) {
            const ssize_t count = ::read(port_.get(), into.data() + done, into.size() - done);
            if (count > 0) {
                done += static_cast<std::size_t>(count);
                continue;
            }
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count < 0 && errno != EAGAIN && done == 0) {
                return fail_errno(errno, "cannot read " + device_.string());
            }
            break;  // nothing now, or the host is away (0)
        }
        return done;
    }

    Result<std::size_t> write_some(std::span<const iovec> parts) override {
        const int count = static_cast<int>(std::min<std::size_t>(parts.size(), IOV_MAX));
        ssize_t written = 0;
        do {
            written = ::writev(port_.get(), parts.data(), count);
        } while (written < 0 && errno == EINTR);
        if (written >= 0) {
            return static_cast<std::size_t>(written);
        }
        if (errno == EAGAIN) {
            return std::size_t{0};
        }
        return fail_errno(errno, "cannot write " + device_.string());
    }

    Peer peer() override {
        pollfd entry{port_.get(), POLLIN, 0};
        return ::poll(&entry, 1, 0) > 0 && (entry.revents & POLLHUP) != 0 ? Peer::kAway
                                                                          : Peer::kThere;
    }

    asio::awaitable<void> changed() override {
        boost::system::error_code error;
        co_await epoll_.async_wait(asio::posix::stream_descriptor::wait_read,
                                   asio::redirect_error(asio::use_awaitable, error));
        if (!error) {
            epoll_event event{};
            ::epoll_wait(epoll_.native_handle(), &event, 1, 0);
        }
    }

    void close() override {
        boost::system::error_code ignored;
        epoll_.close(ignored);
    }

private:
    Fd port_;
    asio::posix::stream_descriptor epoll_;
    std::filesystem::path device_;
};

}  // namespace

Result<std::unique_ptr<Transport>> virtio_transport(asio::any_io_executor executor,
                                                    const std::filesystem::path& device) {
    Fd port(::open(device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!port) {
        const int number = errno;
        auto error = fail_errno(number, "cannot open " + device.string());
        if (number == EBUSY) {
            return fail(std::move(error.value()).with_code(Code::kFailedPrecondition));
        }
        return error;
    }
    Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    if (!epoll || ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, port.get(), &event) != 0) {
        return fail_errno(errno, "cannot wait for " + device.string());
    }
    return std::make_unique<VirtioTransport>(executor, std::move(port), std::move(epoll), device);
}

}  // namespace lima::mux
