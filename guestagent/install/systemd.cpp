#include "guestagent/install/systemd.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <chrono>
#include <optional>
#include <unistd.h>

namespace lima::guestagent::install {
namespace {

constexpr std::chrono::seconds kPatience{60};

// Early, and apart from the default order: the agent tells of the boot, and so does not wait for
// what it tells of. It stays when the boot is diverted into the emergency mode, and comes back as
// often as it is killed.
constexpr std::string_view kUnitHead = R"([Unit]
Description=lima-guestagent
DefaultDependencies=no
IgnoreOnIsolate=yes
After=systemd-remount-fs.service systemd-udevd.service systemd-tmpfiles-setup-dev.service
Conflicts=shutdown.target
Before=shutdown.target
StartLimitIntervalSec=0
)";

constexpr std::string_view kUnitTail = R"(Type=simple
Restart=on-failure
RestartSec=1
OOMPolicy=continue
OOMScoreAdjust=-500
TimeoutStopSec=5

[Install]
WantedBy=multi-user.target
)";

/// A word of a unit file: quoted where systemd would split or expand it. ExecStart knows variables
/// beside specifiers.
std::string unit_word(std::string_view word, bool in_command) {
    std::string out;
    bool quote = word.empty();
    for (const char c : word) {
        if (c == '%' || (c == '$' && in_command)) {
            out += c;  // doubled, it stands for itself
        } else if (c == '"' || c == '\\') {
            out += '\\';
        }
        quote = quote || c == ' ' || c == '\t' || c == '"' || c == '\'' || c == '\\' || c == ';';
        out += c;
    }
    return quote ? "\"" + out + "\"" : out;
}

Result<void> run_systemctl(const std::vector<std::string>& arguments) {
    SpawnOptions options;
    options.argv = {"systemctl", "--system"};
    options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
    const std::string what = join(options.argv, " ");
    log::info("executing {}", what);
    LIMA_TRY(const Output output, run(std::move(options), {}, kPatience), "cannot run {}", what);
    if (!output.status.ok()) {
        return failf(Code::kUnknown, "{}: {}: {}", what, output.status.text(),
                     trim(output.err.empty() ? output.out : output.err));
    }
    return {};
}

}  // namespace

std::string systemd_unit(const std::string& program, const Endpoint& endpoint, bool debug) {
    std::string out(kUnitHead);
    const std::string directory = std::filesystem::path(program).parent_path();
    out += "RequiresMountsFor=" + unit_word(directory, false) + "\n\n[Service]\n";
    out += "ExecStart=" + unit_word(program, true) + " daemon";
    if (endpoint.vsock_port != 0) {
        out += fmt::format(" --vsock-port {}", endpoint.vsock_port);
    }
    if (!endpoint.virtio_port.empty()) {
        out += " --virtio-port " + unit_word(endpoint.virtio_port, true);
    }
    if (endpoint.socket_owner != 0) {
        out += fmt::format(" --socket-owner {}", endpoint.socket_owner);
    }
    if (debug) {
        out += " --debug";
    }
    out += " --runtime-dir=\"%t/%N\"\n";
    return out.append(kUnitTail);
}

std::vector<std::vector<std::string>> systemctl_calls(bool unit_changed, bool program_updated) {
    if (!unit_changed && !program_updated) {
        return {};
    }
    std::vector<std::vector<std::string>> out;
    if (unit_changed) {
        out.push_back({"daemon-reload"});
    }
    out.push_back({"enable", "lima-guestagent.service"});
    out.push_back({"try-restart", "--no-block", "lima-guestagent.service"});
    out.push_back({"start", "--no-block", "lima-guestagent.service"});
    return out;
}

Result<void> install_systemd(const SystemdTarget& target, const Options& options) {
    const std::string text = systemd_unit(target.program, options.endpoint, options.debug);
    LIMA_TRY(const std::optional<std::string> present, fs::read_file_if_exists(target.unit));
    const bool changed = present != text;
    const auto calls = systemctl_calls(changed, options.guestagent_updated);
    if (calls.empty()) {
        log::info("{} is up to date", target.unit.native());
        return {};
    }
    if (changed) {
        log::info("writing {}", target.unit.native());
        LIMA_DO(fs::make_dirs(target.unit.parent_path()));
        LIMA_DO(fs::write_file_atomic(target.unit, text, 0644));
    }
    for (const std::vector<std::string>& call : calls) {
        LIMA_DO(target.systemctl(call));
    }
    return {};
}

Result<void> install_systemd_here(const Options& options) {
    if (::geteuid() != 0) {
        return fail(Code::kPermissionDenied, "must run as root");
    }
    SystemdTarget target;
    target.program = self_executable();
    target.systemctl = run_systemctl;
    return install_systemd(target, options);
}

}  // namespace lima::guestagent::install
