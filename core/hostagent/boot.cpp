// From a VM that runs to an instance that is ready: the requirement groups, the agent's socket,
// copies to the host. Readiness by events of a guest agent takes the place of satisfy() per
// requirement; the order around it stays.
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/hostagent/agent.hpp"
#include "core/hostagent/cloud_init.hpp"
#include "core/hostagent/copy_to_host.hpp"
#include "core/hostagent/readiness.hpp"

namespace lima::hostagent {
namespace {

using Clock = std::chrono::steady_clock;

/// Of all requirements together. What is not true by then makes the instance degraded. A little
/// less than the ten minutes for which `limactl start` waits, so that it hears the reason.
constexpr std::chrono::seconds kReadyWithin(570);

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

asio::awaitable<void> Agent::boot() {
    PlanInput input;
    input.config = *machine_->instance.config;
    input.instance_id = machine_->instance_id;
    input.containerd_archive = machine_->containerd_archive;
    const Plan plan = plan_requirements(input);
    tell_notices(plan);
    guest_ = std::make_unique<GuestShell>(machine_->client, machine_->target, cancel_);
    add_cleanup("the ssh ControlMaster", [this] { guest_->exit_master(); });

    const Clock::time_point deadline = Clock::now() + kReadyWithin;
    std::vector<Error> errors;
    co_await satisfy_all(plan.essential, deadline, &errors);
    co_await forward_ssh_agent(&errors);
    if (options_.progress && !ending_.is_set()) {
        background_.spawn(follow_cloud_init(), "following cloud-init");
    }
    co_await satisfy_all(plan.optional, deadline, &errors);
    co_await satisfy_all(plan.final, deadline, &errors);
    if (ending_.is_set()) {
        co_return;
    }
    const auto& rules = input.config.copy_to_host;
    if (!rules.empty()) {
        const std::filesystem::path dir = machine_->dir();
        add_cleanup("copied files", [rules, dir] { delete_copies(rules, dir); });
        auto job = [this, &rules] {
            return Result<std::vector<Error>>(copy_to_host(rules, *guest_, machine_->dir()));
        };
        auto failed = co_await aio::on_pool(pool_, job);
        errors.insert(errors.end(), failed->begin(), failed->end());
    }
    auto disconnect = [this] {
        guest_->disconnect();
        return Result<void>();
    };
    const auto ignored = co_await aio::on_pool(pool_, disconnect);
    if (ignored && !ending_.is_set()) {
        events_.ready(errors);
    }
}

asio::awaitable<void> Agent::satisfy_all(std::vector<Requirement> requirements,
                                         Clock::time_point deadline, std::vector<Error>* errors) {
    for (std::size_t i = 0; i < requirements.size() && !ending_.is_set(); ++i) {
        const Requirement& requirement = requirements[i];
        if (Clock::now() >= deadline) {
            errors->emplace_back(Code::kDeadlineExceeded,
                                 "the " + requirement.group + " requirement " +
                                     go_quote(requirement.description) + " was not looked at");
            continue;
        }
        log::info("Waiting for the {} requirement {} of {}: {}", requirement.group, i + 1,
                  requirements.size(), go_quote(requirement.description));
        events_.phase_begin(requirement.phase, requirement.description);
        auto job = [this, &requirement, deadline] {
            return satisfy(requirement, *guest_, deadline, cancel_);
        };
        auto result = co_await aio::on_pool(pool_, job);
        if (ending_.is_set()) {
            co_return;
        }
        if (result) {
            log::info("The {} requirement {} of {} is satisfied", requirement.group, i + 1,
                      requirements.size());
            events_.phase_done(requirement.phase);
            continue;
        }
        log::warn("{}{}", result.error().text(),
                  result.error().hint().empty() ? "" : " (" + result.error().hint() + ")");
        events_.phase_failed(requirement.phase, result.error());
        errors->push_back(std::move(result.error()));
        if (requirement.fatal) {
            co_return;
        }
    }
}

asio::awaitable<void> Agent::forward_ssh_agent(std::vector<Error>* errors) {
    const config::Config& config = *machine_->instance.config;
    if (ending_.is_set() || !config.ssh.forward_agent.value_or(false) ||
        config.plain.value_or(false)) {
        co_return;
    }
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

asio::awaitable<void> Agent::follow_cloud_init() {
    std::function<void(hostapi::CloudInitProgress)> tell =
        [this](hostapi::CloudInitProgress progress) { events_.cloud_init(std::move(progress)); };
    std::vector<std::string> argv = guest_->shell_argv(cloud_init_command());
    co_await watch_cloud_init(std::move(argv), std::move(tell));
}

}  // namespace lima::hostagent
