// The record of an instance, as commands, drivers and `list --json` see it.
#pragma once

#include "core/base/json_fwd.hpp"
#include "core/config/fields.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

namespace lima::store {

namespace status {
inline constexpr const char* kUnknown = "";
inline constexpr const char* kUninitialized = "Uninitialized";
inline constexpr const char* kInstalling = "Installing";
inline constexpr const char* kBroken = "Broken";
inline constexpr const char* kStopped = "Stopped";
inline constexpr const char* kRunning = "Running";
}  // namespace status

struct Instance {
    std::string name;
    std::string hostname;
    std::string status;
    std::string dir;
    std::string vm_type;
    std::string arch;
    int cpus = 0;
    std::int64_t memory = 0;  // bytes
    std::int64_t disk = 0;    // bytes
    std::string message;      // rendered
    std::vector<config::AdditionalDisk> additional_disks;
    std::vector<config::Network> networks;
    int ssh_local_port = 0;
    std::string ssh_config_file;
    pid_t host_agent_pid = 0;
    pid_t driver_pid = 0;
    std::vector<std::string> errors;
    std::optional<config::Config> config;  // none when lima.yaml could not be read
    std::string ssh_address;
    bool is_protected = false;
    std::string lima_version;
    config::StringMap param;
    std::string auto_started_identifier;
};

/// Upstream's keys in upstream's order, empty ones omitted (spec/drivers.md 2.9): what drivers and
/// `list --json` get.
Json to_json(const Instance& instance);

}  // namespace lima::store
