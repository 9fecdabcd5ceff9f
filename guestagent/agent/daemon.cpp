#include "guestagent/agent/daemon.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/version.hpp"
#include "guestagent/agent/agent.hpp"
#include "guestagent/agent/links.hpp"
#include "guestagent/agent/listeners.hpp"
#include "guestagent/agent/sock_diag.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <list>
#include <optional>
#include <thread>
#include <unistd.h>

namespace lima::guestagent {
namespace {

constexpr const char* kSocket = "/run/lima-guestagent.sock";
constexpr std::chrono::milliseconds kPatience{500};  // for calls to end by themselves
constexpr std::chrono::milliseconds kDeadline{900};  // for all of us
constexpr std::chrono::seconds kPortPatience{5};     // for a virtio port to appear
constexpr std::chrono::milliseconds kPortPause{250};

class Daemon {
public:
    explicit Daemon(const Options& options)
        : options_(options),
          scope_(loop_.get_executor()),
          signals_(loop_, SIGTERM, SIGINT),
          deadline_(loop_),
          port_timer_(loop_) {}

    Result<void> run();

private:
    Result<void> start_agent();
    void watch_ports(Result<std::unique_ptr<PortEvents>> events);
    void open_endpoint();
    void wait_for_port();
    Result<void> open_endpoint_now();
    Result<void> serve_port(const std::filesystem::path& device, const std::string& name,
                            PortLink::Opener opener);
    Result<void> listen();
    void port_lost(const std::string& name);
    void fail_later(Error error);
    void stop();
    asio::awaitable<void> serve(PortLink& link);

