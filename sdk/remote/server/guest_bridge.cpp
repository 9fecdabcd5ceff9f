#include "sdk/remote/server/guest_bridge.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lima::remote {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;
// Column 4 of /proc/net/unix: __SO_ACCEPTCON.
constexpr std::string_view kAccepting = "00010000";

/// Bytes of one direction that have been read and not yet written.
struct Direction {
    int from;
    int to;
    std::array<char, kBuffer> buffer{};
    std::size_t begin = 0;
    std::size_t end = 0;
    bool over = false;

    short events_from() const { return !over && begin == end ? POLLIN : 0; }
    short events_to() const { return begin != end ? POLLOUT : 0; }

    /// False: the connection is broken.
    bool move() {
        if (!over && begin == end) {
            const ssize_t count = read(from, buffer.data(), buffer.size());
            if (count == 0) {
                over = true;
                shutdown(to, SHUT_WR);
            } else if (count > 0) {
                begin = 0;
                end = static_cast<std::size_t>(count);
            } else if (errno != EAGAIN && errno != EINTR) {
                return false;
            }
        }
        if (begin != end) {
            const ssize_t count =
                send(to, buffer.data() + begin, end - begin, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count > 0) {
                begin += static_cast<std::size_t>(count);
            } else if (errno != EAGAIN && errno != EINTR) {
                return false;
            }
        }
        return true;
    }
};

/// Until both sides have ended, one is broken, or it shall stop.
void copy_both_ways(int a, int b, int stop) {
    auto there = std::make_unique<Direction>(Direction{.from = a, .to = b});
    auto back = std::make_unique<Direction>(Direction{.from = b, .to = a});
    while (!there->over || !back->over) {
        std::array<pollfd, 3> polled{
            {{stop, POLLIN, 0},
             {a, static_cast<short>(there->events_from() | back->events_to()), 0},
             {b, static_cast<short>(back->events_from() | there->events_to()), 0}}};
        // A side that only has hung up would be reported for ever.
        for (std::size_t i = 1; i < polled.size(); ++i) {
            if (polled[i].events == 0) {
                polled[i].fd = -1;
            }
        }
        if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) {
            return;
        }
        if (polled[0].revents != 0 || !there->move() || !back->move()) {
            return;
        }
    }
}

/// The driver's connection, made in its turn among the [op] calls.
Fd connect_to_guest(Served& served, int stop) {
    struct Answer {
        std::mutex mutex;
        Fd fd;
        Fd ready{eventfd(0, EFD_CLOEXEC)};
    };
    const auto answer = std::make_shared<Answer>();
    const bool taken = served.op(served.calls().begin(0), [&served, answer](Call& /*call*/) {
        const auto connected = served.driver().connect_guest_agent();
        {
            const std::lock_guard lock(answer->mutex);
            if (connected) {
                answer->fd = Fd(*connected);
            } else {
                log::debug("cannot connect to the guest agent: {}", connected.error().text());
            }
        }
        eventfd_write(answer->ready.get(), 1);
    });
    if (!taken) {
        return {};
    }
    std::array<pollfd, 2> polled{{{answer->ready.get(), POLLIN, 0}, {stop, POLLIN, 0}}};
    while (poll(polled.data(), polled.size(), -1) < 0 && errno == EINTR) {
    }
    const std::lock_guard lock(answer->mutex);
    return std::move(answer->fd);
}

}  // namespace

bool somebody_listens(const std::filesystem::path& path) {
    const auto table = fs::read_file("/proc/net/unix");
    if (!table) {
        return false;
    }
    for (const std::string_view line : lines(*table)) {
        const std::size_t flags = line.find(kAccepting);
        if (flags != std::string_view::npos && line.ends_with(" " + path.string())) {
            return true;
        }
    }
    return false;
}

struct GuestBridge::Joint {
    std::atomic<bool> done = false;
    std::thread thread;
};

GuestBridge::GuestBridge(Served& served, Poller& poller)
    : served_(served), poller_(poller), stop_(eventfd(0, EFD_CLOEXEC)) {}

GuestBridge::~GuestBridge() {
    eventfd_write(stop_.get(), 1);
    for (Joint& joint : joints_) {
        joint.thread.join();
    }
}

Result<void> GuestBridge::ensure() {
    driver::Driver& driver = served_.driver();
    if (!driver.has_extension(LIMA_EXT_GUEST_AGENT) || driver.forward_guest_agent_over_ssh()) {
        return {};
    }
    const std::filesystem::path dir = served_.instance_dir();
    if (dir.empty()) {
        return fail(Code::kFailedPrecondition, "the driver is not configured");
    }
    const std::filesystem::path path = dir / "ga.sock";
    const std::lock_guard lock(mutex_);
    if (somebody_listens(path)) {
        return {};  // the VM itself, or this bridge
    }
    door_.reset();
    LIMA_TRY(Door door, Door::open(path));
    door_.emplace(std::move(door));
    poller_.post([this, fd = door_->fd()] { poller_.add(fd, [this] { accept(); }); });
    return {};
}

void GuestBridge::close() {
    const std::lock_guard lock(mutex_);
    if (door_) {
        poller_.remove(door_->fd());
        door_.reset();
    }
}

void GuestBridge::accept() {
    std::optional<Fd> peer;
    {
        const std::lock_guard lock(mutex_);
        if (door_) {
            peer = door_->accept();
        }
    }
    sweep();
    if (!peer) {
        return;
    }
    Joint& joint = joints_.emplace_back();
    joint.thread = std::thread([this, &joint, near = std::move(*peer)] {
        if (const Fd far = connect_to_guest(served_, stop_.get()); far) {
            fcntl(far.get(), F_SETFL, O_NONBLOCK);
            copy_both_ways(near.get(), far.get(), stop_.get());
        }
        joint.done = true;
    });
}

void GuestBridge::sweep() {
    for (auto it = joints_.begin(); it != joints_.end();) {
        if (it->done) {
            it->thread.join();
            it = joints_.erase(it);
        } else {
            ++it;
        }
    }
}

}  // namespace lima::remote
