// Tells when the guest's clock may have fallen behind: the host's clock was set or the host has
// slept (the kernel ends a timer then), or the VM's process goes on after it was stopped (SIGCHLD,
// for a child of ours). No timer that runs.
#pragma once

#include "core/aio/loop.hpp"
#include "core/base/error.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>
#include <sys/types.h>

namespace lima::hostagent {

namespace asio = boost::asio;

class ClockWatch {
public:
    /// `vm` is asked for the VM's process, 0 when there is none; `changed` gets the reason.
    ClockWatch(asio::any_io_executor executor, std::function<pid_t()> vm,
               std::function<void(const char* why)> changed);

    Result<void> start();
    /// Ends both waits; to be awaited before the object dies.
    asio::awaitable<void> close();

private:
    asio::awaitable<void> watch_clock();
    asio::awaitable<void> watch_vm();
    Result<void> arm();

    std::function<pid_t()> vm_;
    std::function<void(const char*)> changed_;
    asio::posix::stream_descriptor timer_;
    asio::signal_set children_;
    aio::TaskScope tasks_;
    bool closing_ = false;
};

}  // namespace lima::hostagent
