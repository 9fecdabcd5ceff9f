// Vectors 16 to 28 and 38 of spec/config.md section 10 (groups B and D): defaults, expansion,
// params.
#include "config_support.hpp"

namespace lima::config {
namespace {

using test::has;
using test::host;
using test::input;
using test::kImages;
using test::load_error;
using test::must_load;
using test::problems;

TEST(ConfigVectors, V16_BuiltIns) {
    const Config config = must_load(kImages);
    EXPECT_EQ(config.cpus, 4);
    EXPECT_EQ(config.memory, "4GiB");
    EXPECT_EQ(config.disk, "100GiB");
    EXPECT_EQ(config.ssh.local_port, 0);
    EXPECT_EQ(config.ssh.load_dot_ssh_pub_keys, false);
    EXPECT_EQ(config.ssh.forward_agent, false);
    EXPECT_EQ(config.ssh.forward_x11, false);
    EXPECT_EQ(config.ssh.forward_x11_trusted, false);
    EXPECT_FALSE(config.ssh.over_vsock.has_value());
    EXPECT_EQ(config.audio.device, "");
    EXPECT_EQ(config.audio.interface, "");
    EXPECT_EQ(config.video.display, "none");
    EXPECT_EQ(config.containerd.system, false);
    EXPECT_EQ(config.containerd.user, true);
    ASSERT_EQ(config.containerd.archives.size(), 2U);
    EXPECT_EQ(config.containerd.archives[0].arch, "x86_64");
    EXPECT_EQ(config.containerd.archives[1].arch, "aarch64");
    EXPECT_EQ(config.host_resolver.enabled, true);
    EXPECT_EQ(config.host_resolver.ipv6, false);
    EXPECT_EQ(config.propagate_proxy_env, true);
    EXPECT_EQ(config.ca_certs.remove_defaults, false);
    for (const auto& flag :
         {config.plain, config.tpm, config.nested_virtualization, config.mount_inotify,
          config.upgrade_packages, config.firmware.legacy_bios}) {
        EXPECT_EQ(flag, false);
    }
    EXPECT_EQ(config.user.name, "jane");
    EXPECT_EQ(config.user.comment, "Jane Doe");
    EXPECT_EQ(config.user.shell, "/bin/bash");
    EXPECT_EQ(config.user.home, "/home/jane.guest");
    EXPECT_EQ(config.user.uid, 501U);
    EXPECT_EQ(config.user.passwordless_sudo, true);
    EXPECT_EQ(config.timezone, "Europe/Berlin");
    EXPECT_FALSE(config.mount_type.has_value());
    EXPECT_FALSE(config.vm_type.has_value());
    EXPECT_EQ(config.images[0].arch, "x86_64");
    EXPECT_EQ(config.guest_install_prefix, "/usr/local");
}

TEST(ConfigVectors, V17_ContainerdByOsAndArch) {
    EXPECT_EQ(must_load("arch: x86_64\n").containerd.user, true);
    EXPECT_EQ(must_load("arch: aarch64\n").containerd.user, true);
    EXPECT_EQ(must_load("os: FreeBSD\n").containerd.user, false);
    EXPECT_EQ(must_load("os: Darwin\narch: aarch64\n").containerd.user, false);
    EXPECT_EQ(must_load("arch: riscv64\n").containerd.user, false);
    EXPECT_EQ(must_load("arch: armv7l\n").containerd.user, false);
    EXPECT_EQ(must_load("os: Darwin\n").containerd.user, false);
    EXPECT_EQ(must_load("os: FreeBSD\narch: aarch64\n").containerd.user, false);
    EXPECT_EQ(must_load("os: Darwin\ncontainerd: {user: true}\n").containerd.user, true);
}

TEST(ConfigVectors, V18_HomeOfOldInstances) {
    LoadInput in = input(kImages);
    in.created_by_version = "";
    EXPECT_EQ(must_load(in).user.home, "/home/jane.linux");
    in.created_by_version = "2.0.3";
    EXPECT_EQ(must_load(in).user.home, "/home/jane.linux");
    in.created_by_version = "2.1.0";
    EXPECT_EQ(must_load(in).user.home, "/home/jane.guest");
    in.created_by_version = "<unknown>";
    EXPECT_EQ(must_load(in).user.home, "/home/jane.guest");
    in.instance.text = "os: Darwin\n";
    EXPECT_EQ(must_load(in).user.home, "/Users/jane.guest");
    EXPECT_EQ(must_load(in).user.shell, "/bin/zsh");
}

TEST(ConfigVectors, V19_HomeMount) {
    const Config ro = must_load("mounts: [{location: \"~\"}]\n");
    ASSERT_EQ(ro.mounts.size(), 1U);
    EXPECT_EQ(ro.mounts[0].location, "/home/jane");
    EXPECT_EQ(ro.mounts[0].mount_point, "/home/jane");
    EXPECT_EQ(ro.mounts[0].writable, false);
    EXPECT_EQ(ro.mounts[0].nine_p.cache, "fscache");
    EXPECT_EQ(ro.mounts[0].nine_p.msize, "128KiB");
    EXPECT_EQ(ro.mounts[0].sshfs.cache, true);
    EXPECT_FALSE(ro.mounts[0].virtiofs.queue_size.has_value());
    const Config rw = must_load("mounts: [{location: \"~/x/../y/\", writable: true}]\n");
    EXPECT_EQ(rw.mounts[0].location, "/home/jane/y");
    EXPECT_EQ(rw.mounts[0].nine_p.cache, "mmap");
    const Config slashes = must_load("mounts: [{location: \"~//etc\"}]\n");
    EXPECT_EQ(slashes.mounts[0].location, "/home/jane/etc");
}

TEST(ConfigVectors, V20_MountTemplates) {
    const Config config = must_load(
        "param: {ONE: Eins}\n"
        "mounts: [{location: \"{{.Dir}}/{{.Param.ONE}}\", mountPoint: \"/mnt/{{.Param.ONE}}\"}]\n");
    ASSERT_EQ(config.mounts.size(), 1U);
    EXPECT_EQ(config.mounts[0].location, "/home/jane/.lima/web_1.x/Eins");
    EXPECT_EQ(config.mounts[0].mount_point, "/mnt/Eins");
}

TEST(ConfigVectors, V21_PortForwardDefaults) {
    const Config config =
        must_load("portForwards: [{}, {guestPort: 80}, {guestPort: 8080, hostPort: 8888}]\n");
    const auto& rules = config.port_forwards;
    ASSERT_EQ(rules.size(), 3U);
    EXPECT_EQ(rules[0].guest_port_range, (PortRange{1, 65535}));
    EXPECT_EQ(rules[0].host_port_range, (PortRange{1, 65535}));
    EXPECT_EQ(rules[1].guest_port_range, (PortRange{80, 80}));
    EXPECT_EQ(rules[1].host_port_range, (PortRange{80, 80}));
    EXPECT_EQ(rules[2].guest_port_range, (PortRange{8080, 8080}));
    EXPECT_EQ(rules[2].host_port_range, (PortRange{8888, 8888}));
    for (const PortForward& rule : rules) {
        EXPECT_EQ(rule.proto, "any");
        EXPECT_EQ(rule.guest_ip, "127.0.0.1");
        EXPECT_EQ(rule.host_ip, "127.0.0.1");
        EXPECT_EQ(rule.guest_ip_must_be_zero, false);
    }
    EXPECT_EQ(rules[2].guest_port, 8080);
}

TEST(ConfigVectors, V22_GuestAddresses) {
    const Config config = must_load(
        "portForwards: [{guestIP: 0.0.0.0, guestPort: 2}, {guestIP: 0.0.0.0, guestIPMustBeZero: "
        "false},\n"
        "  {guestIPMustBeZero: true}, {guestIP: \"::\"}, {guestIP: \"::ffff:1.2.3.4\"}]\n");
    EXPECT_EQ(config.port_forwards[0].guest_ip_must_be_zero, true);
    EXPECT_EQ(config.port_forwards[1].guest_ip_must_be_zero, false);
    EXPECT_EQ(config.port_forwards[1].guest_ip, "0.0.0.0");
    EXPECT_EQ(config.port_forwards[2].guest_ip, "0.0.0.0");
    EXPECT_EQ(config.port_forwards[3].guest_ip, "::");
    EXPECT_EQ(config.port_forwards[3].guest_ip_must_be_zero, false);
    EXPECT_EQ(config.port_forwards[4].guest_ip, "1.2.3.4");
}

TEST(ConfigVectors, V23_Sockets) {
    const Config config = must_load(
        "portForwards: [{guestSocket: \"/run/user/{{.UID}}/x.sock\", hostSocket: x.sock}]\n");
    EXPECT_EQ(config.port_forwards[0].guest_socket, "/run/user/501/x.sock");
    EXPECT_EQ(config.port_forwards[0].host_socket, "/home/jane/.lima/web_1.x/sock/x.sock");
    EXPECT_EQ(config.port_forwards[0].guest_port_range, (PortRange{1, 65535}));
    EXPECT_EQ(config.port_forwards[0].host_port_range, (PortRange{0, 0}));
}

TEST(ConfigVectors, V24_Permissions) {
    const std::string text = kImages +
                             "provision:\n"
                             "- {mode: data, path: /a, permissions: 0644}\n"
                             "- {mode: data, path: /a, permissions: 0600}\n"
                             "- {mode: data, path: /a, permissions: 644}\n"
                             "- {mode: data, path: /a, permissions: \"0644\"}\n"
                             "- {mode: data, path: /a}\n";
    const Config config = must_load(text);
    EXPECT_EQ(config.provision[0].permissions, "420");
    EXPECT_EQ(config.provision[1].permissions, "384");
    EXPECT_EQ(config.provision[2].permissions, "644");
    EXPECT_EQ(config.provision[3].permissions, "0644");
    EXPECT_EQ(config.provision[4].permissions, "644");
    EXPECT_EQ(config.provision[4].owner, "root:root");
    EXPECT_EQ(config.provision[4].overwrite, true);
    EXPECT_EQ(config.provision[4].content, "");
    EXPECT_EQ(problems(text),
              "field `provision[1].permissions` must be an octal number such as 0644, got `384`");
}

TEST(ConfigVectors, V25_Scripts) {
    LoadInput in = input(
        "provision:\n"
        "- script: \"{{.ID}}\"\n"
        "- script: '{{\"{{\"}}.ID}}'\n"
        "- script: \"bad {{ end\"\n"
        "- script: \"{{if eq .UID 501}}y{{end}}\"\n"
        "- script: \"{{.Name}} {{.Hostname}} {{.User}} {{.Home}}\"\n");
    const auto loaded = load(in);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
    const auto& steps = loaded->config.provision;
    EXPECT_EQ(steps[0].script, "<no value>");
    EXPECT_EQ(steps[1].script, "{{.ID}}");
    EXPECT_EQ(steps[2].script, "bad {{ end");
    EXPECT_EQ(steps[3].script, "y");
    EXPECT_EQ(steps[4].script, "web_1.x lima-web-1-x jane /home/jane.guest");
    EXPECT_EQ(steps[0].mode, "system");
    ASSERT_EQ(loaded->warnings.size(), 1U);
    EXPECT_TRUE(has(loaded->warnings[0], "field `provision[2].script` is left as it is"));
}

TEST(ConfigVectors, V26_Home) {
    EXPECT_EQ(must_load("user: {home: \"/h/{{.User}}/{{.UID}}\", name: foo, uid: 501}\n").user.home,
              "/h/foo/501");
}

TEST(ConfigVectors, V27_Plain) {
    const std::string text =
        kImages +
        "plain: true\nmounts: [{location: /x}]\ncontainerd: {user: true}\ntimezone: X\n"
        "portForwards: [{guestPort: 8000, static: true}, {guestPort: 3}]\n";
    const Config config = must_load(text);
    EXPECT_TRUE(config.mounts.empty());
    EXPECT_EQ(config.containerd.user, false);
    EXPECT_EQ(config.timezone, "");
    ASSERT_EQ(config.port_forwards.size(), 1U);
    EXPECT_EQ(config.port_forwards[0].guest_port, 8000);
    const Config wide = must_load(
        kImages + "plain: true\nportForwards: [{guestPortRange: [100, 200], static: true}]\n");
    ValidateInput check;
    check.host = host();
    const auto warnings = validate(wide, check);
    ASSERT_TRUE(warnings.has_value());
    ASSERT_EQ(warnings->size(), 1U);
    EXPECT_TRUE(has(warnings->front(), "forwards 101 ports"));
}

TEST(ConfigVectors, V28_NameIsTheDirectory) {
    LoadInput in = input("provision: [{script: \"{{.Name}}\"}]\n");
    in.instance_dir = "/home/jane/.lima";
    EXPECT_EQ(must_load(in).provision[0].script, ".lima");
    EXPECT_FALSE(must_load(in).vm_type.has_value());
    in.instance_dir = "/home/jane/.lima/";
    EXPECT_EQ(must_load(in).provision[0].script, ".lima");
}

TEST(ConfigVectors, V38_EveryKeyMustBeUsed) {
    EXPECT_TRUE(has(load_error("param:\n  b: 2\n  a: 1\nprovision: [{script: echo $PARAM_b}]\n"),
                    "lima.yaml:3:3: field `param` has the key `a`"));
    for (const std::string use :
         {"$PARAM_a", "${PARAM_a}", "{{ .Param.a }}", "{{if .Param.a}}x{{end}}"}) {
        EXPECT_TRUE(
            load(input("param: {a: 1}\nprovision: [{script: '" + use + "'}]\n")).has_value())
            << use;
        EXPECT_TRUE(load(input("param: {a: 1}\nprobes: [{script: '" + use + "'}]\n")).has_value())
            << use;
        EXPECT_TRUE(load(input("param: {a: 1}\nmounts: [{location: '" + use + "'}]\n")).has_value())
            << use;
        EXPECT_TRUE(
            load(input("param: {a: 1}\ncopyToHost: [{guest: '" + use + "'}]\n")).has_value())
            << use;
        EXPECT_TRUE(
            load(input("param: {a: 1}\nportForwards: [{hostSocket: '" + use + "'}]\n")).has_value())
            << use;
        EXPECT_FALSE(load(input("param: {a: 1}\nmessage: '" + use + "'\n")).has_value()) << use;
        EXPECT_FALSE(load(input("param: {a: 1}\nenv: {X: '" + use + "'}\n")).has_value()) << use;
    }
    for (const std::string use :
         {"{{index .Param \"a\"}}", "PARAM_ab", "XPARAM_a", "{{.X}} .Param.a {{.Y}}", ".Param.a"}) {
        EXPECT_FALSE(
            load(input("param: {a: 1}\nprovision: [{script: '" + use + "'}]\n")).has_value())
            << use;
    }
    EXPECT_TRUE(
        load(input("param: {root: 1}\nprovision: [{script: '{{.Param.rootful}}'}]\n")).has_value());
    EXPECT_FALSE(load(input("param: {rootFul: 1}\nprovision: [{script: '{{.Param.rootful}}'}]\n"))
                     .has_value());
    EXPECT_TRUE(load(input("param: {internal_netplanOptional: \"true\"}\n")).has_value());
}

}  // namespace
}  // namespace lima::config
