// The way from a checked configuration to a QEMU process that answers: locks disks, makes
// directories, connects networks, starts helpers and QEMU, waits for its monitor. What was taken is
// given back when a step fails.
//
// Owner: one start() of the driver. Thread: that of the [op] call.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "plugins/qemu/argv.hpp"
#include "plugins/qemu/survey.hpp"
#include "plugins/qemu/vm.hpp"

#include <lima/call.hpp>
#include <lima/host.hpp>

#include <memory>
#include <string>
#include <vector>

namespace lima::qemu {

struct Services {
    explicit Services(const sdk::Host& from)
        : host(from), disks(from), networks(from), processes(from) {}
    sdk::Host host;
    sdk::DiskService disks;
    sdk::NetworkService networks;
    sdk::ProcessService processes;
};

class Launch {
public:
    Launch(const Config& config, Services& services, const sdk::Call& call);
    ~Launch();
    Launch(const Launch&) = delete;
    Launch& operator=(const Launch&) = delete;

    /// A VM whose monitor has answered, not announced yet.
    Result<std::shared_ptr<Vm>> run();
    const std::string& accel() const { return host_.accel; }

private:
    Result<void> clear_stale_files();
    Result<void> prepare_disks();
    Result<void> lock_disks();
    Result<void> prepare_mounts();
    Result<void> connect_networks();
    Result<NetLink> connect_network(const Network& network);
    Result<NetLink> inherit_socket(const std::string& path);
    Result<void> start_virtiofsd();
    Result<void> start_swtpm();
    Result<void> start_helper(Helper::Role role, std::vector<std::string> argv);
    Result<void> start_qemu();
    Result<void> wait_for_monitor();
    Result<void> expose_ssh();

    const Config& config_;
    Services& services_;
    const sdk::Call& call_;
    Survey survey_;
    Host host_;
    std::vector<Fd> sockets_;  // inherited by QEMU as 3, 4 …
    std::vector<std::string> locked_;
    std::vector<std::shared_ptr<Helper>> helpers_;
    std::shared_ptr<Vm> vm_;
    std::string network_;
    bool owns_files_ = false;  // the instance's sockets and locks are ours to take back
    bool done_ = false;
};

/// How long a guest gets to react to the power button: there are machines whose button reaches
/// nobody.
std::chrono::milliseconds power_button_limit(const Config& config, bool firmware, bool kernel);
/// Names of processes that may be a VM that another Lima started; those do not lock their PID files
/// as we do.
std::vector<std::string> qemu_process_names();
/// From now on the end of a helper is an event, while the VM runs.
void serve(Vm& vm, std::vector<std::shared_ptr<Helper>> helpers);
/// A mount's host side, and the TPM: who they are by the stem of their files.
Helper::Role helper_role(const Config& config, const std::string& file);
/// Everything that a VM that is gone may have left in the instance directory; processes that served
/// it, and locks of disks too.
void clean_up(const Config& config, const std::vector<std::string>& locked_disks,
              Services& services, const sdk::Call& call);

inline constexpr const char* kPidFile = "qemu.pid";

}  // namespace lima::qemu
