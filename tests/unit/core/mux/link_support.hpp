// Two links over a socket pair, a guest that answers, and threads that stand for programs at the
// local ends.
#pragma once

#include "core/aio/loop.hpp"
#include "core/base/fd.hpp"
#include "core/mux/link.hpp"
#include "tests/support/socket_pair.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace lima::mux::test {

using lima::test::socket_pair;
using Pair = lima::test::SocketPair;

/// The other ends of what the guest has accepted, by their order.
class Accepted {
public:
    void put(Fd fd) {
        const std::lock_guard lock(mutex_);
        fds_.push_back(std::move(fd));
        some_.notify_all();
    }
    Fd take() {
        std::unique_lock lock(mutex_);
        if (!some_.wait_for(lock, std::chrono::seconds(20), [this] { return !fds_.empty(); })) {
            ADD_FAILURE() << "nothing was opened";
            return {};
        }
        Fd fd = std::move(fds_.front());
        fds_.erase(fds_.begin());
        return fd;
    }

private:
    std::mutex mutex_;
    std::condition_variable some_;
    std::vector<Fd> fds_;
};

/// A host link and a guest link on one loop in a thread of its own.
class LinkPair {
public:
    LinkPair() : guard_(loop_.get_executor()), scope_(loop_.get_executor()) {
        Pair port = socket_pair();
        host = std::make_unique<Link>(
            loop_.get_executor(), socket_transport(loop_.get_executor(), std::move(port.ours)),
            LinkOptions{Role::kHost, "host"}, LinkHandlers{[this] { host_up.put({}); }, {}, {}});
        guest = std::make_unique<Link>(
            loop_.get_executor(), socket_transport(loop_.get_executor(), std::move(port.theirs)),
            LinkOptions{Role::kGuest, "guest"},
            LinkHandlers{{}, {}, [this](std::uint32_t id, const std::string& target) {
                             opened(id, target);
                         }});
        scope_.spawn(run(host.get()), "host");
        scope_.spawn(run(guest.get()), "guest");
        thread_ = std::thread([this] { loop_.run(); });
        host_up.take();
    }
    ~LinkPair() {
        on_loop([this] {
            host->stop();
            guest->stop();
            guard_.reset();
        });
        thread_.join();
        host.reset();  // before the loop
        guest.reset();
    }

    template <class F>
    void on_loop(F work) {
        asio::post(loop_, std::move(work));
    }
    /// A stream to the guest; its local end.
    Fd connect(const std::string& target) {
        Pair pair = socket_pair();
        const auto fd = std::make_shared<Fd>(std::move(pair.theirs));
        on_loop([this, target, fd] {
            scope_.spawn(join(host.get(), target, std::move(*fd)), "connect");
        });
        return std::move(pair.ours);
    }
    Result<void> last_result() {
        const std::lock_guard lock(mutex_);
        return result_;
    }

    std::unique_ptr<Link> host;
    std::unique_ptr<Link> guest;
    Accepted host_up;   // one for each time
    Accepted accepted;  // local ends in the guest
    Accepted ended;     // one for each connect that has ended

private:
    asio::awaitable<void> run(Link* link) { (void)co_await link->run(); }
    asio::awaitable<void> join(Link* link, std::string target, Fd fd) {
        auto result = co_await link->connect(std::move(target), std::move(fd));
        {
            const std::lock_guard lock(mutex_);
            result_ = std::move(result);
        }
        ended.put({});
    }
    asio::awaitable<void> answer(std::uint32_t id, Fd fd) {
        (void)co_await guest->accept(id, std::move(fd));
    }
    void opened(std::uint32_t id, const std::string& target) {
        if (target == "no") {
            guest->refuse(id, Error(Code::kNotFound, "there is no such thing"));
            return;
        }
        Pair pair = socket_pair();
        accepted.put(std::move(pair.ours));
        scope_.spawn(answer(id, std::move(pair.theirs)), "accept");
    }

    asio::io_context loop_;
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    aio::TaskScope scope_;
    std::thread thread_;
    std::mutex mutex_;
    Result<void> result_;
};

}  // namespace lima::mux::test
