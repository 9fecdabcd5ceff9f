// Defaults and identities that no vector of spec/config.md names.
#include "config_support.hpp"

namespace lima::config {
namespace {

using test::host;
using test::input;
using test::kImages;
using test::must_load;

TEST(Defaults, MachineFollowsTheHost) {
    LoadInput in = input(kImages);
    in.host.cpus = 2;
    in.host.memory = 4169056256;  // half of it is less than 4GiB
    EXPECT_EQ(must_load(in).cpus, 2);
    EXPECT_EQ(must_load(in).memory, "1.941GiB");
}

TEST(Defaults, VmTypeIsResolvedLater) {
    const Config config = must_load(kImages);
    HostFacts facts = host();
    EXPECT_EQ(resolve_vm_type(config, facts), "qemu");
    facts.os = "darwin";
    EXPECT_EQ(resolve_vm_type(config, facts), "vz");
    facts.arch = "aarch64";
    EXPECT_EQ(resolve_vm_type(config, facts), "qemu");  // not native
    EXPECT_EQ(resolve_vm_type(must_load("vmType: krunkit\n"), facts), "krunkit");
}

TEST(Defaults, UnusableHostUsersBecomeLima) {
    LoadInput in = input(kImages);
    for (const char* name : {"Jane", "j.doe", "1x", "root", ""}) {
        in.host.user = name;
        EXPECT_EQ(must_load(in).user.name, "lima") << name;
    }
    in.host.user = "admin";
    EXPECT_EQ(must_load(in).user.name, "lima");
    in.created_by_version = "0.23.2";
    EXPECT_EQ(must_load(in).user.name, "admin");
    in.host.user = "root";
    in.host.uid = 0;
    EXPECT_EQ(must_load(in).user.name, "lima");
    EXPECT_EQ(must_load(in).user.uid, 1000U);
    in.instance.text = "user: {name: Any.Name, uid: 7}\n";
    EXPECT_EQ(must_load(in).user.name, "Any.Name");
    EXPECT_EQ(must_load(in).user.uid, 7U);
}

TEST(Identity, MacAddressesTagsAndNames) {
    const Config config = must_load("networks: [{lima: user-v2}, {vzNAT: true}]\n");
    EXPECT_EQ(config.networks[0].mac_address,
              mac_address_for("0123456789abcdef", "/home/jane/.lima/web_1.x/lima.yaml#0"));
    EXPECT_NE(config.networks[0].mac_address, config.networks[1].mac_address);
    EXPECT_EQ(config.networks[1].interface, "lima1");
    EXPECT_EQ(config.networks[1].metric, 100);
    // Parts of sha256("ab") and sha256("/a:/b"): fixed for ever, since guests remember them.
    EXPECT_EQ(mac_address_for("a", "b"), "52:55:55:fb:8e:20");
    Mount mount;
    mount.location = "/a";
    mount.mount_point = "/b";
    EXPECT_EQ(mount_tag(mount), "lima-9188ed760c7206f1");
    EXPECT_EQ(hostname_of("a.b_c-d"), "lima-a-b-c-d");
}

TEST(Ssh, OverVsockByEnvironment) {
    LoadInput in = input("ssh: {overVsock: false}\n");
    in.ssh_over_vsock_env = "true";
    EXPECT_EQ(must_load(in).ssh.over_vsock, true);
    in.ssh_over_vsock_env = "yes";
    const auto loaded = load(in);
    ASSERT_TRUE(loaded.has_value());
    EXPECT_EQ(loaded->config.ssh.over_vsock, false);
    EXPECT_EQ(loaded->warnings.size(), 1U);
}

}  // namespace
}  // namespace lima::config
