// Vectors 54, 55, 57 to 60 of spec/config.md section 10, on values.
#include "core/template/merge.hpp"

#include "core/base/json.hpp"
#include "core/text/yaml.hpp"

#include <gtest/gtest.h>

namespace lima::tmpl {
namespace {

Json values(const std::string& text) {
    return text::to_json(*text::parse_yaml(text, "t"), text::Schema::kGo);
}

std::string merged(const std::string& top, const std::string& base) {
    Json out = values(top);
    merge_base(out, values(base));
    return dump_json(out);
}

std::string combined(const std::string& top, const std::string& base) {
    Json out = values(top);
    merge_base(out, values(base));
    combine_entries(out);
    return dump_json(out);
}

TEST(MergeBase, V54TheTemplateWins) {
    EXPECT_EQ(merged("vmType: vz", "{arch: aarch64, vmType: qemu}"),
              R"({"vmType":"vz","arch":"aarch64"})");
    EXPECT_EQ(merged("cpus: null", "cpus: 3"), R"({"cpus":null})");
    EXPECT_EQ(merged("mounts: null", "mounts: [a]"), R"({"mounts":null})");
    EXPECT_EQ(merged("images: []", "images: [b]"), R"({"images":["b"]})");
}

TEST(MergeBase, V55MapsAndLists) {
    EXPECT_EQ(merged("env: {A: 1, B: 2}", "env: {B: 3, C: 4}"), R"({"env":{"A":1,"B":2,"C":4}})");
    EXPECT_EQ(merged("images: [t]", "images: [b]"), R"({"images":["t","b"]})");
    EXPECT_EQ(merged("ssh: {}", "ssh: {localPort: 3}"), R"({"ssh":{"localPort":3}})");
    EXPECT_EQ(merged("ssh: null", "ssh: {localPort: 3}"), R"({"ssh":null})");
    // Ours: a base cannot wipe out a map of the template.
    EXPECT_EQ(merged("ssh: {localPort: 3}", "ssh: null"), R"({"ssh":{"localPort":3}})");
    EXPECT_EQ(merged("provision: [t]\nprobes: [t]", "provision: [b]\nprobes: [b]"),
              R"({"provision":["b","t"],"probes":["b","t"]})");
    EXPECT_EQ(merged("portForwards: [{guestPortRange: [1, 2]}]",
                     "portForwards: [{guestPortRange: [3, 4]}]"),
              R"({"portForwards":[{"guestPortRange":[1,2]},{"guestPortRange":[3,4]}]})");
}

TEST(MergeBase, V57SpecialLists) {
    EXPECT_EQ(
        merged(merged("mountTypesUnsupported: [virtiofs, virtiofs]", "mountTypesUnsupported: [9p]"),
               "mountTypesUnsupported: [9p, reverse-sshfs]"),
        R"({"mountTypesUnsupported":["virtiofs","9p","reverse-sshfs"]})");
    EXPECT_EQ(merged("dns: [1.1.1.1]", "dns: [8.8.8.8]"), R"({"dns":["1.1.1.1"]})");
    EXPECT_EQ(merged("dns: []", "dns: [8.8.8.8]"), R"({"dns":["8.8.8.8"]})");
}

TEST(MergeBase, V58TheHigherMinimumCounts) {
    EXPECT_EQ(merged("minimumLimaVersion: 1.0.0", "minimumLimaVersion: 2.0.0"),
              R"({"minimumLimaVersion":"2.0.0"})");
    EXPECT_EQ(merged("minimumLimaVersion: 2.10.0", "minimumLimaVersion: 2.9.0"),
              R"({"minimumLimaVersion":"2.10.0"})");
    EXPECT_EQ(merged("minimumLimaVersion: null", "minimumLimaVersion: 2.0.0"),
              R"({"minimumLimaVersion":null})");
    EXPECT_EQ(merged("vmOpts: {qemu: {minimumVersion: 8.2.1}}",
                     "vmOpts: {qemu: {minimumVersion: 9.1.0}}"),
              R"({"vmOpts":{"qemu":{"minimumVersion":"9.1.0"}}})");
    EXPECT_EQ(
        merged("vmOpts: {qemu: {minimumVersion: 8.2.1}}", "vmOpts: {qemu: {minimumVersion: new}}"),
        R"({"vmOpts":{"qemu":{"minimumVersion":"8.2.1"}}})");
}

TEST(CombineEntries, V59Disks) {
    EXPECT_EQ(combined("additionalDisks: [{name: disk1}]",
                       "additionalDisks: [{name: disk2}, {name: disk1, format: true}]"),
              R"({"additionalDisks":[{"name":"disk1","format":true},{"name":"disk2"}]})");
    EXPECT_EQ(
        combined("additionalDisks: [{name: disk1}, {name: disk2}, {name: disk3, format: false}]",
                 "additionalDisks: [{name: disk4}, {name: '*', format: true}, {name: disk5}]"),
        R"({"additionalDisks":[{"name":"disk1","format":true},{"name":"disk2","format":true},)"
        R"({"name":"disk3","format":false},{"name":"disk4","format":true},{"name":"disk5"}]})");
    EXPECT_EQ(combined("additionalDisks: [mine]", "additionalDisks: [{name: '*', format: true}]"),
              R"({"additionalDisks":[{"name":"mine","format":true}]})");
    EXPECT_EQ(combined("additionalDisks: ['*', mine]", "{}"), R"({"additionalDisks":["mine"]})");
}

TEST(CombineEntries, V60MountsAndNetworks) {
    EXPECT_EQ(
        combined("mounts: [{location: loc1}, {location: loc1, mountPoint: loc2}]",
                 "mounts: [{location: loc1, mountPoint: loc2, writable: true, sshfs: "
                 "{followSymlinks: true}}, "
                 "{location: loc1, mountPoint: loc3, writable: true}]"),
        R"({"mounts":[{"location":"loc1"},)"
        R"({"location":"loc1","mountPoint":"loc2","writable":true,"sshfs":{"followSymlinks":true}},)"
        R"({"location":"loc1","mountPoint":"loc3","writable":true}]})");
    EXPECT_EQ(
        combined("networks: [{lima: a}, {interface: n0, socket: /s}, {interface: n1, metric: 5}]",
                 "networks: [{lima: a}, {interface: n0, lima: b, metric: 7}, {interface: '*', "
                 "metric: 9, lima: c}, {interface: n2}]"),
        R"({"networks":[{"lima":"a","metric":9},{"interface":"n0","socket":"/s","metric":7},)"
        R"({"interface":"n1","metric":5,"lima":"c"},{"lima":"a","metric":9},{"interface":"n2"}]})");
}

}  // namespace
}  // namespace lima::tmpl
