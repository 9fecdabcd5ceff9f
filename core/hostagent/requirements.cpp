#include "core/hostagent/requirements.hpp"

#include "core/base/text.hpp"

#include <fmt/format.h>

namespace lima::hostagent {
namespace {

constexpr const char* kTrue = "#!/bin/sh\ntrue\n";

/// Waits inside the guest, so that the host need not ask again and again: `check` every tenth of a
/// second, a hundred times. Bash's read with a time limit is the pause that costs no process; the
/// subshell finds out whether this is a bash that can (Alpine's is ash by another name).
constexpr const char* kWait = R"(#!/bin/bash
pause=
if (eval 'exec {pause}<> <(:)') 2>/dev/null; then eval 'exec {pause}<> <(:)'; fi
nap() {
    if [ -n "$pause" ]; then read -r -t 0.1 -u "$pause" || true; else sleep 0.3; fi
}
tries=100
until check; do
    tries=$((tries - 1))
    if [ "$tries" -le 0 ]; then
        missing >&2
        exit 1
    fi
    nap
done
)";

/// kWait with the two functions that it calls. The interpreter's line stays first.
std::string wait_script(const std::string& check, const std::string& missing) {
    std::string script = kWait;
    const std::size_t line = script.find('\n') + 1;
    script.insert(line, fmt::format("check() {{\n{}\n}}\nmissing() {{\n{}\n}}\n", check, missing));
    return script;
}

std::string marker_script(const std::string& file, const std::string& instance_id) {
    const std::string check = fmt::format(
        "    got=\n"
        "    if [ -r {0} ]; then read -r got <{0}; elif [ -e {0} ]; then got=$(sudo -n cat {0}); "
        "fi\n"
        "    [ \"$got\" = {1} ]",
        shell_quote(file), shell_quote(instance_id));
    const std::string missing = fmt::format(
        "    if [ -e {0} ]; then echo \"{0} holds '$got', not {1}\"; else echo \"{0} is not there "
        "yet\"; fi",
        file, instance_id);
    return wait_script(check, missing);
}

std::string command_script(const std::string& test, const std::string& missing) {
    return wait_script("    " + test + " >/dev/null 2>&1", "    echo " + shell_quote(missing));
}

struct Facts {
    const config::Config& config;
    const PlanInput& input;
    std::string os;
    bool linux_guest = false;
    bool plain = false;
    bool reverse_sshfs = false;
    bool containerd = false;
};

Facts facts_of(const PlanInput& input) {
    const config::Config& config = input.config;
    Facts facts{.config = config, .input = input, .os = config.os.value_or("Linux")};
    facts.linux_guest = facts.os == "Linux";
    facts.plain = config.plain.value_or(false);
    facts.reverse_sshfs = facts.linux_guest && !facts.plain && !config.mounts.empty() &&
                          config.mount_type.value_or("") == "reverse-sshfs";
    facts.containerd =
        facts.linux_guest && !facts.plain &&
        (config.containerd.system.value_or(false) || config.containerd.user.value_or(false));
    return facts;
}

Requirement essential(std::string phase, std::string description, std::string script,
                      std::string hint) {
    Requirement out;
    out.group = "essential";
    out.phase = std::move(phase);
    out.description = std::move(description);
    out.script = std::move(script);
    out.hint = std::move(hint);
    return out;
}

Requirement ssh_requirement() {
    Requirement out =
        essential("ssh", "ssh", kTrue,
                  "the guest's sshd does not let us in: see the serial logs (serial*.log) in the "
                  "instance directory for what the guest does");
    out.milestone = Milestone::kSshd;
    out.verify = true;
    return out;
}

Requirement windows_requirement() {
    Requirement out = essential(
        "ssh", "ssh",
        "if (Test-Path -PathType Leaf C:\\ProgramData\\Lima\\lima-boot-done.txt) { exit 0 } "
        "else { exit 1 }",
        "the guest's installation goes on: see its display");
    return out;
}

Requirement master_requirement() {
    Requirement out = essential("ssh-master", "Explicitly start ssh ControlMaster", kTrue,
                                "OpenSSH's client on this host cannot open its control socket: "
                                "see ha.stderr.log in the instance directory");
    out.uses_master = true;
    return out;
}

std::vector<Requirement> essential_requirements(const Facts& facts) {
    if (facts.os == "Windows") {
        return {windows_requirement()};
    }
    std::vector<Requirement> out = {ssh_requirement()};
    if (facts.linux_guest && !facts.plain) {
        out.push_back(essential("user-session", "user session is ready for ssh",
                                marker_script("/run/lima-ssh-ready", facts.input.instance_id),
                                "cloud-init has not run Lima's boot scripts: see "
                                "/var/log/cloud-init-output.log in the guest"));
        out.back().milestone = Milestone::kSession;
    }
    if (!facts.reverse_sshfs) {
        out.push_back(master_requirement());
        return out;
    }
    Requirement sshfs = essential(
        "sshfs", "sshfs binary to be installed",
        command_script("command -v sshfs", "sshfs is not installed"),
        "the guest could not install sshfs: see /var/log/cloud-init-output.log in the guest");
    sshfs.uses_master = true;
    sshfs.of_the_boot = true;
    out.push_back(std::move(sshfs));
    out.push_back(essential(
        "fuse", "fuse to allow_other as user",
        marker_script("/run/lima-fuse-ready", facts.input.instance_id),
        "the guest has not set user_allow_other: see /var/log/cloud-init-output.log in the guest"));
    out.back().milestone = Milestone::kFuse;
    return out;
}

std::vector<Requirement> containerd_requirements(const Facts& facts) {
    Requirement systemd;
    systemd.group = "optional";
    systemd.phase = "systemd";
    systemd.description = "systemd must be available";
    systemd.script =
        "#!/bin/bash\nif ! command -v systemctl >/dev/null 2>&1; then\n"
        "    echo \"systemd is not available in this guest\" >&2\n    exit 1\nfi\n";
    systemd.fatal = true;
    systemd.hint =
        "systemd is required to run containerd: set containerd.user and "
        "containerd.system to false for this guest";
    Requirement binaries;
    binaries.group = "optional";
    binaries.phase = "containerd";
    binaries.description = "containerd binaries to be installed";
    const std::string prefix = facts.config.guest_install_prefix.value_or("/usr/local");
    binaries.script = command_script(
        "{ command -v nerdctl || test -x " + shell_quote(prefix + "/bin/nerdctl") + "; }",
        "nerdctl is not installed yet");
    binaries.hint =
        "the nerdctl archive was not installed: see /var/log/cloud-init-output.log in "
        "the guest";
    binaries.of_the_boot = true;
    return {std::move(systemd), std::move(binaries)};
}

std::vector<Requirement> user_probes(const Facts& facts) {
    std::vector<Requirement> out;
    const std::vector<config::Probe>& probes = facts.config.probes;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        const config::Probe& probe = probes[i];
        if (probe.mode.value_or("readiness") != "readiness") {
            continue;
        }
        Requirement requirement;
        requirement.group = "optional";
        requirement.phase = "probe";
        requirement.description = probe.description.value_or("");
        if (requirement.description.empty()) {
            requirement.description = fmt::format("user probe {}/{}", i + 1, probes.size());
        }
        requirement.script = probe.script.value_or("");
        requirement.hint = probe.hint.value_or("");
        requirement.with_params = true;
        out.push_back(std::move(requirement));
    }
    return out;
}

