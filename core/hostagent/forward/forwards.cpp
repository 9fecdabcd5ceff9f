#include "core/hostagent/forward/forwards.hpp"

#include "core/aio/loop.hpp"
#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/hostagent/forward/listener.hpp"
#include "core/hostagent/forward/reconciler.hpp"
#include "core/hostagent/forward/rules.hpp"
#include "core/hostagent/forward/ssh_forwards.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <string_view>

namespace lima::hostagent {
namespace {

// How long a connection waits for a way into the guest.
constexpr std::chrono::seconds kPlaneWait{10};
// A host port that another holds is looked at after 1, 2, 4 … 64 s, and then only at changes.
constexpr std::chrono::seconds kFirstRetry{1};
constexpr int kMaxRetries = 7;

bool ssh_is_asked_for() {
    const char* value = std::getenv("LIMA_SSH_PORT_FORWARDER");
    return value != nullptr && parse_go_bool(value).value_or(false);
}

/// What listens on the host, and where each leads.
class ListenerGround final : public Reconciler::Ground {
public:
    using Serve = std::function<void(Fd, const std::string& guest_address)>;

    ListenerGround(asio::any_io_executor executor, Serve serve)
        : executor_(std::move(executor)), serve_(std::move(serve)) {}

    Result<void> open(const std::string& host_address, const std::string& guest_address) override {
        const auto target = std::make_shared<std::string>(guest_address);
        LIMA_TRY(auto listener, Listener::open(executor_, host_address, [this, target](Fd client) {
                     serve_(std::move(client), *target);
                 }));
        Entry entry;
        entry.listener = std::move(listener);
        entry.target = target;
        entries_[host_address] = std::move(entry);
        return {};
    }
    void retarget(const std::string& host_address, const std::string& guest_address) override {
        *entries_.at(host_address).target = guest_address;
    }
    void close(const std::string& host_address) override { entries_.erase(host_address); }
    void clear() { entries_.clear(); }

private:
    struct Entry {
        std::unique_ptr<Listener> listener;
        std::shared_ptr<std::string> target;
    };
    asio::any_io_executor executor_;
    Serve serve_;
    std::map<std::string, Entry> entries_;
};

class SshGround final : public Reconciler::Ground {
public:
    explicit SshGround(SshForwards& ssh) : ssh_(ssh) {}

    Result<void> open(const std::string& host_address, const std::string& guest_address) override {
        SshForward forward;
        forward.local = host_address;
        forward.remote = guest_address;
        ssh_.add(std::move(forward));
        return {};
    }
    void retarget(const std::string& host_address, const std::string& guest_address) override {
        close(host_address);
        (void)open(host_address, guest_address);
    }
    void close(const std::string& host_address) override { ssh_.cancel(host_address); }

private:
    SshForwards& ssh_;
};

std::string host_side(const config::PortForward& rule) {
    return rule.host_socket.empty()
               ? join_address(rule.host_ip.value_or("127.0.0.1"), rule.host_port_range[0])
               : rule.host_socket;
}

}  // namespace

struct Forwards::Impl {
    Impl(asio::any_io_executor on, asio::thread_pool& pool, ForwardSetup with)
        : executor(std::move(on)),
          setup(std::move(with)),
          over_ssh(ssh_is_asked_for()),
          has_agent(!setup.config.plain.value_or(false) &&
                    setup.config.os.value_or("Linux") == "Linux"),
          rules(forward_rules(setup.config, setup.ssh_local_port)),
          ssh(executor, pool, setup.client, setup.target, run_ssh),
          listeners(executor,
                    [this](Fd client, const std::string& guest) {
                        connections.spawn(serve(std::move(client), guest), "forwarded connection");
                    }),
          ssh_ground(ssh),
          reconciler(rules, ignored_protocols(setup.config.port_forwards), ground(),
                     setup.on_event),
          retry(executor),
          plane_changed(executor),
          connections(executor) {}

    Reconciler::Ground& ground() {
        return over_ssh ? static_cast<Reconciler::Ground&>(ssh_ground) : listeners;
    }
    asio::awaitable<void> serve(Fd client, std::string guest_address);
    asio::awaitable<std::shared_ptr<Plane>> wait_for_plane();
    void start_rule(const config::PortForward& rule);
    void start_socket(const config::PortForward& rule);
    void schedule_retry();

