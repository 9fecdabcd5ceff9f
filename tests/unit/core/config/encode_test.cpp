// JSON and YAML forms (spec/config.md section 8), apply_json, and the golden of the default
// template's filled form.
#include "config_support.hpp"
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/config/fields.hpp"
#include "core/text/yaml.hpp"

#include <set>

namespace lima::config {
namespace {

using test::kImages;
using test::must_load;

TEST(Encode, OmissionAndAlwaysPrintedObjects) {
    EXPECT_EQ(
        dump_json(to_json(Config{})),
        R"({"ssh":{},"firmware":{},"audio":{},"video":{"vnc":{}},"containerd":{},"hostResolver":{},"caCerts":{},)"
        R"("rosetta":{},"user":{}})");
    EXPECT_EQ(to_yaml(Config{}), "{}\n");
    Config config;
    config.audio.device = "";
    config.port_forwards.resize(1);
    config.mounts.resize(1);
    config.additional_disks.resize(1);
    config.images.resize(1);
    config.base.resize(1);
    EXPECT_EQ(to_yaml(config),
              "base:\n- url: \"\"\nimages:\n- location: \"\"\nadditionalDisks:\n- name: "
              "\"\"\nmounts:\n- location: \"\"\n"
              "audio:\n  device: \"\"\nportForwards:\n- guestPortRange:\n  - 0\n  - 0\n  "
              "hostPortRange:\n  - 0\n  - 0\n");
    EXPECT_EQ(dump_json(to_json(config)["mounts"]),
              R"([{"location":"","sshfs":{},"9p":{},"virtiofs":{}}])");
}

TEST(Encode, KeysComeInTheSpecifiedOrder) {
    std::vector<std::string> keys;
    for_each_field<Config>([&](const auto& f) { keys.emplace_back(f.key); });
    std::string all;
    for (const std::string& key : keys) {
        all += key + " ";
    }
    EXPECT_EQ(
        all,
        "base minimumLimaVersion vmType vmOpts os arch images cpuType cpus memory disk "
        "additionalDisks mounts "
        "mountTypesUnsupported mountType mountInotify ssh firmware audio video provision "
        "upgradePackages containerd "
        "guestInstallPrefix probes portForwards copyToHost message networks env param dns "
        "hostResolver "
        "propagateProxyEnv caCerts rosetta plain timezone nestedVirtualization user tpm osOpts ");
    EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size());
}

TEST(Encode, FilledConfigSurvivesJsonAndYaml) {
    const Config config = must_load(
        "images: [{location: /a, kernel: {location: /k, cmdline: x}, initrd: {location: /i}, "
        "variant: v, "
        "archVariant: v3}]\n"
        "vmOpts: {qemu: {cpuType: null, x: [1, 2.5]}}\nmounts: [{location: /m, 9p: {cache: none}, "
        "virtiofs: {queueSize: 3}}]\n"
        "provision: [{mode: data, path: /p, content: \"a\\n\"}, {script: "
        "\"#!/bin/sh\\n\"}]\nprobes: [{script: '#!x'}]\n"
        "portForwards: [{guestPort: 3, static: true}]\ncopyToHost: [{guest: /g, host: /h, "
        "deleteOnStop: true}]\n"
        "networks: [{lima: user-v2}]\nenv: {N: 'no', y: '1'}\ndns: [1.1.1.1]\nadditionalDisks: "
        "[d]\n"
        "osOpts: {Windows: {virtioWin: [{location: /x}]}}\n");
    Config by_json;
    const auto applied = apply_json(to_json(config), by_json);
    ASSERT_TRUE(applied.has_value()) << applied.error().text();
    EXPECT_EQ(by_json, config);
    const auto by_yaml = decode(Source{to_yaml(config), "t"});
    ASSERT_TRUE(by_yaml.has_value()) << by_yaml.error().text();
    EXPECT_TRUE(by_yaml->warnings.empty());
    EXPECT_EQ(by_yaml->config, config);
    EXPECT_EQ(dump_json(to_json(config)["vmOpts"]), R"({"qemu":{"cpuType":null,"x":[1,2.5]}})");
}

TEST(ApplyJson, PresentKeysOverwriteAbsentOnesStay) {
    Config config =
        must_load(kImages + "mounts: [{location: /a}, {location: /b}]\nenv: {A: '1'}\ncpus: 3\n");
    const auto done =
        apply_json(*parse_json(R"({"vmType":"qemu","mountType":"9p","MOUNTS":[{"writable":true}],
        "env":{"B":"2"},"memory":null,"user":{"uid":7},"unknown":1,"message":null})"),
                   config);
    ASSERT_TRUE(done.has_value()) << done.error().text();
    EXPECT_EQ(config.vm_type, "qemu");
    EXPECT_EQ(config.cpus, 3);
    ASSERT_EQ(config.mounts.size(), 1U);
    EXPECT_EQ(config.mounts[0].location, "/a");
    EXPECT_EQ(config.mounts[0].writable, true);
    EXPECT_EQ(config.env, (StringMap{{"A", "1"}, {"B", "2"}}));
    EXPECT_FALSE(config.memory.has_value());
    EXPECT_EQ(config.user.uid, 7U);
    EXPECT_EQ(config.user.name, "jane");
}

TEST(ApplyJson, AWrongTypeChangesNothing) {
    Config config = must_load(kImages);
    const Config before = config;
    const auto done = apply_json(*parse_json(R"({"cpus":7,"ssh":{"localPort":"x"}})"), config);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().text(),
              "field `ssh.localPort` must be a whole number in range, not string");
    EXPECT_EQ(config, before);
    EXPECT_FALSE(apply_json(Json::array(), config).has_value());
    EXPECT_FALSE(apply_json(*parse_json(R"({"mounts":{}})"), config).has_value());
}

}  // namespace
}  // namespace lima::config
