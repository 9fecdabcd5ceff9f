// From a VM that runs to an instance that is ready: the requirement groups, the agent's socket,
// forwards and mounts, copies to the host. Whether a requirement is waited for or probed is
// ready_wait.hpp's.
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/hostagent/agent.hpp"
#include "core/hostagent/copy_to_host.hpp"

namespace lima::hostagent {
namespace {

/// Of all requirements together. What is not true by then makes the instance degraded. A little
/// less than the ten minutes for which `limactl start` waits, so that it hears the reason.
constexpr std::chrono::seconds kReadyWithin(570);

/// For a guest agent that has not answered by the end of the boot, which it starts before.
constexpr std::chrono::seconds kAgentAfterBoot(10);

/// For one that listens on its socket and is reached over ssh.
constexpr std::chrono::seconds kAgentOverSsh(30);

constexpr std::string_view kOnSocket = "it listens on its socket alone";
constexpr std::string_view kNotInstalled = "it is not installed";

constexpr const char* kForwardAgentScript = R"sh(#!/bin/bash
set -eu
if [ -z "${SSH_AUTH_SOCK:-}" ]; then
    echo "ssh did not forward an agent: is SSH_AUTH_SOCK set on the host?" >&2
    exit 1
fi
if [ ! -d /run/host-services ]; then
    sudo -n mkdir -p -m 0700 /run/host-services
    sudo -n chown "$(id -u)" /run/host-services
fi
ln -sfn "$SSH_AUTH_SOCK" /run/host-services/ssh-auth.sock
)sh";

/// What is the matter with an agent that does not answer. Its last word is the cause.
/// The socket counts as long as a process has it: one that died leaves the file alone.
constexpr const char* kAgentScript = R"sh(#!/bin/sh
socket=/run/lima-guestagent.sock
if [ -S "$socket" ] && grep -q " $socket\$" /proc/net/unix; then
    echo "it listens on its socket alone"
    exit 0
fi
for file in /usr/local/bin/lima-guestagent "$(command -v lima-guestagent)"; do
    [ -n "$file" ] && [ -e "$file" ] && break
    file=
done
if [ -z "$file" ]; then
    echo "it is not installed: there is no lima-guestagent in the guest"
elif [ ! -x "$file" ]; then
    echo "$file cannot be executed"
elif ! pidof lima-guestagent >/dev/null 2>&1; then
    echo "it does not run"
    if command -v journalctl >/dev/null 2>&1; then
        sudo -n journalctl -u lima-guestagent -n 3 -o cat --no-pager 2>/dev/null
    fi
    tail -n 3 /var/log/lima-guestagent.log 2>/dev/null
else
    echo "it runs, and its port leads nowhere"
fi
exit 0
)sh";

}  // namespace

void Agent::tell_notices(const Plan& plan) {
    for (const std::string& notice : plan.notices) {
        log::warn("{}", notice);
    }
    const config::Config& config = *machine_->instance.config;
    if (config.ssh.forward_agent.value_or(false) && config.plain.value_or(false)) {
        log::warn("ssh.forwardAgent: the socket is not linked in plain mode");
    }
}

/// Known before the VM is started, and told before.
void Agent::tell_missing_agent() {
    const config::Config& config = *machine_->instance.config;
    if (!options_.guest_agent.empty() || config.os.value_or("Linux") != "Linux" ||
        config.plain.value_or(false)) {
        return;
    }
    const std::string arch = config.arch.value_or("this architecture");
    const std::string text = "there is no guest agent for " + arch +
                             " in this installation: ports of the guest are not forwarded by "
                             "themselves";
    const std::string hint =
        "install Lima completely: share/lima/lima-guestagent.Linux-" + arch + ".gz is missing";
    log::warn("{} ({})", text, hint);
    events_.within({.name = "agent", .state = "missing", .detail = text, .hint = hint});
}

asio::awaitable<void> Agent::boot() {
    add_cleanup("the ssh ControlMaster", [this] { guest_->exit_master(); });
    std::vector<Error> errors;
    co_await make_ready(&errors);
    if (ending_.is_set()) {
        co_return;
    }
    co_await copy_files(&errors);
    auto disconnect = [this] {
        guest_->disconnect();
        return Result<void>();
    };
    const auto ignored = co_await aio::on_pool(pool_, disconnect);
    if (ignored && !ending_.is_set()) {
        script_timer_.cancel();
        events_.ready(errors);
    }
}