    asio::any_io_executor executor;
    ForwardSetup setup;
    bool over_ssh;
    bool has_agent;
    std::vector<config::PortForward> rules;
    SshForwards ssh;
    ListenerGround listeners;
    SshGround ssh_ground;
    Reconciler reconciler;
    asio::steady_timer retry;
    int retries = 0;
    bool retry_due = false;
    bool static_started = false;
    bool closed = false;
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
    std::shared_ptr<Plane> plane;
    aio::Wakeup plane_changed;
    aio::TaskScope connections;
};

asio::awaitable<std::shared_ptr<Plane>> Forwards::Impl::wait_for_plane() {
    const auto deadline = std::chrono::steady_clock::now() + kPlaneWait;
    bool in_time = true;
    while (!plane && !closed && in_time) {
        in_time = co_await plane_changed.wait_until(deadline);
    }
    co_return plane;
}

asio::awaitable<void> Forwards::Impl::serve(Fd client, std::string guest_address) {
    const std::shared_ptr<Plane> way = co_await wait_for_plane();
    if (!way) {
        log::debug("a connection to {} of the guest found no way there", guest_address);
        co_return;
    }
    const bool path = guest_address.starts_with('/');
    std::string protocol = path ? "unix" : "tcp";
    const auto joined = co_await way->join(std::move(protocol), guest_address, std::move(client));
    if (!joined) {
        log::debug("connection to {} of the guest by the {}: {}", guest_address, way->name(),
                   joined.error().text());
    }
}

/// A static rule stands for a socket of the guest that listens whenever it likes.
void Forwards::Impl::start_rule(const config::PortForward& rule) {
    if (rule.proto == "udp") {
        log::debug("static rule for UDP port {} is not forwarded: no way for UDP yet",
                   rule.guest_port_range[0]);
        return;
    }
    for (int port = rule.guest_port_range[0]; port <= rule.guest_port_range[1]; ++port) {
        GuestPort guest;
        guest.protocol = "tcp";
        guest.ip = rule.guest_ip.value_or("127.0.0.1");
        guest.port = port;
        const ForwardMatch match = match_rule(rules, guest);
        if (match.kind != ForwardMatch::Kind::kForward) {
            continue;
        }
        Reconciler::Ground& way =
            has_agent ? ground() : static_cast<Reconciler::Ground&>(ssh_ground);
        if (const auto opened = way.open(match.host_address, address_of(guest)); !opened) {
            log::warn("cannot forward the static port {} to {}: {}", port, match.host_address,
                      opened.error().text());
        }
    }
}

void Forwards::Impl::start_socket(const config::PortForward& rule) {
    SshForward forward;
    forward.local = host_side(rule);
    forward.remote = rule.guest_socket;
    forward.reverse = rule.reverse;
    ssh.add(std::move(forward));
}

void Forwards::Impl::schedule_retry() {
    if (closed || retry_due || retries >= kMaxRetries || !reconciler.has_failed()) {
        return;
    }
    retry_due = true;
    retry.expires_after(kFirstRetry * (1 << retries++));
    retry.async_wait([this, token = std::weak_ptr<bool>(alive)](boost::system::error_code error) {
        if (error || token.expired()) {
            return;
        }
        retry_due = false;
        reconciler.retry();
        schedule_retry();
    });
}

Forwards::Forwards(asio::any_io_executor executor, asio::thread_pool& pool, ForwardSetup setup)
    : impl_(std::make_unique<Impl>(std::move(executor), pool, std::move(setup))) {}

Forwards::~Forwards() = default;

asio::awaitable<void> Forwards::start_static() {
    impl_->ssh.make_all();
    if (!std::exchange(impl_->static_started, true)) {
        for (const config::PortForward& rule : impl_->setup.config.port_forwards) {
            if (!rule.guest_socket.empty()) {
                impl_->start_socket(rule);
            } else if (rule.static_) {
                impl_->start_rule(rule);
            }
        }
    }
    co_await impl_->ssh.settle();
}

bool Forwards::uses_ssh() const {
    const auto over_ssh = [this](const config::PortForward& rule) {
        return !rule.guest_socket.empty() || (rule.static_ && !impl_->has_agent);
    };
    const auto& rules = impl_->setup.config.port_forwards;
    return impl_->over_ssh || std::any_of(rules.begin(), rules.end(), over_ssh);
}

void Forwards::set_guest_ports(std::vector<GuestPort> ports) {
    if (impl_->closed) {
        return;
    }
    impl_->reconciler.set(ports);
    impl_->retries = 0;
    impl_->retry_due = false;
    impl_->schedule_retry();
}

void Forwards::set_plane(std::shared_ptr<Plane> plane) {
    impl_->plane = std::move(plane);
    impl_->plane_changed.notify();
}

asio::awaitable<void> Forwards::close() {
    impl_->closed = true;
    impl_->retry.cancel();
    impl_->reconciler.clear();
    impl_->listeners.clear();
    impl_->plane_changed.notify();
    impl_->connections.cancel();
    co_await impl_->connections.join();
    co_await impl_->ssh.close();
}

}  // namespace lima::hostagent
