// Vectors 39 to 53 of spec/config.md section 10 (groups D and E): validation.
#include "config_support.hpp"

namespace lima::config {
namespace {

using test::count;
using test::has;
using test::host;
using test::kImages;
using test::must_load;
using test::problems;

TEST(ConfigVectors, V39_Params) {
    for (const std::string name : {"_Name", "3Name", "Last.Name"}) {
        const std::string found = problems(kImages + "param: {" + name +
                                           ": 1}\nprovision: [{script: $PARAM_" + name + "}]\n");
        EXPECT_TRUE(
            has(found,
                "a key of field `param` must be a name that begins with a letter and has only "
                "letters, digits and underscores, got `" +
                    name + "`"))
            << found;
    }
    const auto with_value = [](const std::string& value) {
        return problems(kImages + "param: {a: \"" + value +
                        "\"}\nprovision: [{script: $PARAM_a}]\n");
    };
    for (const std::string bad : {"x\\ny", "x\\ry", "x\\u00a0y"}) {
        EXPECT_TRUE(has(with_value(bad), "param `a`: the value ")) << with_value(bad);
        EXPECT_TRUE(has(with_value(bad), "contains the unprintable character")) << bad;
    }
    for (const std::string good : {"a\\tb", "a b", "\\U0001F600", "ü"}) {
        EXPECT_EQ(with_value(good), "") << good;
    }
}

// More of them than the original tells, in the same order: it stops at the first empty path.
TEST(ConfigVectors, V40_ManyMistakesAtOnce) {
    const std::string found = problems(
        "os: windows\narch: unsupported_arch\nportForwards: [{guestPort: 70000}]\n"
        "provision: [{mode: invalid_mode, script: x}, {mode: data, content: y}]\n");
    const std::vector<std::string> expected = {
        "field `os` must be one of [Linux Darwin FreeBSD Windows], got `windows`, did you mean "
        "`Windows`?",
        "field `arch` must be one of [x86_64 aarch64 armv7l ppc64le riscv64 s390x], got "
        "`unsupported_arch`",
        "field `images` must be set",
        "field `provision[0].mode` must be one of [system user boot dependency data yq ansible], "
        "got `invalid_mode`",
        "field `provision[1].path` must not be empty for mode `data`",
        "field `portForwards[0].guestPort` must be a port from 1 to 65535, got 70000",
    };
    std::size_t at = 0;
    for (const std::string& part : expected) {
        const std::size_t next = found.find(part, at);
        ASSERT_NE(next, std::string::npos) << part << "\nin\n" << found;
        at = next;
    }
}

TEST(ConfigVectors, V41_AudioInterfaceComesFirst) {
    const std::string found = problems("audio: {interface: foo}\n");
    EXPECT_TRUE(has(found, "field `images` must be set")) << found;
    EXPECT_EQ(found.find("field `audio.interface` must be one of [hda virtio], got `foo`"), 0U);
    EXPECT_EQ(problems(kImages + "audio: {interface: hda}\n"), "");
}

TEST(ConfigVectors, V42_WordsThatAreNotAccepted) {
    EXPECT_TRUE(has(problems(kImages + "mountType: default\n"),
                    "field `mountType` must be one of [reverse-sshfs 9p virtiofs wsl2]"));
    EXPECT_TRUE(has(problems(kImages + "mountType: \"\"\n"), "field `mountType` must be one of"));
    EXPECT_EQ(
        problems(kImages + "mountType: 9p\nmountTypesUnsupported: [9p]\n"),
        "field `mountType` must not be one of [9p] (field `mountTypesUnsupported`), got `9p`");
    EXPECT_TRUE(has(problems(kImages + "os: linux\n"), "field `os` must be one of"));
    EXPECT_TRUE(has(problems(kImages + "vmType: default\n"), "field `vmType` must be"));
    EXPECT_TRUE(has(problems(kImages + "vmType: \"\"\n"), "field `vmType` must be"));
    EXPECT_EQ(problems(kImages + "vmType: krunkit\n"), "");
    EXPECT_EQ(problems(kImages + "vmType: wsl2\n"), "");
    EXPECT_EQ(problems(kImages + "os: default\narch: \"\"\n"), "");
}

TEST(ConfigVectors, V43_PortForwards) {
    const auto forward = [](const std::string& rule) {
        return problems(kImages + "portForwards: [" + rule + "]\n");
    };
    const std::string ssh = forward("{guestPort: 22}");
    EXPECT_EQ(count(ssh, "must not be 22"), 5U) << ssh;
    for (const std::string field : {"guestPort", "guestPortRange[0]", "guestPortRange[1]",
                                    "hostPortRange[0]", "hostPortRange[1]"}) {
        EXPECT_EQ(count(ssh, "field `portForwards[0]." + field + "` must not be 22"), 1U) << ssh;
    }
    EXPECT_EQ(forward("{hostPort: 80}"),
              "field `portForwards[0].hostPortRange` must have as many ports as `guestPortRange`: "
              "80-80 against 1-65535");
    EXPECT_EQ(forward("{guestSocket: /a}"),
              "field `portForwards[0].hostPortRange` must be a single port when field "
              "`guestSocket` is set");
    EXPECT_TRUE(has(forward("{guestSocket: /a, hostPort: 80}"),
                    "field `portForwards[0].hostPortRange` must have as many ports"));
    EXPECT_EQ(forward("{guestSocket: /a, hostPort: 80, guestPortRange: [80, 80]}"), "");
    EXPECT_EQ(forward("{guestPort: 1, hostSocket: x}"), "");
    EXPECT_TRUE(
        has(forward("{hostSocket: x}"), "must be a single port when field `hostSocket` is set"));
    // Once is enough: the original says it for each of the two sockets.
    EXPECT_EQ(forward("{guestPort: 1, reverse: true}"),
              "field `portForwards[0].reverse` needs both `guestSocket` and `hostSocket`");
    EXPECT_EQ(forward("{guestSocket: /a, hostSocket: b, reverse: true}"), "");
    EXPECT_EQ(forward("{guestPortRange: [1, 65535]}"), "");
    EXPECT_TRUE(has(forward("{guestPort: 5, guestPortRange: [6, 7]}"),
                    "must match field `guestPortRange[0]`"));
    EXPECT_TRUE(has(forward("{guestPort: 5, proto: TCP}"),
                    "must be one of [any tcp udp], got `TCP`, did you mean `tcp`?"));
    EXPECT_TRUE(has(forward("{guestPort: 1, hostSocket: /" + std::string(107, 'x') + "}"),
                    "must be shorter than 108 bytes"));
    EXPECT_TRUE(has(forward("{guestIP: 127.0.0.2, guestIPMustBeZero: true, guestPort: 1}"),
                    "can only be true"));
    EXPECT_TRUE(
        has(problems(kImages + "ssh: {localPort: 22}\n"), "field `ssh.localPort` must not be 22"));
    EXPECT_TRUE(
        has(problems(kImages + "ssh: {localPort: 65536}\n"), "must be a port from 1 to 65535"));
}

TEST(ConfigVectors, V44_Networks) {
    const auto network = [](const std::string& list) {
        return problems(kImages + "networks: " + list + "\n");
    };
    EXPECT_TRUE(
        has(network("[{}]"), "field `networks[0].lima` or field `networks[0].socket` must be set"));
    EXPECT_EQ(network("[{vzNAT: false}]"),
              "field `networks[0].lima` or field `networks[0].socket` must be set");
    const std::string three = network("[{lima: user-v2, socket: /x, vzNAT: true}]");
    EXPECT_EQ(count(three, "mutually exclusive"), 2U) << three;
    EXPECT_TRUE(has(three, "field `networks[0].lima` and field `networks[0].socket`")) << three;
    EXPECT_TRUE(has(three, "field `networks[0].lima` and field `networks[0].vzNAT`")) << three;
    EXPECT_EQ(network("[{lima: nope}, {}]")
                  .find("field `networks[0].lima` references network `nope` which is not defined"),
              0U);
    EXPECT_TRUE(has(network("[{lima: user-v2, interface: lima1}, {lima: user-v2}]"),
                    "field `networks[1].interface` has the value `lima1`, which an earlier network "
                    "has too"));
    EXPECT_EQ(
        network("[{lima: shared}]"),
        "field `networks[0].lima`: network `shared` of mode `shared` is only for macOS hosts");
    EXPECT_EQ(network("[{lima: user-v2}, {vzNAT: true}]"), "");
    EXPECT_TRUE(has(network("[{lima: user-v2, macAddress: aa:bb}]"), "must be a MAC address"));
    EXPECT_TRUE(has(network("[{lima: user-v2, interface: eth0}]"), "must not be `eth0`"));
    EXPECT_TRUE(has(network("[{lima: user-v2, interface: a-name-that-is-long}]"),
                    "must be shorter than 16 bytes"));
    EXPECT_TRUE(has(network("[{socket: /etc/passwd}]"), "points to a non-socket file"));
}

TEST(ConfigVectors, V45_CopyToHost) {
    const std::string found = problems(kImages + "copyToHost: [{guest: rel, host: rel}, {}]\n");
    EXPECT_EQ(count(found, "field `copyToHost["), 2U) << found;
    for (const std::string side : {"guest", "host"}) {
        EXPECT_TRUE(
            has(found, "field `copyToHost[0]." + side + "` must be an absolute path, got `rel`"))
            << found;
    }
    EXPECT_EQ(count(found, "copyToHost[1]"), 0U);
}

TEST(ConfigVectors, V46_Dns) {
    EXPECT_TRUE(has(problems(kImages + "dns: [1.1.1.1]\n"), "field `dns` must be empty"));
    EXPECT_EQ(problems(kImages + "dns: [1.1.1.1]\nhostResolver: {enabled: false}\n"), "");
}

TEST(ConfigVectors, V47_PasswordlessSudo) {
    const std::string off = kImages + "user: {passwordlessSudo: false}\n";
    EXPECT_EQ(problems(off), "field `user.passwordlessSudo` is false: field `plain` must be true");
    EXPECT_EQ(problems(off + "plain: true\n"), "");
    EXPECT_TRUE(has(problems(kImages + "os: Darwin\nuser: {passwordlessSudo: true}\n"),
                    "must be false for a Darwin guest"));
    EXPECT_TRUE(
        has(problems(off + "plain: true\nvmType: wsl2\n"), "must be true for vmType `wsl2`"));
}

TEST(ConfigVectors, V48_Digests) {
    const auto image = [](const std::string& rest) {
        return problems("images: [{location: /a, " + rest + "}]\n");
    };
    const auto digest = [&image](const std::string& text) {
        const std::string found = image("digest: '" + text + "'");
        EXPECT_TRUE(has(found, "field `images[0].digest` is invalid: `" + text + "`")) << found;
        return found;
    };
    EXPECT_TRUE(has(digest("69f3"), "expected ALGORITHM:HEX"));
    EXPECT_TRUE(has(digest("sha001:69f3"), "unsupported digest algorithm"));
    EXPECT_TRUE(has(digest("sha256:abc"), "sha256 has 64 hexadecimal digits, not 3"))
        << digest("sha256:abc");
    EXPECT_TRUE(has(image("digest: 'md5:d41d8cd98f00b204e9800998ecf8427e'"),
                    "field `images[0].digest` is invalid"));
    EXPECT_EQ(image("digest: 'sha256:" + std::string(64, 'a') + "'"), "");
    EXPECT_TRUE(has(image("kernel: {location: /k, arch: riscv64}"),
                    "field `images[0].kernel.arch` has the value `riscv64`, but field "
                    "`images[0].arch` has the value `x86_64`"));
    EXPECT_TRUE(has(image("initrd: {location: /k, arch: riscv64}"),
                    "field `images[0].initrd.arch` has the value"));
    EXPECT_TRUE(has(image("arch: x86"), "field `images[0].arch` must be one of"));
    EXPECT_EQ(image("kernel: {location: https://x/k, cmdline: a}"), "");
}

TEST(ConfigVectors, V49_Probes) {
    EXPECT_TRUE(has(problems(kImages + "probes: [{script: foo}]\n"),
                    "field `probes[0].script` must start with a `#!` line"));
    EXPECT_EQ(problems(kImages + "probes: [{}]\n"),
              "field `probes[0].script` must start with a `#!` line");
    const std::string digest = problems(kImages + "probes: [{file: {digest: x}}]\n");
    EXPECT_TRUE(has(digest, "field `probes[0].file.digest` support is not implemented"));
    EXPECT_TRUE(has(digest, "field `probes[0].script` must start with a `#!` line"));
    EXPECT_TRUE(has(problems(kImages + "probes: [{mode: x, script: '#!x'}]\n"),
                    "must be one of [readiness], got `x`"));
    EXPECT_EQ(must_load("probes: [{}, {description: d}]\n").probes[0].description,
              "user probe 1/2");
}

TEST(ConfigVectors, V50_ShellsAndWindowsGuests) {
    EXPECT_TRUE(has(problems(kImages + "user: {shell: bash}\n"),
                    "field `user.shell` must be an absolute path, got `bash`"));
    const std::string windows = kImages + "os: Windows\nvmType: qemu\n";
    EXPECT_EQ(problems(windows), "");
    EXPECT_EQ(problems(windows + "user: {shell: 'C:\\x\\PwSh.exe'}\n"), "");
    EXPECT_EQ(problems(windows + "user: {shell: cmd.exe}\n"), "");
    EXPECT_EQ(problems(windows + "user: {shell: /bin/bash}\n"),
              "field `user.shell` must be cmd.exe, powershell.exe or pwsh.exe for a Windows guest, "
              "got `/bin/bash`");
    const std::string vz = problems(kImages + "os: Windows\nvmType: vz\narch: armv7l\n");
    EXPECT_EQ(count(vz, "field `os` is `Windows`"), 2U) << vz;
    EXPECT_TRUE(has(vz, "field `vmType` must be `qemu`, got `vz`")) << vz;
    EXPECT_TRUE(has(vz, "field `arch` must be one of [x86_64 aarch64], got `armv7l`")) << vz;
    for (const std::string mode : {"ansible", "boot", "yq"}) {
        EXPECT_TRUE(
            has(problems(windows + "provision: [{mode: " + mode +
                         ", script: x, path: /x, expression: y}]\n"),
                "field `provision[0].mode` must not be `" + mode + "` for a Windows guest"));
    }
    for (const std::string mode : {"system", "user", "dependency"}) {
        EXPECT_EQ(problems(windows + "provision: [{mode: " + mode + ", script: x}]\n"), "");
    }
    EXPECT_EQ(problems(windows + "provision: [{mode: data, path: /x, content: y}]\n"), "");
}

TEST(ConfigVectors, V51_WhatWasNotEmbedded) {
    EXPECT_TRUE(has(problems(kImages + "base: template:x\n"), "field `base` must be empty"));
    const std::string file = problems(kImages + "provision: [{file: x.sh}]\n");
    EXPECT_TRUE(has(file, "field `provision[0].file.url` must be empty"));
    EXPECT_TRUE(has(file, "field `provision[0].script` must not be empty"));
}

TEST(ConfigVectors, V53_Mounts) {
    const auto mount = [](const std::string& entry) {
        return problems(kImages + "mounts: [" + entry + "]\n");
    };
    EXPECT_TRUE(has(mount("{location: /x, mountPoint: /etc}"),
                    "field `mounts[0].mountPoint` must not be a system path such as `/etc`"));
    EXPECT_TRUE(has(mount("{location: /x, mountPoint: \"~/x\"}"),
                    "field `mounts[0].mountPoint` must not start with `~`"));
    EXPECT_TRUE(has(mount("{location: /x, mountPoint: /home/jane.guest}"),
                    "field `mounts[0].mountPoint` is the reserved internal home directory"));
    EXPECT_TRUE(has(mount("{location: rel}"),
                    "field `mounts[0].location` must be an absolute path, got `rel`"));
    EXPECT_TRUE(has(mount("{location: \"\"}"), "must be an absolute path, got `.`"));
    EXPECT_TRUE(has(mount("{location: ~foo}"),
                    "field `mounts[0].location` refers to an unexpandable path `~foo`"));
    EXPECT_TRUE(has(mount("{location: /etc/passwd}"),
                    "field `mounts[0].location` refers to a non-directory path: `/etc/passwd`"));
    EXPECT_EQ(mount("{location: /no/such/dir}"), "");
    EXPECT_TRUE(has(mount("{location: /x, 9p: {msize: big}}"),
                    "field `mounts[0].9p.msize` has an invalid size"));
}

}  // namespace
}  // namespace lima::config