asio::awaitable<void> Agent::make_ready(std::vector<Error>* errors) {
    PlanInput input;
    input.config = *machine_->instance.config;
    input.instance_id = machine_->instance_id;
    input.containerd_archive = machine_->containerd_archive;
    const Plan plan = plan_requirements(input);
    tell_notices(plan);
    const Clock::time_point deadline = Clock::now() + kReadyWithin;
    co_await satisfy_all(plan.essential, deadline, errors);
    co_await forward_ssh_agent(errors);
    if (!ending_.is_set() && !ssh_failed_) {
        co_await services_->ssh_is_up();
    }
    std::vector<Error> mount_errors;
    aio::TaskScope beside(loop_.get_executor());
    beside.spawn(mount(&mount_errors), "mounting");
    if (options_.progress && !ending_.is_set() && !ssh_failed_) {
        background_.spawn(follow_cloud_init(), "following cloud-init");
    }
    co_await satisfy_all(plan.optional, deadline, errors);
    co_await satisfy_all(plan.final, deadline, errors);
    co_await beside.join();
    errors->insert(errors->end(), mount_errors.begin(), mount_errors.end());
    co_await wait_for_agent(errors);
    co_await find_failed_scripts(errors);
}

asio::awaitable<void> Agent::copy_files(std::vector<Error>* errors) {
    const std::vector<config::CopyToHost> rules = machine_->instance.config->copy_to_host;
    if (rules.empty() || ssh_failed_) {
        co_return;
    }
    const std::filesystem::path dir = machine_->dir();
    add_cleanup("copied files", [rules, dir] { delete_copies(rules, dir); });
    guest_->use(cancel_);
    auto job = [this, &rules] {
        return Result<std::vector<Error>>(copy_to_host(rules, *guest_, machine_->dir()));
    };
    auto failed = co_await aio::on_pool(pool_, job);
    errors->insert(errors->end(), failed->begin(), failed->end());
}

asio::awaitable<void> Agent::mount(std::vector<Error>* errors) {
    if (ending_.is_set() || ssh_failed_) {
        co_return;
    }
    *errors = co_await services_->mount();
    for (const Error& error : *errors) {
        log::warn("{}{}", error.text(), error.hint().empty() ? "" : " (" + error.hint() + ")");
    }
}

/// What kAgentScript says.
asio::awaitable<std::string> Agent::look_at_agent() {
    guest_->use(cancel_);
    auto look = [this] { return guest_->run("/bin/sh", kAgentScript, std::chrono::seconds(20)); };
    const auto said = co_await aio::on_pool(pool_, look);
    if (!said) {
        co_return "and it cannot be looked at: " + said.error().text();
    }
    co_return std::string(trim(said->out));
}

asio::awaitable<void> Agent::agent_within(Clock::duration time) {
    const Clock::time_point deadline = Clock::now() + time;
    bool in_time = true;
    while (!agent_seen_ && !ending_.is_set() && in_time) {
        in_time = co_await agent_wakeup_.wait_until(deadline);
    }
}

/// An agent that found no port to serve listens on its socket. One that is only slow does not.
bool Agent::fall_back(const std::string& said) {
    if (agent_seen_ || ending_.is_set() || said != kOnSocket || !services_->fall_back_to_ssh()) {
        return false;
    }
    log::warn(
        "The guest agent does not serve the driver's port but {} in the guest (is virtio_console "
        "missing in its kernel?): it is reached over ssh, and forwards go through its own channel",
        kAgentSocket);
    return true;
}

/// Until the agent answers or cannot be expected any more; what is the matter with it then.
asio::awaitable<std::string> Agent::find_agent() {
    std::string said = co_await look_at_agent();
    bool over_ssh = fall_back(said);
    if (!over_ssh && !said.starts_with(kNotInstalled)) {
        co_await agent_within(kAgentAfterBoot);
        if (!agent_seen_ && !ending_.is_set()) {
            // It may have come up late, and waits for its port before it takes the socket.
            said = co_await look_at_agent();
            over_ssh = fall_back(said);
        }
    }
    if (over_ssh) {
        co_await agent_within(kAgentOverSsh);
        said += ", and cannot be reached there (does the guest's ssh server forward unix sockets?)";
    }
    co_return said;
}

