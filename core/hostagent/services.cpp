#include "core/hostagent/services.hpp"

#include "core/base/fs.hpp"
#include "core/base/lock.hpp"
#include "core/base/log.hpp"
#include "core/base/version.hpp"
#include "core/store/status.hpp"

#include <cstdlib>

namespace lima::hostagent {
namespace {

constexpr const char* kPlaneFeature = "forward-plane/1";

/// LIMA_FORWARD_PLANE=grpc: connections as gRPC calls although the agent offers more; to compare.
bool wants_grpc_plane() {
    const char* value = std::getenv("LIMA_FORWARD_PLANE");
    return value != nullptr && std::string_view(value) == "grpc";
}

/// A driver's descriptor as ours.
Result<Fd> own(Result<int> handle) {
    LIMA_TRY(const int fd, std::move(handle));
    return Fd(fd);
}

}  // namespace

Services::Services(asio::any_io_executor executor, asio::thread_pool& pool, Machine& machine,
                   ServiceHandlers handlers)
    : executor_(std::move(executor)),
      pool_(pool),
      machine_(machine),
      handlers_(std::move(handlers)),
      tasks_(executor_),
      shell_(machine.client, machine.target, cancel_),
      port_is_ssh_(machine.driver->forward_guest_agent_over_ssh()),
      over_ssh_(port_is_ssh_) {
    const config::Config& config = *machine_.instance.config;
    make_forwards();
    MountSetup mounts;
    mounts.config = config;
    mounts.instance_dir = machine_.dir();
    mounts.shell_argv = [this](const std::string& command) { return shell_.shell_argv(command); };
    mounts_ = std::make_unique<Mounts>(executor_, pool_, std::move(mounts));
    if (config.os.value_or("Linux") == "Linux" && !config.plain.value_or(false)) {
        guest_ = std::make_unique<Guest>(executor_, pool_, guest_setup(), guest_handlers());
    }
}

Services::~Services() = default;

void Services::make_forwards() {
    ForwardSetup setup;
    setup.config = *machine_.instance.config;
    setup.instance_dir = machine_.dir();
    setup.instance_name = machine_.instance.name;
    setup.lima_home = machine_.home.root();
    setup.ssh_local_port = machine_.instance.ssh_local_port;
    setup.client = machine_.client;
    setup.target = machine_.target;
    setup.on_event = handlers_.on_forward;
    forwards_ = std::make_unique<Forwards>(executor_, pool_, std::move(setup));
}

GuestSetup Services::guest_setup() {
    GuestSetup setup;
    setup.host_version = std::string(version());
    setup.link = !over_ssh_ && !machine_.info.virtio_port.empty();
    setup.dial = [this, over_ssh = over_ssh_] {
        return over_ssh ? shell_.dial_socket(ssh_socket(), kAgentSocket)
                        : own(machine_.driver->connect_guest_agent());
    };
    return setup;
}

std::filesystem::path Services::ssh_socket() const {
    return machine_.dir() / (port_is_ssh_ ? store::file::kGaSock : store::file::kGaSshSock);
}

void Services::reach_over_ssh(bool over_ssh) {
    over_ssh_ = over_ssh;
    GuestSetup setup = guest_setup();
    guest_->redirect(std::move(setup.dial), setup.link);
}

bool Services::fall_back_to_ssh() {
    if (!guest_ || closing_ || over_ssh_) {
        return false;
    }
    fell_back_ = true;
    reach_over_ssh(true);
    return true;
}

GuestHandlers Services::guest_handlers() {
    GuestHandlers handlers;
    handlers.on_up = [this](const GuestFacts& facts) {
        if (facts.foreign) {
            log::info("Guest agent is running; it is not ours, and tells its ports only");
        } else {
            log::info("Guest agent is running ({})", facts.agent_version);
        }
        choose_plane(facts);
        handlers_.on_agent(facts);
        mounts_->retry_now();
        if (master_) {
            master_->wake();
        }
        tasks_.spawn(set_clock("the guest agent is there"), "setting the guest's clock");
    };
    handlers.on_down = [this](const Error& error) {
        log::debug("the guest agent is away: {}", error.text());
        forwards_->set_plane(nullptr);
        handlers_.on_steps_ended();
    };
    handlers.on_ports = [this](std::vector<GuestPort> ports) {
        forwards_->set_guest_ports(std::move(ports));
    };
    handlers.on_boot = [this](const BootStep& step) { handlers_.on_step(step); };
    handlers.on_boot_ended = [this] { handlers_.on_steps_ended(); };
    return handlers;
}

void Services::choose_plane(const GuestFacts& facts) {
    const bool plane = facts.has(kPlaneFeature) && !over_ssh_ && !wants_grpc_plane() &&
                       machine_.driver->has_extension(LIMA_EXT_GUEST_CHANNEL);
    if (!plane) {
        use_plane(guest_->tunnel_plane());
        return;
    }
    if (!link_plane_) {
        auto dial = [this] { return own(machine_.driver->connect_guest_channel("forward")); };
        link_plane_ = std::make_shared<LinkPlane>(executor_, pool_, std::move(dial));
        tasks_.spawn(run_link_plane(link_plane_.get()), "the forward plane");
    }
    use_plane(link_plane_);
}

void Services::use_plane(std::shared_ptr<Plane> plane) {
    log::debug("forwards go through the {}", plane ? plane->name() : "next agent");
    forwards_->set_plane(std::move(plane));
}

asio::awaitable<void> Services::run_link_plane(LinkPlane* plane) {
    co_await plane->run();
    if (closing_) {
        co_return;
    }
    log::warn("the forward plane is lost: forwards go through the guest agent's own channel");
    link_plane_.reset();
    use_plane(guest_->tunnel_plane());
}

asio::awaitable<void> Services::set_clock(const char* why) {
    if (closing_ || !guest_ || !guest_->up()) {
        co_return;
    }
    log::debug("setting the guest's clock: {}", why);
    const auto reply = co_await guest_->sync_time(std::chrono::system_clock::now());
    if (!reply) {
        log::debug("cannot set the guest's clock: {}", reply.error().text());
    } else if (!reply->error.empty()) {
        log::warn("the guest agent cannot set the guest's clock: {}", reply->error);
    } else if (reply->adjusted) {
        log::info("Set the guest's clock, which was off by {} ms", reply->drift.count());
    }
}

void Services::start() {
    const auto pid_file = machine_.dir() / store::driver_pid_file(machine_.instance.vm_type);
    std::function<pid_t()> vm = [pid_file]() -> pid_t {
        const auto state = read_pid_file(pid_file);
        return state && state->held ? state->pid : 0;
    };
    std::function<void(const char*)> changed = [this](const char* why) {
        if (guest_) {
            guest_->wake();
        }
        mounts_->retry_now();
        tasks_.spawn(set_clock(why), "setting the guest's clock");
    };
    clock_ = std::make_unique<ClockWatch>(executor_, std::move(vm), std::move(changed));
    if (const auto started = clock_->start(); !started) {
        log::warn("the guest's clock is not set after a sleep: {}", started.error().text());
    }
    if (guest_ && !over_ssh_) {
        guest_started_ = true;
        guest_->start();
    }
}

void Services::port_changed(bool open) {
    if (!guest_ || !guest_started_ || closing_ || port_is_ssh_) {
        return;
    }
    if (fell_back_ && over_ssh_ == open) {
        log::info("The guest agent has {} its port: it is reached {}", open ? "opened" : "closed",
                  open ? "there" : "over ssh");
        reach_over_ssh(!open);
    } else if (!over_ssh_) {
        guest_->port_changed(open);
    }
}

asio::awaitable<void> Services::ssh_is_up() {
    if (guest_ && !guest_started_ && !closing_) {
        guest_started_ = true;
        guest_->start();
    }
    co_await forwards_->start_static();
    watch_master();
}

void Services::watch_master() {
    if (closing_ || master_ || !forwards_->uses_ssh()) {
        return;
    }
    MasterWatchSetup setup;
    setup.find = [this] { return shell_.master_pid(); };
    setup.make = [this] { return shell_.make_master(); };
    setup.on_another = [this] { return forwards_->start_static(); };
    master_ = std::make_unique<MasterWatch>(executor_, pool_, std::move(setup));
    master_->start();
}

asio::awaitable<std::vector<Error>> Services::mount() {
    if (closing_) {
        co_return std::vector<Error>();
    }
    co_return co_await mounts_->start();
}

asio::awaitable<void> Services::guest_replaced() {
    if (closing_) {
        co_return;
    }
    if (guest_ && guest_started_) {
        reach_over_ssh(over_ssh_);
    }
    if (link_plane_) {
        link_plane_->renew();
    }
    auto end_master = [this] {
        shell_.exit_master();
        return Result<void>();
    };
    static_cast<void>(co_await aio::on_pool(pool_, end_master));
    if (closing_) {
        co_return;
    }
    if (master_) {
        master_->wake();
    }
    mounts_->retry_now();
}

asio::awaitable<void> Services::close(bool guest_gone) {
    closing_ = true;
    cancel_.trigger();
    shell_.interrupt();
    if (clock_) {
        co_await clock_->close();
    }
    if (master_) {
        co_await master_->close();
    }
    if (guest_) {
        co_await guest_->close();
    }
    if (over_ssh_ || fell_back_) {
        // The ControlMaster, which ends soon, lets go of it, but leaves the file.
        if (const auto removed = fs::remove_if_exists(ssh_socket()); !removed) {
            log::warn("{}", removed.error().text());
        }
    }
    co_await forwards_->close();
    if (link_plane_) {
        link_plane_->stop();
    }
    co_await mounts_->close(guest_gone);
    co_await tasks_.join();
}

}  // namespace lima::hostagent
