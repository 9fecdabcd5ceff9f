#include "core/store/instance.hpp"

#include "core/base/json.hpp"
#include "core/config/load.hpp"

namespace lima::store {
namespace {

void put(Json& out, const char* key, const std::string& value) {
    if (!value.empty()) {
        out[key] = value;
    }
}

template <class Number>
void put_number(Json& out, const char* key, Number value) {
    if (value != 0) {
        out[key] = value;
    }
}

/// The lists have the same form here as in lima.yaml, so the one encoder serves both.
void put_lists(Json& out, const Instance& instance) {
    if (instance.additional_disks.empty() && instance.networks.empty()) {
        return;
    }
    config::Config lists;
    lists.additional_disks = instance.additional_disks;
    lists.networks = instance.networks;
    const Json encoded = config::to_json(lists);
    if (!instance.additional_disks.empty()) {
        out["additionalDisks"] = encoded.at("additionalDisks");
    }
    if (!instance.networks.empty()) {
        out["network"] = encoded.at("networks");
    }
}

}  // namespace

Json to_json(const Instance& instance) {
    Json out = Json::object();
    out["name"] = instance.name;
    out["hostname"] = instance.hostname;
    out["status"] = instance.status;
    out["dir"] = instance.dir;
    out["vmType"] = instance.vm_type;
    out["arch"] = instance.arch;
    put_number(out, "cpus", instance.cpus);
    put_number(out, "memory", instance.memory);
    put_number(out, "disk", instance.disk);
    put(out, "message", instance.message);
    put_lists(out, instance);
    put_number(out, "sshLocalPort", instance.ssh_local_port);
    put(out, "sshConfigFile", instance.ssh_config_file);
    put_number(out, "hostAgentPID", instance.host_agent_pid);
    put_number(out, "driverPID", instance.driver_pid);
    if (!instance.errors.empty()) {
        out["errors"] = instance.errors;
    }
    if (instance.config) {
        out["config"] = config::to_json(*instance.config);
    }
    put(out, "sshAddress", instance.ssh_address);
    out["protected"] = instance.is_protected;
    out["limaVersion"] = instance.lima_version;
    if (!instance.param.empty()) {
        out["param"] = instance.param;
    }
    put(out, "autoStartedIdentifier", instance.auto_started_identifier);
    return out;
}

}  // namespace lima::store
