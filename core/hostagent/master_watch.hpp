// Keeps an ssh ControlMaster while forwards live in it: told of its end by the kernel, it has
// another made, at once and then with pauses that grow, and says so. A guest that reboots ends the
// master, and so does `ssh -O exit`.
//
// Thread: the loop's. Owner: Services, which awaits close() before it lets go of it.
#pragma once

#include "core/aio/loop.hpp"
#include "core/base/error.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <chrono>
#include <functional>
#include <sys/types.h>

namespace lima::hostagent {

namespace asio = boost::asio;

struct MasterWatchSetup {
    /// Blocking, on a worker: the master's process; an error when there is none.
    std::function<Result<pid_t>()> find;
    /// Blocking, on a worker: brings one up.
    std::function<Result<void>()> make;
    /// There is another one.
    std::function<asio::awaitable<void>()> on_another;
    std::chrono::milliseconds first_pause{1000};
    std::chrono::milliseconds max_pause{60'000};
};

class MasterWatch {
public:
    MasterWatch(asio::any_io_executor executor, asio::thread_pool& pool, MasterWatchSetup setup);
    /// There is a master now.
    void start();
    /// The guest answers again: a pause ends.
    void wake() { wakeup_.notify(); }
    asio::awaitable<void> close();

private:
    asio::awaitable<void> run();
    asio::awaitable<void> until_it_ends();
    asio::awaitable<void> pause();

    asio::any_io_executor executor_;
    asio::thread_pool& pool_;
    MasterWatchSetup setup_;
    std::chrono::milliseconds pause_;
    asio::posix::stream_descriptor process_;
    aio::Wakeup wakeup_;
    aio::TaskScope tasks_;
    bool closing_ = false;
};

}  // namespace lima::hostagent
