#include "core/hostagent/agent.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/instance/full_disk.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include <csignal>

namespace lima::hostagent {
namespace {

/// Of what a driver says at the key.
std::string last_lines(const Json& event, const char* key, std::size_t count) {
    const std::string text = json_string(event, key);
    std::vector<std::string> out;
    for (const std::string_view line : lines(text)) {
        if (!trim(line).empty()) {
            out.emplace_back(line);
        }
    }
    if (out.size() > count) {
        out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(count));
    }
    return join(out, "\n");
}

/// Why the VM's process has ended, from the driver's event.
Error exit_cause(const Json& event, const std::string& when) {
    const ExitStatus status{.code = static_cast<int>(json_int(event, "code")),
                            .signal = static_cast<int>(json_int(event, "signal"))};
    std::string text = "the VM has ended " + when + " (" + status.text() + ")";
    for (const char* key : {"message", "stderr"}) {
        if (const std::string said = last_lines(event, key, 10); !said.empty()) {
            text += ": " + said;
        }
    }
    if (const std::string said = last_lines(event, "serial", 5); !said.empty()) {
        text += "\nthe last lines on its console:\n" + said;
    }
    return Error(Code::kAborted, std::move(text));
}

}  // namespace

std::string systemd_unit_of(const std::string& cgroup) {
    for (const std::string_view line : lines(cgroup)) {
        for (const std::string& part : split(line, '/')) {
            if (part.starts_with("lima-vm@") && part.ends_with(".service")) {
                return part;
            }
        }
    }
    return "";
}

Agent::Agent(asio::io_context& loop, asio::thread_pool& pool, WorkQueue& main_thread,
             Options options, int event_fd)
    : loop_(loop),
      pool_(pool),
      main_thread_(main_thread),
      options_(std::move(options)),
      events_(event_fd),
      rest_(
          loop.get_executor(), [this] { return rest_state(); },
          [this](RestCall call) { return rest_call(std::move(call)); }),
      signals_(loop, SIGINT, SIGTERM),
      background_(loop.get_executor()),
      boot_(loop.get_executor()),
      script_timer_(loop),
      agent_wakeup_(loop.get_executor()),
      rest_idle_(loop.get_executor()),
      ending_(loop.get_executor()),
      auto_started_identifier_(
          systemd_unit_of(fs::read_file("/proc/self/cgroup").value_or(std::string()))) {}

asio::awaitable<int> Agent::run() {
    background_.spawn(watch_signals(), "the signal watch");
    if (auto up = co_await bring_up(); !up) {
        end(std::move(up.error()));
    }
    co_await ending_.wait();
    co_await shut_down();
    co_return cause_ ? 1 : 0;
}

RestState Agent::rest_state() const {
    RestState state;
    state.ssh_local_port = machine_ ? machine_->instance.ssh_local_port : 0;
    state.auto_started_identifier = auto_started_identifier_;
    state.status = events_.last();
    state.stopping = ending_.is_set();
    return state;
}

asio::awaitable<Result<void>> Agent::bring_up() {
    events_.phase_begin("setup", "preparing the instance");
    driver::EventHandler on_event = [this](const std::string& type, const std::string& json) {
        asio::post(loop_, [this, type, json] { on_driver_event(type, json); });
    };
    auto job = [this, &on_event] { return set_up(options_, std::move(on_event)); };
    auto machine = co_await aio::on_pool(pool_, job);
    if (!machine) {
        co_return fail(std::move(machine.error()).with_phase("setup"));
    }
    machine_ = std::move(*machine);
    events_.phase_done("setup");
    if (ending_.is_set()) {
        co_return Result<void>();
    }
    LIMA_CO_DO(rest_.listen(options_.socket));
    if (machine_->info.has_guest) {
        make_guest_side();
        tell_missing_agent();
    }
    LIMA_CO_DO(co_await start_vm());
    if (ending_.is_set()) {
        co_return Result<void>();
    }
    LIMA_CO_DO(co_await set_up_vnc());
    co_await show_window();
    if (machine_->info.has_guest) {
        events_.booting(machine_->instance.ssh_local_port);
        services_->start();
        boot_.spawn(boot(), "making the instance ready");
    } else {
        ready_without_guest();
    }
    co_return Result<void>();
}

void Agent::make_guest_side() {
    boot_state_ = std::make_unique<BootState>(machine_->instance_id);
    guest_ = std::make_unique<GuestShell>(machine_->client, machine_->target, cancel_);
    ready_wait_ = std::make_unique<ReadyWait>(loop_.get_executor(), pool_, *guest_, *boot_state_);
    ServiceHandlers handlers;
    handlers.on_agent = [this](const GuestFacts& facts) { on_agent(facts); };
    handlers.on_step = [this](const BootStep& step) { on_boot_step(step); };
    handlers.on_steps_ended = [this] { ready_wait_->stream(false); };
    handlers.on_forward = [this](hostapi::PortForwardEvent event) {
        events_.port_forward(std::move(event));
    };
    services_ =
        std::make_unique<Services>(loop_.get_executor(), pool_, *machine_, std::move(handlers));
}

