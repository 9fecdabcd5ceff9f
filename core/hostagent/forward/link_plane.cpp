#include "core/hostagent/forward/link_plane.hpp"

#include "core/aio/loop.hpp"
#include "core/base/log.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>

namespace lima::hostagent {
namespace {

constexpr int kMaxFailures = 12;
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{10'000};
constexpr std::chrono::seconds kJoinWait{10};

}  // namespace

std::string link_target(const std::string& protocol, const std::string& address) {
    const std::string prefix = protocol + ":";
    if (address.starts_with("0.0.0.0:")) {
        return prefix + "127.0.0.1" + address.substr(7);
    }
    if (address.starts_with("[::]:")) {
        return prefix + "[::1]" + address.substr(4);
    }
    return prefix + address;
}

LinkPlane::LinkPlane(asio::any_io_executor executor, asio::thread_pool& pool, Dial dial,
                     LinkPlaneHandlers handlers)
    : executor_(std::move(executor)),
      pool_(pool),
      dial_(std::move(dial)),
      handlers_(std::move(handlers)),
      timer_(executor_) {}

LinkPlane::~LinkPlane() = default;

asio::awaitable<void> LinkPlane::run() {
    while (!stopped_) {
        const auto result = co_await run_once();
        if (stopped_) {
            break;
        }
        ++failures_;
        log::debug("forward plane: {}", result ? "ended" : result.error().text());
        if (failures_ >= kMaxFailures) {
            log::warn(
                "the forward plane's port cannot be reached: ports of the guest are not "
                "forwarded over it any more");
            break;
        }
        co_await pause();
    }
}

asio::awaitable<Result<void>> LinkPlane::run_once() {
    auto socket = co_await aio::on_pool(pool_, dial_);
    if (!socket) {
        co_return fail(std::move(socket.error()).wrap("cannot connect"));
    }
    if (stopped_) {
        co_return Result<void>();
    }
    mux::LinkOptions options;
    options.role = mux::Role::kHost;
    options.name = name();
    mux::LinkHandlers handlers;
    handlers.on_up = [this] {
        failures_ = 0;
        wake_waiters();
        if (handlers_.on_up) {
            handlers_.on_up();
        }
    };
    handlers.on_down = handlers_.on_down;
    const auto link =
        std::make_shared<mux::Link>(executor_, mux::socket_transport(executor_, std::move(*socket)),
                                    std::move(options), std::move(handlers));
    link_ = link;
    auto result = co_await link->run();
    if (link_ == link) {
        link_.reset();
    }
    co_return result;
}

asio::awaitable<void> LinkPlane::pause() {
    const auto doubled = kFirstPause * (1 << std::min(failures_ - 1, 10));
    timer_.expires_after(std::min(kLongestPause, doubled));
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<std::shared_ptr<mux::Link>> LinkPlane::when_up() {
    asio::steady_timer timer(executor_, kJoinWait);
    while (!up() && !stopped_) {
        const auto place = waiters_.insert(waiters_.end(), &timer);
        boost::system::error_code error;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
        waiters_.erase(place);
        if (!error) {
            break;  // the time is over
        }
    }
    co_return up() ? link_ : nullptr;
}

void LinkPlane::wake_waiters() {
    for (asio::steady_timer* waiter : waiters_) {
        waiter->cancel();
    }
}

void LinkPlane::stop() {
    stopped_ = true;
    timer_.cancel();
    wake_waiters();
    if (const auto link = link_) {
        link->stop();
    }
}

asio::awaitable<Result<void>> LinkPlane::join(std::string protocol, std::string address,
                                              Fd socket) {
    if (protocol != "tcp" && protocol != "unix") {
        co_return failf(Code::kUnimplemented, "the forward plane does not carry {}", protocol);
    }
    const std::shared_ptr<mux::Link> link = co_await when_up();
    if (!link) {
        co_return fail(Code::kUnavailable, "the forward plane is not up");
    }
    co_return co_await link->connect(link_target(protocol, address), std::move(socket));
}

}  // namespace lima::hostagent
