// Vectors 29 to 37 of spec/config.md section 10 (group C): several files, one value.
#include "config_support.hpp"
#include "core/base/json.hpp"

namespace lima::config {
namespace {

using test::layered;
using test::must_load;

TEST(ConfigVectors, V29_ScalarsAndLists) {
    EXPECT_EQ(must_load(layered("cpus: 8\n", "", "cpus: 9\n")).cpus, 9);
    EXPECT_EQ(must_load(layered("cpus: 8\n", "cpus: ~\n", "")).cpus, 8);
    EXPECT_EQ(must_load(layered("plain: true\n", "plain: false\n", "")).plain, false);
    const auto in = layered(
        "images: [{location: /d}]\nprovision: [{script: d}]\nportForwards: [{guestPort: 1}]\n",
        "images: [{location: /y}]\nprovision: [{script: y}]\nportForwards: [{guestPort: 2}]\n",
        "images: [{location: /o}]\nprovision: [{script: o}]\nportForwards: [{guestPort: 3}]\n");
    const Config config = must_load(in);
    ASSERT_EQ(config.images.size(), 3U);
    EXPECT_EQ(config.images[0].location, "/o");
    EXPECT_EQ(config.images[1].location, "/y");
    EXPECT_EQ(config.images[2].location, "/d");
    ASSERT_EQ(config.provision.size(), 3U);
    EXPECT_EQ(config.provision[0].script, "o");
    EXPECT_EQ(config.provision[1].script, "y");
    EXPECT_EQ(config.provision[2].script, "d");
    ASSERT_EQ(config.port_forwards.size(), 3U);
    EXPECT_EQ(config.port_forwards[0].guest_port, 3);
    EXPECT_EQ(config.port_forwards[1].guest_port, 2);
    EXPECT_EQ(config.port_forwards[2].guest_port, 1);
}

TEST(ConfigVectors, V30_Mounts) {
    const Config config = must_load(
        layered("mounts: [{location: /m, writable: true}, {location: /other}]\n",
                "mounts: [{location: /m, sshfs: {cache: false}}]\n",
                "mounts: [{location: /m, writable: false}, {location: /new, mountPoint: /m2}]\n"));
    ASSERT_EQ(config.mounts.size(), 3U);
    EXPECT_EQ(config.mounts[0].location, "/m");
    EXPECT_EQ(config.mounts[0].writable, false);
    EXPECT_EQ(config.mounts[0].sshfs.cache, false);
    EXPECT_EQ(config.mounts[0].mount_point, "/m");
    EXPECT_EQ(config.mounts[1].location, "/other");
    EXPECT_EQ(config.mounts[2].location, "/new");
    EXPECT_EQ(config.mounts[2].mount_point, "/m2");
    // The location of the first entry of a mount point stays.
    const Config same = must_load(layered("mounts: [{location: /d, mountPoint: /p}]\n",
                                          "mounts: [{location: /y, mountPoint: /p}]\n", ""));
    ASSERT_EQ(same.mounts.size(), 1U);
    EXPECT_EQ(same.mounts[0].location, "/d");
}

TEST(ConfigVectors, V31_Networks) {
    const Config config =
        must_load(layered("networks: [{lima: user-v2, interface: net0, metric: 5}]\n",
                          "networks: [{lima: user-v2}]\n",
                          "networks: [{interface: net0, metric: 7, socket: /s}, {vzNAT: true}]\n"));
    ASSERT_EQ(config.networks.size(), 3U);
    EXPECT_EQ(config.networks[0].interface, "net0");
    EXPECT_EQ(config.networks[0].socket, "/s");
    EXPECT_EQ(config.networks[0].lima, "");
    EXPECT_EQ(config.networks[0].metric, 7);
    EXPECT_EQ(config.networks[1].lima, "user-v2");
    EXPECT_EQ(config.networks[1].interface, "lima1");
    EXPECT_EQ(config.networks[1].metric, 100);
    EXPECT_EQ(config.networks[2].vz_nat, true);
    EXPECT_EQ(config.networks[2].interface, "lima2");
}

TEST(ConfigVectors, V32_Dns) {
    using List = std::vector<std::string>;
    EXPECT_EQ(must_load(layered("dns: [9.9.9.9]\n", "", "")).dns, List{"9.9.9.9"});
    EXPECT_EQ(must_load(layered("dns: [9.9.9.9]\n", "dns: [8.8.8.8]\n", "")).dns, List{"8.8.8.8"});
    EXPECT_EQ(must_load(layered("dns: [9.9.9.9]\n", "dns: [8.8.8.8]\n", "dns: [1.1.1.1]\n")).dns,
              List{"1.1.1.1"});
}

TEST(ConfigVectors, V33_Maps) {
    const Config config =
        must_load(layered("env: {A: d, D: d}\nhostResolver: {hosts: {a: d, b: d}}\n",
                          "env: {A: y, Y: y}\nhostResolver: {hosts: {a: y, c: y}}\n",
                          "env: {A: o}\nhostResolver: {hosts: {c: o}}\n"));
    EXPECT_EQ(config.env, (StringMap{{"A", "o"}, {"D", "d"}, {"Y", "y"}}));
    EXPECT_EQ(config.host_resolver.hosts, (StringMap{{"a", "y"}, {"b", "d"}, {"c", "o"}}));
}

TEST(ConfigVectors, V34_UniqueLists) {
    const Config config =
        must_load(layered("caCerts: {files: [a, b]}\nmountTypesUnsupported: [9p]\n",
                          "caCerts: {files: [c, y]}\nmountTypesUnsupported: [9p, virtiofs]\n",
                          "caCerts: {files: [b, c]}\n"));
    EXPECT_EQ(config.ca_certs.files, (std::vector<std::string>{"a", "b", "c", "y"}));
    EXPECT_EQ(config.mount_types_unsupported, (std::vector<std::string>{"9p", "virtiofs", "9p"}));
}

TEST(ConfigVectors, V35_VmOptsAreReplacedPerDriver) {
    const Config config =
        must_load(layered("vmOpts: {qemu: {minimumVersion: 8.0.0}}\n",
                          "vmOpts: {qemu: {minimumVersion: 9.0.0}, vz: {diskImageFormat: raw}}\n",
                          "vmOpts: {qemu: {cpuType: {x86_64: max}}}\n"));
    EXPECT_EQ(dump_json(config.vm_opts.at("qemu")), R"({"cpuType":{"x86_64":"max"}})");
    EXPECT_EQ(dump_json(config.vm_opts.at("vz")), R"({"diskImageFormat":"raw"})");
}

TEST(ConfigVectors, V36_ParamsOfOtherFilesAreNotExpanded) {
    const Config config = must_load(
        layered("param: {d: dv}\n",
                "param: {both: y}\nprovision: [{script: '{{.Param.both}} {{.Param.d}}'}]\n",
                "param: {both: o}\n"));
    ASSERT_EQ(config.provision.size(), 1U);
    EXPECT_EQ(config.provision[0].script, "y <no value>");
    EXPECT_EQ(config.param, (StringMap{{"both", "o"}, {"d", "dv"}}));
}

TEST(ConfigVectors, V37_FieldsThatOnlyTheInstanceHas) {
    const Config config =
        must_load(layered("message: hi\nminimumLimaVersion: 9.9.9\nbase: x\ncpuType: {x86_64: "
                          "max}\nrosetta: {enabled: true}\n",
                          "", ""));
    EXPECT_EQ(config.message, "");
    EXPECT_FALSE(config.minimum_lima_version.has_value());
    EXPECT_TRUE(config.base.empty());
    EXPECT_TRUE(config.cpu_type.empty());
    EXPECT_FALSE(config.rosetta.enabled.has_value());
}

}  // namespace
}  // namespace lima::config
