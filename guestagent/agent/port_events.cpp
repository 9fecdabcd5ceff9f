#include "guestagent/agent/port_events.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "guestagent/agent/netlink.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lima::guestagent {
namespace {

constexpr long kTracefsMagic = 0x74726163;
constexpr unsigned kStateClosed = 7;

struct Tracepoint {
    const char* event;
    std::vector<std::string> fields;
    const char* filter;
};

const std::vector<Tracepoint>& tracepoints() {
    static const std::vector<Tracepoint> kAll{
        {"sock/inet_sock_set_state", {"oldstate", "newstate"}, "newstate == 10 || oldstate == 10"},
        {"syscalls/sys_exit_bind", {"ret"}, "ret == 0"},
    };
    return kAll;
}

/// One tracepoint on one processor, with the smallest ring there is: it is only looked at for
/// whether it moved.
class Counter {
public:
    Counter(Fd fd, void* ring, std::size_t size) : fd_(std::move(fd)), ring_(ring), size_(size) {}
    Counter(Counter&& other) noexcept
        : fd_(std::move(other.fd_)),
          ring_(std::exchange(other.ring_, nullptr)),
          size_(other.size_),
          seen_(other.seen_) {}
    Counter& operator=(Counter&&) = delete;
    Counter(const Counter&) = delete;
    Counter& operator=(const Counter&) = delete;
    ~Counter() {
        if (ring_ != nullptr) {
            ::munmap(ring_, size_);
        }
    }

    int fd() const { return fd_.get(); }
    void enable(bool on) const {
        ::ioctl(fd_.get(), on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
    }
    bool moved() {
        const std::uint64_t now = head();
        return std::exchange(seen_, now) != now;
    }
    void consume() {
        std::atomic_ref<__u64> tail(page()->data_tail);
        tail.store(head(), std::memory_order_release);
    }

private:
    perf_event_mmap_page* page() const { return static_cast<perf_event_mmap_page*>(ring_); }
    std::uint64_t head() const {
        return std::atomic_ref<__u64>(page()->data_head).load(std::memory_order_acquire);
    }

    Fd fd_;
    void* ring_;
    std::size_t size_;
    std::uint64_t seen_ = 0;
};

Result<Counter> open_counter(std::uint64_t id, int cpu, const char* filter) {
    perf_event_attr attributes{};
    attributes.type = PERF_TYPE_TRACEPOINT;
    attributes.size = sizeof(attributes);
    attributes.config = id;
    attributes.sample_period = 1;
    attributes.disabled = 1;
    attributes.wakeup_events = 1;
    Fd fd(static_cast<int>(
        ::syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)));
    if (!fd) {
        return fail_errno(errno, "perf_event_open");
    }
    if (::ioctl(fd.get(), PERF_EVENT_IOC_SET_FILTER, filter) != 0) {
        return fail_errno(errno, fmt::format("cannot set the filter {}", go_quote(filter)));
    }
    const std::size_t size = 2 * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* ring = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (ring == MAP_FAILED) {
        return fail_errno(errno, "cannot map the ring of a tracepoint");
    }
    return Counter(std::move(fd), ring, size);
}

/// "0-3,5": the numbers of the processors that are on.
std::vector<int> online_processors() {
    const auto text = fs::read_file("/sys/devices/system/cpu/online");
    std::vector<int> out;
    for (const std::string& range : split(text ? trim(*text) : "0", ',')) {
        int first = 0;
        const char* end = range.data() + range.size();
        const auto parsed = std::from_chars(range.data(), end, first);
        int last = first;
        if (parsed.ptr != end && *parsed.ptr == '-') {
            std::from_chars(parsed.ptr + 1, end, last);
        }
        for (int cpu = first; cpu <= last; ++cpu) {
            out.push_back(cpu);
        }
    }
    return out;
}

/// UDP sockets that end; those that were connected (state established) are filtered out by the
/// kernel, since they never were in our list.
Result<Fd> open_destroy_socket() {
    LIMA_TRY(Fd socket, open_netlink_groups(NETLINK_SOCK_DIAG,
                                            {SKNLGRP_INET_UDP_DESTROY, SKNLGRP_INET6_UDP_DESTROY}));
    // A small buffer: the first message says all, more of them only cost.
    const int small = 4096;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    constexpr std::uint32_t kStateAt = sizeof(nlmsghdr) + offsetof(inet_diag_msg, idiag_state);
    std::array<sock_filter, 4> program{{
        {BPF_LD | BPF_B | BPF_ABS, 0, 0, kStateAt},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, kStateClosed},
        {BPF_RET | BPF_K, 0, 0, 0xffffffff},
        {BPF_RET | BPF_K, 0, 0, 0},
    }};
    const sock_fprog filter{.len = program.size(), .filter = program.data()};
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) != 0) {
        return fail_errno(errno, "cannot filter a sock_diag socket");
    }
    return socket;
}