    Options options_;
    asio::io_context loop_{1};
    aio::TaskScope scope_;
    asio::signal_set signals_;
    asio::steady_timer deadline_;
    asio::steady_timer port_timer_;
    std::chrono::steady_clock::time_point port_until_{};
    std::unique_ptr<Agent> agent_;
    std::list<PortLink> links_;
    std::unique_ptr<Listener> listener_;
    std::thread preparer_;
    std::thread stopper_;
    std::optional<Error> failure_;
    bool stopping_ = false;
};

Result<void> Daemon::start_agent() {
    LIMA_TRY(SockDiag diag, SockDiag::open());
    AgentOptions out;
    out.runtime_dir = options_.runtime_dir;
    out.ports.list = [kept = std::make_shared<SockDiag>(std::move(diag))] { return kept->list(); };
    out.ports.tick = options_.tick;
    out.ports.held = true;
    const auto forward = find_virtio_port(kForwardPort);
    if (forward && !options_.endpoint.virtio_port.empty()) {
        out.forward_port = kForwardPort;
    }
    LIMA_TRY(agent_, Agent::start(loop_.get_executor(), std::move(out)));
    // Switching tracepoints on and loading sock_diag's modules takes a while in a slow guest, and
    // the host shall not wait for it.
    preparer_ = std::thread([this] {
        auto events = std::make_shared<Result<std::unique_ptr<PortEvents>>>(
            open_perf_events(loop_.get_executor()));
        if (auto warm = SockDiag::open()) {
            static_cast<void>(warm->list());
        }
        asio::post(loop_, [this, events] { watch_ports(std::move(*events)); });
    });
    return {};
}

void Daemon::watch_ports(Result<std::unique_ptr<PortEvents>> events) {
    if (events) {
        log::info("listening ports are watched by kernel events");
    } else {
        log::warn("listening ports are looked up every {} ms while a host asks: {}",
                  options_.tick.count(), events.error().text());
    }
    agent_->ports().release(events ? std::move(*events) : nullptr);
}

Result<void> Daemon::serve_port(const std::filesystem::path& device, const std::string& name,
                                PortLink::Opener opener) {
    LIMA_DO(secure_device(device));
    LIMA_TRY(auto transport, mux::virtio_transport(loop_.get_executor(), device));
    links_.emplace_back(loop_.get_executor(), std::move(transport), name, std::move(opener));
    scope_.spawn(serve(links_.back()), name);
    log::info("serving virtio port {}", name);
    return {};
}

asio::awaitable<void> Daemon::serve(PortLink& link) {
    co_await link.serve();
    if (!stopping_) {
        port_lost(link.name());
    }
}

void Daemon::port_lost(const std::string& name) {
    fail_later(Error(Code::kUnavailable, "virtio port " + name + " was lost"));
}

void Daemon::fail_later(Error error) {
    failure_ = std::move(error);
    stop();
}

Result<void> Daemon::listen() {
    const asio::any_io_executor executor = loop_.get_executor();
    const auto add = [this](Fd connection) {
        if (const auto added = agent_->add_connection(std::move(connection)); !added) {
            log::warn("cannot serve a connection: {}", added.error().text());
        }
    };
    if (const std::uint32_t port = options_.endpoint.vsock_port; port != 0) {
        LIMA_TRY(Fd socket, listen_vsock(port));
        listener_ = std::make_unique<Listener>(executor, std::move(socket), is_from_host, add);
        log::info("listening on vsock port {}", port);
    } else {
        LIMA_TRY(Fd socket, listen_unix(kSocket, options_.endpoint.socket_owner));
        listener_ =
            std::make_unique<Listener>(executor, std::move(socket), [](int) { return true; }, add);
        log::info("listening on {}", kSocket);
    }
    listener_->start();
    return {};
}

/// The first of virtio port, vsock port and unix socket that is asked for. kNotFound: the virtio
/// port is not there (yet).
Result<void> Daemon::open_endpoint_now() {
    const std::string& port = options_.endpoint.virtio_port;
    if (port.empty()) {
        return listen();
    }
    LIMA_TRY(const std::filesystem::path device, find_virtio_port(port));
    LIMA_DO(serve_port(device, port, agent_opener([this](Fd fd) {
                           return agent_->add_connection(std::move(fd));
                       })));
    if (const auto forward = find_virtio_port(kForwardPort)) {
        LIMA_DO(serve_port(*forward, std::string(kForwardPort), plane_opener()));
    }
    return {};
}

void Daemon::open_endpoint() {
    auto opened = open_endpoint_now();
    if (!opened && opened.error().code() == Code::kNotFound) {
        if (std::chrono::steady_clock::now() < port_until_) {
            wait_for_port();
            return;
        }
        log::warn("{}; falling back", opened.error().text());
        opened = listen();
    }
    if (!opened) {
        fail_later(std::move(opened.error()));
        return;
    }
    agent_->boot().ready();
}

/// A service that starts early may be ahead of the driver.
void Daemon::wait_for_port() {
    port_timer_.expires_after(kPortPause);
    port_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && !stopping_) {
            open_endpoint();
        }
    });
}

void Daemon::stop() {
    if (std::exchange(stopping_, true)) {
        return;
    }
    log::info("stopping");
    port_timer_.cancel();
    listener_.reset();
    agent_->end_calls();
    // Whatever holds us up, we are gone within a second.
    deadline_.expires_after(kDeadline);
    deadline_.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            loop_.stop();
        }
    });
    stopper_ = std::thread([this] {
        agent_->stop_server(kPatience);
        asio::post(loop_, [this] { loop_.stop(); });
    });
}

Result<void> Daemon::run() {
    LIMA_DO(start_agent());
    port_until_ = std::chrono::steady_clock::now() + kPortPatience;
    LIMA_DO(fs::remove_if_exists(kSocket));
    signals_.async_wait([this](const boost::system::error_code& error, int) {
        if (!error) {
            stop();
        }
    });
    open_endpoint();
    loop_.run();
    if (failure_) {
        return fail(std::move(*failure_));
    }
    return {};
}

}  // namespace

Result<void> run_daemon(const Options& options) {
    if (::geteuid() != 0) {
        return fail(Code::kPermissionDenied, "must run as root");
    }
    std::signal(SIGPIPE, SIG_IGN);
    log::info("lima-guestagent {}", version());
    // Never destroyed: threads of gRPC and a call that hangs in a file system may outlive the loop,
    // and the process ends right after.
    auto* daemon = new Daemon(options);
    return daemon->run();
}

}  // namespace lima::guestagent
