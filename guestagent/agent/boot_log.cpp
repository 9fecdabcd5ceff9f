#include "guestagent/agent/boot_log.hpp"

#include "core/base/log.hpp"
#include "core/base/text.hpp"

#include <algorithm>

namespace lima::guestagent {
namespace {

constexpr std::size_t kLines = 20;
constexpr std::size_t kMostSteps = 1000;

}  // namespace

const BootLog::Entry* BootLog::after(std::uint64_t number) const {
    const auto found = std::ranges::upper_bound(steps_, number, {}, &Entry::number);
    return found == steps_.end() ? nullptr : &*found;
}

BootStep BootLog::make(std::string kind, std::string name, BootStep::State state) const {
    BootStep step;
    step.set_kind(std::move(kind));
    step.set_name(std::move(name));
    step.set_state(state);
    step.set_uptime_ms(facts_.uptime_ms());
    return step;
}

void BootLog::add(BootStep step) {
    log::debug("boot: {} {} state {} {}", step.kind(), step.name(), static_cast<int>(step.state()),
               step.detail());
    steps_.push_back({.number = ++last_, .step = std::move(step)});
    if (steps_.size() > kMostSteps) {
        steps_.pop_front();
    }
    on_step_();
}

void BootLog::agent(BootStep::State state, std::string boot_id) {
    BootStep step = make("agent", "", state);
    step.set_detail(std::move(boot_id));
    add(std::move(step));
}

void BootLog::network(const std::string& address) {
    if (!std::exchange(network_, true)) {
        BootStep step = make("network", "", BootStep::DONE);
        step.set_detail(address);
        add(std::move(step));
    }
}

void BootLog::sshd() {
    if (!std::exchange(sshd_, true)) {
        add(make("sshd", "", BootStep::DONE));
    }
}

void BootLog::marker(const std::string& kind, std::string_view content) {
    const std::string instance = printable_line(trim(content));
    if (instance.empty() || markers_[kind] == instance) {
        return;
    }
    markers_[kind] = instance;
    booted_ = booted_ || kind == "boot";
    BootStep step = make(kind, "", BootStep::DONE);
    step.set_instance_id(instance);
    add(std::move(step));
}

void BootLog::cloud_init_status(std::string_view text) {
    const auto stages = parse_cloud_init_status(text);
    if (!stages) {
        log::debug("cannot read the status of cloud-init: {}", stages.error().text());
        return;
    }
    for (const CloudInitStage& stage : *stages) {
        if (begun_.insert(stage.name).second) {
            add(make("cloud-init", stage.name, BootStep::BEGIN));
        }
        if (stage.finished && finished_.insert(stage.name).second) {
            const bool ok = stage.errors.empty();
            BootStep step = make("cloud-init", stage.name, ok ? BootStep::DONE : BootStep::FAILED);
            step.set_detail(join(stage.errors, "; "));
            step.set_disk_full(!ok && (says_disk_full(stage.errors) || facts_.disk_full()));
            add(std::move(step));
        }
    }
}

void BootLog::cloud_init_result(std::string_view text) {
    const auto errors = parse_cloud_init_result(text);
    if (result_ || !errors) {
        return;
    }
    result_ = true;
    BootStep step =
        make("cloud-init", "result", errors->empty() ? BootStep::DONE : BootStep::FAILED);
    step.set_detail(join(*errors, "; "));
    step.set_disk_full(!errors->empty() && (says_disk_full(*errors) || facts_.disk_full()));
    add(std::move(step));
}

bool BootLog::scripts(std::string_view text, bool last_try) {
    const std::vector<ScriptLine> all = parse_script_lines(text);
    const std::string first = all.empty() ? "" : fmt::format("{}", all[0].uptime_ms) + all[0].name;
    if (all.size() < scripts_taken_ || first != first_line_) {
        scripts_taken_ = 0;  // boot.sh has begun anew
        first_line_ = first;
        running_.reset();
    }
    for (; scripts_taken_ < all.size(); ++scripts_taken_) {
        // Only the last step can be so fresh that its output is still on its way.
        if (!script(all[scripts_taken_], last_try)) {
            return false;
        }
    }
    return true;
}

bool BootLog::script(const ScriptLine& line, bool last_try) {
    BootStep step = make("script", line.name, BootStep::BEGIN);
    step.set_uptime_ms(line.uptime_ms);
    if (line.begin) {
        add(std::move(step));
        running_ = last_;
        return true;
    }
    step.set_state(line.status == 0 ? BootStep::DONE : BootStep::FAILED);
    if (line.status != 0) {
        ScriptOutput output = facts_.output(line.name, kLines);
        if (!output.complete && !last_try) {
            return false;
        }
        step.set_detail(fmt::format("exit status {}", line.status));
        step.set_disk_full(says_disk_full(output.lines) || facts_.disk_full());
        for (std::string& said : output.lines) {
            step.add_lines(std::move(said));
        }
    }
    running_.reset();
    add(std::move(step));
    return true;
}

bool BootLog::refresh_running() {
    if (!running_) {
        return false;
    }
    const auto at = std::ranges::find(steps_, *running_, &Entry::number);
    if (at == steps_.end()) {
        return true;
    }
    ScriptOutput output = facts_.output(at->step.name(), kLines);
    if (std::ranges::equal(output.lines, at->step.lines())) {
        return true;
    }
    BootStep step = std::move(at->step);
    steps_.erase(at);
    step.clear_lines();
    for (std::string& said : output.lines) {
        step.add_lines(std::move(said));
    }
    add(std::move(step));
    running_ = last_;
    return true;
}

}  // namespace lima::guestagent
