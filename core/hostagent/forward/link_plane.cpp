#include "core/hostagent/forward/link_plane.hpp"

#include "core/base/log.hpp"

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

LinkPlane::LinkPlane(asio::any_io_executor executor, asio::thread_pool& pool, Dial dial)
    : executor_(std::move(executor)),
      pool_(pool),
      dial_(std::move(dial)),
      stop_(executor_),
      changed_(executor_) {}

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
        const auto doubled = kFirstPause * (1 << std::min(failures_ - 1, 10));
        co_await stop_.wait_for(std::min(kLongestPause, doubled));
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
        changed_.notify();
    };
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

asio::awaitable<std::shared_ptr<mux::Link>> LinkPlane::when_up() {
    const auto deadline = std::chrono::steady_clock::now() + kJoinWait;
    bool in_time = true;
    while (!up() && !stopped_ && in_time) {
        in_time = co_await changed_.wait_until(deadline);
    }
    co_return up() ? link_ : nullptr;
}

void LinkPlane::stop() {
    stopped_ = true;
    stop_.notify();
    changed_.notify();
    if (const auto link = link_) {
        link->stop();
    }
}

void LinkPlane::renew() {
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
