// The agent as a systemd unit: its text, and the act of installing it.
#pragma once

#include "core/base/error.hpp"
#include "guestagent/agent/options.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lima::guestagent::install {

/// The unit file. `program` is the absolute path of lima-guestagent.
std::string systemd_unit(const std::string& program, const Endpoint& endpoint, bool debug);

/// The arguments of each systemctl call that is due, in order; empty when there is nothing to do.
/// Nothing of it waits for the start: the caller may be part of the boot that the start follows.
std::vector<std::vector<std::string>> systemctl_calls(bool unit_changed, bool program_updated);

struct SystemdTarget {
    std::filesystem::path unit = "/etc/systemd/system/lima-guestagent.service";
    std::string program;
    /// Runs systemctl with the arguments.
    std::function<Result<void>(const std::vector<std::string>&)> systemctl;
};

/// Writes the unit if it differs and brings the service to it.
Result<void> install_systemd(const SystemdTarget& target, const Options& options);
/// As root, on this machine.
Result<void> install_systemd_here(const Options& options);

}  // namespace lima::guestagent::install
