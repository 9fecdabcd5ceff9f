#include "core/store/instance.hpp"

#include "core/base/json.hpp"

#include <gtest/gtest.h>

namespace lima::store {
namespace {

std::vector<std::string> keys(const Json& object) {
    std::vector<std::string> names;
    for (const auto& [key, value] : object.items()) {
        names.push_back(key);
    }
    return names;
}

TEST(InstanceJson, AnEmptyOneKeepsOnlyWhatIsAlwaysThere) {
    Instance instance;
    instance.name = "x";
    EXPECT_EQ(
        dump_json(to_json(instance)),
        R"({"name":"x","hostname":"","status":"","dir":"","vmType":"","arch":"","protected":false,"limaVersion":""})");
}

TEST(InstanceJson, AFullOneHasUpstreamsKeysInOrder) {
    Instance instance;
    instance.name = "x";
    instance.cpus = 2;
    instance.memory = 1;
    instance.disk = 2;
    instance.message = "m";
    instance.additional_disks = {{.name = "d", .format = {}, .fs_type = {}, .fs_args = {}}};
    config::Network network;
    network.lima = "user-v2";
    instance.networks = {network};
    instance.ssh_local_port = 60022;
    instance.ssh_config_file = "/c";
    instance.host_agent_pid = 3;
    instance.driver_pid = 4;
    instance.errors = {"broken"};
    instance.config = config::Config();
    instance.ssh_address = "127.0.0.1";
    instance.param = {{"k", "v"}};
    instance.auto_started_identifier = "unit";
    const Json out = to_json(instance);
    EXPECT_EQ(keys(out), (std::vector<std::string>{"name",
                                                   "hostname",
                                                   "status",
                                                   "dir",
                                                   "vmType",
                                                   "arch",
                                                   "cpus",
                                                   "memory",
                                                   "disk",
                                                   "message",
                                                   "additionalDisks",
                                                   "network",
                                                   "sshLocalPort",
                                                   "sshConfigFile",
                                                   "hostAgentPID",
                                                   "driverPID",
                                                   "errors",
                                                   "config",
                                                   "sshAddress",
                                                   "protected",
                                                   "limaVersion",
                                                   "param",
                                                   "autoStartedIdentifier"}));
    EXPECT_EQ(dump_json(out["additionalDisks"]), R"([{"name":"d"}])");
    EXPECT_EQ(dump_json(out["network"]), R"([{"lima":"user-v2"}])");
    EXPECT_EQ(dump_json(out["errors"]), R"(["broken"])");
    EXPECT_TRUE(out["config"].contains("ssh"));
}

}  // namespace
}  // namespace lima::store
