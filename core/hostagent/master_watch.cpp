#include "core/hostagent/master_watch.hpp"

#include "core/base/log.hpp"
#include "core/base/process.hpp"

#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <fcntl.h>

namespace lima::hostagent {

MasterWatch::MasterWatch(asio::any_io_executor executor, asio::thread_pool& pool,
                         MasterWatchSetup setup)
    : executor_(std::move(executor)),
      pool_(pool),
      setup_(std::move(setup)),
      pause_(setup_.first_pause),
      process_(executor_),
      wakeup_(executor_),
      tasks_(executor_) {}

void MasterWatch::start() { tasks_.spawn(run(), "the watch on the ssh ControlMaster"); }

asio::awaitable<void> MasterWatch::until_it_ends() {
    const auto pid = co_await aio::on_pool(pool_, setup_.find);
    const auto process =
        pid ? ForeignProcess::open(*pid) : Result<ForeignProcess>(fail(pid.error()));
    if (!process || closing_) {
        co_return;
    }
    boost::system::error_code error;
    process_.assign(fcntl(process->pidfd(), F_DUPFD_CLOEXEC, 0), error);
    if (!error) {
        co_await process_.async_wait(asio::posix::stream_descriptor::wait_read,
                                     asio::redirect_error(asio::use_awaitable, error));
    }
    process_.close(error);
}

asio::awaitable<void> MasterWatch::pause() {
    co_await wakeup_.wait_for(pause_);
    pause_ = std::min(pause_ * 2, setup_.max_pause);
}

asio::awaitable<void> MasterWatch::run() {
    while (!closing_) {
        const auto begin = std::chrono::steady_clock::now();
        co_await until_it_ends();
        if (std::chrono::steady_clock::now() - begin >= setup_.first_pause) {
            pause_ = setup_.first_pause;
        } else if (!closing_) {
            co_await pause();  // after one that ended at once
        }
        if (closing_) {
            co_return;
        }
        log::info("The ssh ControlMaster has ended: its forwards are made in another");
        auto made = co_await aio::on_pool(pool_, setup_.make);
        while (!made && !closing_) {
            log::debug("no other ssh ControlMaster yet: {}", made.error().text());
            co_await pause();
            made = co_await aio::on_pool(pool_, setup_.make);
        }
        if (!closing_) {
            co_await setup_.on_another();
        }
    }
}

asio::awaitable<void> MasterWatch::close() {
    closing_ = true;
    boost::system::error_code ignored;
    process_.cancel(ignored);
    process_.close(ignored);
    wakeup_.notify();
    co_await tasks_.join();
}

}  // namespace lima::hostagent