asio::awaitable<Result<void>> Agent::start_vm() {
    events_.phase_begin("vm", machine_->adopt ? "taking over the VM that runs" : "starting the VM");
    log::info("{} the VM with the driver {}", machine_->adopt ? "Taking over" : "Starting",
              name_quote(machine_->driver->name()));
    auto job = [this] {
        return machine_->adopt ? machine_->driver->adopt(&cancel_)
                               : machine_->driver->start(&cancel_);
    };
    auto started = co_await aio::on_pool(pool_, job);
    if (!started) {
        if (ending_.is_set()) {
            co_return Result<void>();
        }
        co_return fail(std::move(started.error()).with_phase("vm"));
    }
    vm_started_ = true;
    // Its end may have come before start returned.
    if (!ending_.is_set()) {
        events_.phase_done("vm");
    }
    co_return Result<void>();
}

void Agent::ready_without_guest() {
    if (vm_started_ && vm_executes_ && !events_.is_ready() && !ending_.is_set()) {
        events_.ready({});
    }
}

asio::awaitable<void> Agent::watch_signals() {
    for (;;) {
        boost::system::error_code error;
        const int number =
            co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            co_return;
        }
        if (!ending_.is_set()) {
            log::info("Received {}, shutting down the host agent",
                      number == SIGINT ? "SIGINT" : "SIGTERM");
            end(std::nullopt);
        } else {
            log::warn("Received a second signal: the VM is stopped at once");
            stop_now_.trigger();
        }
    }
}

void Agent::on_driver_event(const std::string& type, const std::string& json) {
    log::debug("driver event {}: {}", type, json);
    const Json event = parse_json(json).value_or(Json::object());
    if (type == "started") {
        vm_executes_ = true;
        if (machine_ && !machine_->info.has_guest) {
            ready_without_guest();
        }
    } else if (type == "exited") {
        on_vm_exited(event);
    } else if (type == "panic") {
        on_dead_end(event, "the guest's kernel has crashed: ");
    } else if (type == "boot-failed") {
        on_dead_end(event, "the guest does not boot: ");
    } else if (type == "guest-agent-port") {
        if (services_) {
            services_->port_changed(json_bool(event, "open"));
        }
    } else if (type == "warning") {
        log::warn("{}", json_string(event, "message"));
    }
}

void Agent::on_vm_exited(const Json& event) {
    vm_exited_ = true;
    if (ending_.is_set()) {
        return;
    }
    const bool clean = json_int(event, "code") == 0 && json_int(event, "signal") == 0;
    if (events_.is_ready() && clean) {
        log::info("The VM has shut down");
        end(std::nullopt);
        return;
    }
    std::string hint = json_string(event, "hint");
    if (hint.empty() && machine_) {
        hint = "see the serial logs (serial*.log) in `" + machine_->dir().string() + "`";
    }
    end(exit_cause(event, events_.is_ready() ? "unexpectedly" : "while it was booting")
            .with_hint(std::move(hint)));
}

void Agent::on_dead_end(const Json& event, const std::string& what) {
    const std::string text = what + json_string(event, "message", "for an unknown reason");
    if (events_.is_ready() || ending_.is_set()) {
        log::error("{}", text);
        return;
    }
    stop_now_.trigger();  // nobody in there hears the power button
    std::string hint = json_string(event, "hint");
    if (hint.empty()) {
        hint = "see the serial logs (serial*.log) in `" + machine_->dir().string() + "`";
    }
    end(Error(Code::kAborted, text)
            .with_phase(json_string(event, "phase"))
            .with_hint(std::move(hint)));
}

void Agent::end(std::optional<Error> cause) {
    if (ending_.is_set()) {
        return;
    }
    if (cause) {
        const std::filesystem::path dir = std::filesystem::path(options_.socket).parent_path();
        cause = instance::with_disk_hint(std::move(*cause), dir);
        failed_phase_ = !cause->phase().empty() ? cause->phase() : events_.current_phase();
        if (failed_phase_.empty()) {
            failed_phase_ = "vm";
        }
        log::write(log::Level::kFatal, cause->text());
        events_.failed(failed_phase_, *cause);
    }
    cause_ = std::move(cause);
    cancel_.trigger();
    if (guest_) {
        guest_->interrupt();
        ready_wait_->stop();
    }
    script_timer_.cancel();
    ending_.set();
    agent_wakeup_.notify();
}

}  // namespace lima::hostagent