class PerfEvents final : public PortEvents {
public:
    PerfEvents(const asio::any_io_executor& executor, Fd epoll, std::vector<Counter> counters,
               Fd destroyed)
        : counters_(std::move(counters)),
          destroyed_(std::move(destroyed)),
          epoll_(executor, epoll.release()) {
        for (const Counter& counter : counters_) {
            sources_.push_back({.fd = counter.fd(), .events = POLLIN, .revents = 0});
        }
        sources_.push_back({.fd = destroyed_.get(), .events = POLLIN, .revents = 0});
    }

    void enable(bool on) override {
        for (const Counter& counter : counters_) {
            counter.enable(on);
        }
        if (on) {
            rearm();
        } else {
            watch(false);
        }
    }

    void async_wait(std::function<void()> on_event) override {
        epoll_.cancel();
        if (!on_event) {
            return;
        }
        epoll_.async_wait(
            asio::posix::stream_descriptor::wait_read,
            [this, handler = std::move(on_event)](const boost::system::error_code& error) {
                if (!error) {
                    watch(false);
                    handler();
                }
            });
    }

    bool moved() override {
        bool any = false;
        for (Counter& counter : counters_) {
            any = counter.moved() || any;
        }
        return any;
    }

    void rearm() override {
        watch(false);
        moved();
        for (Counter& counter : counters_) {
            counter.consume();
        }
        drain_netlink(destroyed_.get());
        // A counter remembers that it has woken somebody until it is asked.
        ::poll(sources_.data(), sources_.size(), 0);
        watch(true);
    }

private:
    void watch(bool on) {
        if (std::exchange(watching_, on) == on) {
            return;
        }
        for (const pollfd& source : sources_) {
            epoll_event event{};
            event.events = EPOLLIN;
            ::epoll_ctl(epoll_.native_handle(), on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, source.fd,
                        &event);
        }
    }

    std::vector<Counter> counters_;
    Fd destroyed_;
    std::vector<pollfd> sources_;
    // A set of its own within the loop's, empty from the first event until rearm(): whatever is in
    // it wakes the loop each time, also edge-triggered or once only.
    asio::posix::stream_descriptor epoll_;
    bool watching_ = false;
};

}  // namespace

Result<std::filesystem::path> find_tracefs() {
    for (const char* path : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
        struct statfs info{};
        if (::statfs(path, &info) == 0 && info.f_type == kTracefsMagic) {
            return path;
        }
    }
    const char* place = "/sys/kernel/tracing";
    if (::mount("tracefs", place, "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
        return fail_errno(errno, "cannot mount tracefs");
    }
    return place;
}

Result<std::uint64_t> tracepoint_id(const std::filesystem::path& tracefs,
                                    const std::string& event) {
    LIMA_TRY(const std::string text, fs::read_file(tracefs / "events" / event / "id"));
    const std::string_view word = trim(text);
    std::uint64_t id = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), id);
    if (parsed.ec != std::errc() || parsed.ptr != word.data() + word.size()) {
        return failf(Code::kInternal, "the id of tracepoint {} is {}", event, go_quote(word));
    }
    return id;
}

Result<bool> tracepoint_has_field(const std::filesystem::path& tracefs, const std::string& event,
                                  const std::string& field) {
    LIMA_TRY(const std::string text, fs::read_file(tracefs / "events" / event / "format"));
    return std::ranges::any_of(lines(text), [&](std::string_view line) {
        return trim(line).starts_with("field:") &&
               line.find(" " + field + ";") != std::string_view::npos;
    });
}

Result<std::unique_ptr<PortEvents>> open_perf_events(const asio::any_io_executor& executor) {
    LIMA_TRY(const std::filesystem::path tracefs, find_tracefs());
    std::vector<Counter> counters;
    for (const Tracepoint& point : tracepoints()) {
        LIMA_TRY(const std::uint64_t id, tracepoint_id(tracefs, point.event));
        for (const std::string& field : point.fields) {
            LIMA_TRY(const bool known, tracepoint_has_field(tracefs, point.event, field));
            if (!known) {
                return failf(Code::kUnavailable, "tracepoint {} has no field {}", point.event,
                             field);
            }
        }
        for (const int cpu : online_processors()) {
            LIMA_TRY(Counter counter, open_counter(id, cpu, point.filter));
            counters.push_back(std::move(counter));
        }
    }
    LIMA_TRY(Fd destroyed, open_destroy_socket());
    Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) {
        return fail_errno(errno, "cannot make an epoll set");
    }
    return std::make_unique<PerfEvents>(executor, std::move(epoll), std::move(counters),
                                        std::move(destroyed));
}

}  // namespace lima::guestagent
