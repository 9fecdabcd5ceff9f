#include "core/hostagent/clock_watch.hpp"

#include "core/base/fd.hpp"
#include "core/base/log.hpp"

#include <boost/asio/redirect_error.hpp>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lima::hostagent {
namespace {

/// The timer itself is never meant to come.
constexpr std::time_t kFar = std::time_t{10} * 365 * 24 * 3600;

}  // namespace

ClockWatch::ClockWatch(asio::any_io_executor executor, std::function<pid_t()> vm,
                       std::function<void(const char*)> changed)
    : vm_(std::move(vm)),
      changed_(std::move(changed)),
      timer_(executor),
      children_(executor),
      tasks_(executor) {}

Result<void> ClockWatch::arm() {
    itimerspec when{};
    when.it_value.tv_sec = std::time(nullptr) + kFar;
    if (timerfd_settime(timer_.native_handle(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when,
                        nullptr) != 0) {
        return fail_errno(errno, "cannot set a timer on the clock");
    }
    return {};
}

Result<void> ClockWatch::start() {
    Fd fd(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!fd) {
        return fail_errno(errno, "cannot watch the clock");
    }
    timer_.assign(fd.release());
    LIMA_DO(arm());
    boost::system::error_code error;
    children_.add(SIGCHLD, error);
    if (error) {
        return failf(Code::kInternal, "cannot watch children: {}", error.message());
    }
    tasks_.spawn(watch_clock(), "the watch on the clock");
    tasks_.spawn(watch_vm(), "the watch on the VM's process");
    return {};
}

asio::awaitable<void> ClockWatch::watch_clock() {
    while (!closing_) {
        boost::system::error_code error;
        co_await timer_.async_wait(asio::posix::stream_descriptor::wait_read,
                                   asio::redirect_error(asio::use_awaitable, error));
        if (error || closing_) {
            co_return;
        }
        std::uint64_t count = 0;
        const bool set =
            ::read(timer_.native_handle(), &count, sizeof count) < 0 && errno == ECANCELED;
        if (const auto armed = arm(); !armed) {
            log::warn("{}", armed.error().text());
            co_return;
        }
        if (set) {
            changed_("the host's clock was set, or the host has slept");
        }
    }
}

asio::awaitable<void> ClockWatch::watch_vm() {
    while (!closing_) {
        boost::system::error_code error;
        co_await children_.async_wait(asio::redirect_error(asio::use_awaitable, error));
        if (error || closing_) {
            co_return;
        }
        const pid_t vm = vm_();
        siginfo_t info{};
        // Exits are left to who waits for them.
        if (vm > 0 && waitid(P_PID, static_cast<id_t>(vm), &info, WCONTINUED | WNOHANG) == 0 &&
            info.si_pid == vm && info.si_code == CLD_CONTINUED) {
            changed_("the VM goes on after it was stopped");
        }
    }
}

/// The VM's own end is a SIGCHLD: the wait for that may be over already, with its coroutine not yet
/// resumed, and then there is nothing to cancel.
asio::awaitable<void> ClockWatch::close() {
    closing_ = true;
    boost::system::error_code ignored;
    timer_.close(ignored);
    children_.cancel(ignored);
    co_await tasks_.join();
}

}  // namespace lima::hostagent
