// The forward plane: a link on the second virtio port, made again whenever the VM's socket is lost.
// Thread: the loop's; the owner keeps it until run() has ended.
#pragma once

#include "core/aio/loop.hpp"
#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/hostagent/forward/plane.hpp"
#include "core/mux/link.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <memory>
#include <string>

namespace lima::hostagent {

class LinkPlane final : public Plane {
public:
    /// Connects to the VM's socket. Blocking, called on the pool.
    using Dial = std::function<Result<Fd>()>;

    LinkPlane(asio::any_io_executor executor, asio::thread_pool& pool, Dial dial);
    LinkPlane(const LinkPlane&) = delete;
    LinkPlane& operator=(const LinkPlane&) = delete;
    ~LinkPlane() override;

    /// Keeps the link until stop(), or until the socket could not be had twelve times in a row (a
    /// minute): the VM is gone.
    asio::awaitable<void> run();
    void stop();
    /// Lets go of the link and makes another.
    void renew();
    bool up() const { return link_ && link_->up(); }

    /// While the link is down it waits, ten seconds at most.
    asio::awaitable<Result<void>> join(std::string protocol, std::string address,
                                       Fd socket) override;
    const char* name() const override { return "forward plane"; }

private:
    asio::awaitable<Result<void>> run_once();
    asio::awaitable<std::shared_ptr<mux::Link>> when_up();

    asio::any_io_executor executor_;
    asio::thread_pool& pool_;
    Dial dial_;
    aio::Wakeup stop_;     // of the pause before the next try
    aio::Wakeup changed_;  // of joins: the link is up, or will not be
    std::shared_ptr<mux::Link> link_;
    int failures_ = 0;  // in a row
    bool stopped_ = false;
};

/// What the guest is asked to dial: "tcp:127.0.0.1:80" for "tcp", "0.0.0.0:80" (an address that
/// stands for all is reached by loopback), "unix:/path".
std::string link_target(const std::string& protocol, const std::string& address);

}  // namespace lima::hostagent