/// An agent that was given to the guest and does not answer is missed: no ports, no clock.
asio::awaitable<void> Agent::wait_for_agent(std::vector<Error>* errors) {
    const config::Config& config = *machine_->instance.config;
    if (options_.guest_agent.empty() || config.os.value_or("Linux") != "Linux" ||
        config.plain.value_or(false) || agent_seen_ || ssh_failed_ || ending_.is_set()) {
        co_return;
    }
    events_.phase_begin("agent", "the guest agent");
    const std::string cause = co_await find_agent();
    if (ending_.is_set()) {
        co_return;
    }
    if (agent_seen_) {
        events_.phase_done("agent");
        co_return;
    }
    Error missing = Error(Code::kUnavailable, "the guest agent does not answer: " + cause)
                        .with_phase("agent")
                        .with_hint(
                            "without it no ports are forwarded; see the output of "
                            "25-guestagent-base.sh in /var/log/cloud-init-output.log in "
                            "the guest");
    log::warn("{} ({})", missing.text(), missing.hint());
    events_.phase_failed("agent", missing);
    errors->push_back(std::move(missing));
}

/// What the stream told, or else what boot.sh has noted.
asio::awaitable<void> Agent::find_failed_scripts(std::vector<Error>* errors) {
    const auto& told = boot_state_->failures();
    errors->insert(errors->end(), told.begin(), told.end());
    const bool linux_guest = machine_->instance.config->os.value_or("Linux") == "Linux";
    // A stream that has begun only now has not told all yet.
    const bool told_all = ready_wait_->has_stream() && boot_state_->over();
    if (told_all || ending_.is_set() || ssh_failed_ || !linux_guest) {
        co_return;
    }
    guest_->use(cancel_);
    auto look = [this] {
        return guest_->run("cat /run/lima-boot-failed 2>/dev/null", {}, std::chrono::seconds(20));
    };
    const auto said = co_await aio::on_pool(pool_, look);
    if (!said || !told.empty()) {
        co_return;
    }
    for (const std::string_view line : lines(said->out)) {
        const std::size_t space = line.rfind(' ');
        if (space != std::string_view::npos) {
            errors->push_back(script_failure(std::string(line.substr(0, space)),
                                             "exit status " + std::string(line.substr(space + 1)),
                                             {}, false));
            log::warn("{} ({})", errors->back().text(), errors->back().hint());
            events_.phase_failed("script", errors->back());
        }
    }
}

asio::awaitable<void> Agent::satisfy_all(std::vector<Requirement> requirements,
                                         Clock::time_point deadline, std::vector<Error>* errors) {
    for (std::size_t i = 0; i < requirements.size() && !ending_.is_set(); ++i) {
        const Requirement& requirement = requirements[i];
        if (ssh_failed_ &&
            (requirement.milestone == Milestone::kNone || !ready_wait_->has_stream())) {
            continue;
        }
        if (Clock::now() >= deadline) {
            errors->emplace_back(Code::kDeadlineExceeded,
                                 "the " + requirement.group + " requirement " +
                                     go_quote(requirement.description) + " was not looked at");
            continue;
        }
        log::info("Waiting for the {} requirement {} of {}: {}", requirement.group, i + 1,
                  requirements.size(), go_quote(requirement.description));
        events_.phase_begin(requirement.phase, requirement.description);
        auto result = co_await ready_wait_->satisfy(requirement, deadline);
        if (ending_.is_set()) {
            co_return;
        }
        if (result) {
            log::info("The {} requirement {} of {} is satisfied", requirement.group, i + 1,
                      requirements.size());
            events_.phase_done(requirement.phase);
        } else if (!take_failure(requirement, std::move(result.error()), errors)) {
            co_return;
        }
    }
}

bool Agent::take_failure(const Requirement& requirement, Error error, std::vector<Error>* errors) {
    log::warn("{}{}", error.text(), error.hint().empty() ? "" : " (" + error.hint() + ")");
    events_.phase_failed(requirement.phase, error);
    ssh_failed_ =
        ssh_failed_ || requirement.phase == "ssh" || error.code() == Code::kPermissionDenied;
    errors->push_back(std::move(error));
    return !requirement.fatal;
}

asio::awaitable<void> Agent::forward_ssh_agent(std::vector<Error>* errors) {
    const config::Config& config = *machine_->instance.config;
    if (ending_.is_set() || ssh_failed_ || !config.ssh.forward_agent.value_or(false) ||
        config.plain.value_or(false)) {
        co_return;
    }
    guest_->use(cancel_);
    auto job = [this] {
        return guest_->run_over_master("/bin/bash", kForwardAgentScript, std::chrono::seconds(30));
    };
    auto result = co_await aio::on_pool(pool_, job);
    if (!result) {
        errors->push_back(std::move(result.error()).wrap("ssh.forwardAgent"));
    } else if (result->exit_code != 0) {
        errors->emplace_back(Code::kFailedPrecondition,
                             "ssh.forwardAgent: " + std::string(trim(result->err)));
    }
}

}  // namespace lima::hostagent