std::vector<Requirement> final_requirements(const Facts& facts) {
    Requirement done;
    done.group = "final";
    done.phase = "boot";
    done.milestone = Milestone::kBoot;
    done.description = "boot scripts must have finished";
    done.script =
        marker_script(facts.linux_guest ? "/run/lima-boot-done" : "/var/run/lima-boot-done",
                      facts.input.instance_id);
    done.hint =
        "a boot or provisioning script still runs or hangs: see "
        "/var/log/cloud-init-output.log in the guest";
    return {std::move(done)};
}

}  // namespace

Plan plan_requirements(const PlanInput& input) {
    const Facts facts = facts_of(input);
    Plan plan;
    plan.essential = essential_requirements(facts);
    if (facts.os == "Windows") {
        return plan;
    }
    if (facts.containerd && input.containerd_archive) {
        plan.optional = containerd_requirements(facts);
    } else if (facts.containerd) {
        plan.notices.emplace_back(
            "containerd was not set up: its archive (nerdctl-full) could not be had; the guest "
            "runs without it");
    }
    for (Requirement& probe : user_probes(facts)) {
        plan.optional.push_back(std::move(probe));
    }
    plan.final = final_requirements(facts);
    return plan;
}

std::string interpreter_of(const std::string& script) {
    const std::string_view first = std::string_view(script).substr(0, script.find('\n'));
    if (!first.starts_with("#!")) {
        return "/bin/sh";
    }
    return std::string(trim(first.substr(2)));
}

std::string remote_command(const Requirement& requirement) {
    const std::string interpreter = interpreter_of(requirement.script);
    if (!requirement.with_params) {
        return interpreter;
    }
    // The outer shell takes the parameters from the cidata; the script itself stays on stdin.
    const std::string outer =
        "params=$(sudo -n cat /mnt/lima-cidata/param.env 2>/dev/null)\n"
        "while IFS= read -r line; do\n"
        "    [ -n \"$line\" ] && export \"$line\"\n"
        "done <<EOF\n"
        "$params\n"
        "EOF\n"
        "exec " +
        interpreter + "\n";
    return "/bin/bash -c " + shell_quote(outer);
}

}  // namespace lima::hostagent
