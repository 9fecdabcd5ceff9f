// QEMU's command line, case by case. Each golden file has one argument per line; read the diff
// before you accept one.
#include "plugins/qemu/argv.hpp"

#include "core/base/text.hpp"
#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lima::qemu {
namespace {

Config usual_config(const std::string& arch) {
    Config config;
    config.name = "default";
    config.dir = "/home/me/.lima/default";
    config.arch = arch;
    config.cpus = 4;
    config.memory = std::int64_t{4} << 30;
    config.mount_type = "reverse-sshfs";
    config.video_display = "none";
    config.vnc_display = "127.0.0.1:0,to=9";
    config.ssh_port = 60022;
    return config;
}

Host usual_host(const std::string& arch) {
    Host host;
    host.accel = "tcg";
    host.exe = "/usr/bin/qemu-system-" + std::string(find_arch(arch)->qemu);
    host.version = Version{7, 2, 0};
    host.accel_help = "Accelerators supported in QEMU binary:\ntcg\nkvm\n";
    host.cpu_help = "Available CPUs:\nx86 Haswell\nx86 host\nx86 max\ncortex-a72\nrv64\n";
    host.machine_id = "0123456789abcdef0123456789abcdef";
    if (!find_arch(arch)->edk2.empty()) {
        host.firmware = "/usr/share/firmware/" + arch + "_CODE.fd";
    }
    host.disk = DiskFile{"/home/me/.lima/default/disk", "qcow2"};
    return host;
}

Host kvm_host(const std::string& arch) {
    Host host = usual_host(arch);
    host.arch = arch;
    host.accel = "kvm";
    return host;
}

CommandLine build(const Config& config, const Host& host) {
    auto built = build_argv(config, host);
    EXPECT_TRUE(built) << (built ? "" : built.error().text());
    return built ? std::move(*built) : CommandLine{};
}

void expect_argv(const std::string& name, const Config& config, const Host& host) {
    const CommandLine line = build(config, host);
    test::expect_golden("qemu/" + name + ".txt", join(line.words, "\n") + "\n");
}

/// The words that follow each of this option.
std::vector<std::string> values_of(const CommandLine& line, std::string_view option) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i + 1 < line.words.size(); ++i) {
        if (line.words[i] == option) {
            out.push_back(line.words[i + 1]);
        }
    }
    return out;
}

Mount mount_of(const std::string& location, bool writable) {
    Mount mount;
    mount.location = location;
    mount.mount_point = location;
    mount.writable = writable;
    return mount;
}

/// What every architecture has of its own: devices, machine, firmware.
class EachArch : public ::testing::TestWithParam<std::string> {
protected:
    const std::string arch_ = GetParam();
    Config config_ = usual_config(arch_);
    Host host_ = usual_host(arch_);
};

TEST_P(EachArch, EmulatedByDefault) { expect_argv(arch_ + "-tcg", config_, host_); }

TEST_P(EachArch, Kvm) { expect_argv(arch_ + "-kvm", config_, kvm_host(arch_)); }

TEST_P(EachArch, Vnc) {
    config_.video_display = "vnc";
    expect_argv(arch_ + "-vnc", config_, host_);
}

TEST_P(EachArch, Virtiofs) {
    config_.mount_type = "virtiofs";
    config_.mounts = {mount_of("/home/me", false), mount_of("/tmp/lima", true)};
    config_.mounts[1].queue_size = 512;
    expect_argv(arch_ + "-virtiofs", config_, host_);
}

TEST_P(EachArch, Tpm) {
    config_.tpm = true;
    if (find_arch(arch_)->tpm.empty()) {
        const auto refused = build_argv(config_, host_);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().text(), "field `tpm` is not supported for arch " + arch_);
        return;
    }
    expect_argv(arch_ + "-tpm", config_, host_);
}

TEST_P(EachArch, DirectKernel) {
    host_.kernel = true;
    host_.initrd = true;
    host_.cmdline = "root=/dev/vda1 console=ttyS0 a,b";
    expect_argv(arch_ + "-kernel", config_, host_);
}

TEST_P(EachArch, HasRoomForTheGuestsPorts) {
    int ports = 0;
    for (const std::string& device : values_of(build(config_, host_), "-device")) {
        ports += device.starts_with("virtconsole") || device.starts_with("virtserialport") ? 1 : 0;
    }
    EXPECT_EQ(ports, 3);
}

INSTANTIATE_TEST_SUITE_P(All, EachArch,
                         ::testing::Values("x86_64", "aarch64", "armv7l", "riscv64", "ppc64le",
                                           "s390x"),
                         [](const auto& each) { return each.param; });

/// The two that are used most, in every variation.
class Variation : public ::testing::TestWithParam<std::string> {
protected:
    const std::string arch_ = GetParam();
    Config config_ = usual_config(arch_);
    Host host_ = usual_host(arch_);
};

TEST_P(Variation, NoFirmware) {
    config_.legacy_bios = true;
    host_.firmware.clear();
    expect_argv(arch_ + "-bios", config_, host_);
}

TEST_P(Variation, Iso) {
    host_.iso = true;
    expect_argv(arch_ + "-iso", config_, host_);
}

TEST_P(Variation, AdditionalDisks) {
    host_.additional_disks = {{"/home/me/.lima/_disks/one/datadisk", "qcow2"},
                              {"/home/me/.lima/_disks/two/datadisk", "raw"}};
    expect_argv(arch_ + "-disks", config_, host_);
}

TEST_P(Variation, NinePMounts) {
    config_.mount_type = "9p";
    config_.mounts = {mount_of("/home/me", false), mount_of("/tmp/lima", true)};
    config_.mounts[1].security_model = "mapped-xattr";
    expect_argv(arch_ + "-9p", config_, host_);
}

TEST_P(Variation, UserV2Network) {
    config_.networks = {{.lima = "user-v2", .socket = "", .mac = "52:55:55:00:00:01"},
                        {.lima = "user-v2", .socket = "", .mac = "52:55:55:00:00:02"}};
    host_.net0 = {.kind = NetLink::Kind::kFd, .fd = 3, .path = ""};
    host_.networks = {{.kind = NetLink::Kind::kSkipped, .fd = 3, .path = ""},
                      {.kind = NetLink::Kind::kFd, .fd = 4, .path = ""}};
    expect_argv(arch_ + "-user-v2", config_, host_);
}

TEST_P(Variation, OtherNetworks) {
    config_.networks = {{.lima = "shared", .socket = "", .mac = "52:55:55:00:00:01"},
                        {.lima = "", .socket = "/run/vde", .mac = "52:55:55:00:00:02"}};
    host_.networks = {
        {.kind = NetLink::Kind::kStream, .fd = -1, .path = "/var/run/lima/socket_vmnet.shared"},
        {.kind = NetLink::Kind::kFd, .fd = 3, .path = ""}};
    host_.version = Version{9, 2, 0};
    expect_argv(arch_ + "-networks", config_, host_);
}

TEST_P(Variation, Audio) {
    config_.audio_device = "default";
    config_.audio_interface = "virtio";
    host_.version = Version{8, 2, 0};
    expect_argv(arch_ + "-audio", config_, host_);
}

TEST_P(Variation, CpuType) {
    config_.cpu_type = {{arch_, arch_ == "x86_64" ? "Haswell,-avx2" : "cortex-a72"},
                        {"riscv64", "nonsense"}};
    expect_argv(arch_ + "-cpu", config_, host_);
}

TEST_P(Variation, WindowsInstallation) {
    config_.os = "Windows";
    config_.virtio_win = true;
    config_.video_display = "default";
    host_.iso = true;
    expect_argv(arch_ + "-windows", config_, host_);
}

TEST_P(Variation, OverriddenOptions) {
    host_.extra_args = {"-machine", "foo,accel=tcg", "-smp", "-nodefaults", "--m", "2G"};
    expect_argv(arch_ + "-override", config_, host_);
}

INSTANTIATE_TEST_SUITE_P(Usual, Variation, ::testing::Values("x86_64", "aarch64"),
                         [](const auto& each) { return each.param; });

TEST(Argv, GivenOptionsWinWithAWarning) {
    Host host = usual_host("x86_64");
    host.extra_args = {"-m", "2G", "-cpu", "-nodefaults"};
    const CommandLine line = build(usual_config("x86_64"), host);
    EXPECT_EQ(values_of(line, "-m"), std::vector<std::string>{"2G"});
    EXPECT_EQ(line.warnings,
              (std::vector<std::string>{
                  "not adding the QEMU argument `-m 4096`: QEMU_SYSTEM_X86_64 has `-m 2G`",
                  "not adding the QEMU argument `-cpu max,-erms`: QEMU_SYSTEM_X86_64 has `-cpu`"}));
}

TEST(Argv, CommasInPathsAreDoubled) {
    Config config = usual_config("x86_64");
    config.dir = "/home/me,too/.lima/a";
    config.mount_type = "9p";
    config.mounts = {mount_of("/data,1", true)};
    Host host = usual_host("x86_64");
    host.disk->path = config.dir / "disk";
    host.kernel = true;
    const CommandLine line = build(config, host);
    for (const char* option : {"-drive", "-chardev", "-virtfs"}) {
        for (const std::string& value : values_of(line, option)) {
            EXPECT_EQ(value.find("me,too"), std::string::npos) << value;
            EXPECT_EQ(value.find("data,1"), std::string::npos) << value;
        }
    }
    EXPECT_EQ(values_of(line, "-kernel"), std::vector<std::string>{"/home/me,too/.lima/a/kernel"})
        << "not an option list: the path stands as it is";
}

TEST(Argv, RunsWithoutDiskAndCidata) {
    Host host = usual_host("x86_64");
    host.disk.reset();
    host.cidata = false;
    const CommandLine line = build(usual_config("x86_64"), host);
    EXPECT_EQ(values_of(line, "-drive").size(), 1U) << "the firmware";
}

TEST(Argv, OldQemuGetsNoBalloonAndNoVirtioSound) {
    Config config = usual_config("x86_64");
    config.audio_device = "pa";
    config.audio_interface = "virtio";
    Host host = usual_host("x86_64");
    host.version = Version{5, 0, 1};
    const CommandLine line = build(config, host);
    const auto devices = values_of(line, "-device");
    EXPECT_EQ(std::count_if(devices.begin(), devices.end(),
                            [](const auto& d) { return d.starts_with("virtio-balloon"); }),
              0);
    EXPECT_EQ(std::count(devices.begin(), devices.end(), "hda-output,audiodev=snd0"), 1);
    ASSERT_EQ(line.warnings.size(), 1U);
    EXPECT_EQ(line.warnings[0], "audio.interface virtio needs QEMU 8.2.0; using hda");
}

TEST(Argv, RiscvHasAcpiToTurnOffSinceQemu8) {
    Host host = usual_host("riscv64");
    const auto machine = [&](Version version) {
        host.version = version;
        return values_of(build(usual_config("riscv64"), host), "-machine").front();
    };
    EXPECT_EQ(machine({7, 2, 0}), "virt,accel=tcg");
    EXPECT_EQ(machine({8, 0, 0}), "virt,acpi=off,accel=tcg");
}

TEST(Argv, ReconnectsByTheWordOfItsVersion) {
    Config config = usual_config("x86_64");
    config.networks = {{.lima = "shared", .socket = "", .mac = ""}};
    Host host = usual_host("x86_64");
    host.networks = {{.kind = NetLink::Kind::kStream, .fd = -1, .path = "/s"}};
    const auto netdev = [&](Version version) {
        host.version = version;
        return values_of(build(config, host), "-netdev").back();
    };
    const std::string base = "stream,id=net1,server=off,addr.type=unix,addr.path=/s";
    EXPECT_EQ(netdev({7, 2, 0}), base);
    EXPECT_EQ(netdev({8, 0, 0}), base + ",reconnect=1");
    EXPECT_EQ(netdev({9, 2, 0}), base + ",reconnect-ms=500");
}

TEST(Argv, RefusesWhatCannotBe) {
    const auto error_of = [](const Config& config, const Host& host) {
        const auto built = build_argv(config, host);
        return built ? std::string("no error") : built.error().text();
    };
    Config config = usual_config("x86_64");
    Host host = usual_host("x86_64");
    host.accel = "hvf";
    EXPECT_EQ(error_of(config, host),
              "the accelerator hvf is not supported by /usr/bin/qemu-system-x86_64 (it has: tcg, "
              "kvm)");
    host = usual_host("x86_64");
    config.networks = {{.lima = "", .socket = "", .vz_nat = true, .mac = ""}};
    host.networks.resize(1);
    EXPECT_EQ(error_of(config, host), "`networks[0]` needs `lima` or `socket` for vmType qemu");
    config = usual_config("s390x");
    config.tpm = true;
    EXPECT_EQ(error_of(config, usual_host("s390x")), "field `tpm` is not supported for arch s390x");
    config = usual_config("x86_64");
    config.tpm = true;
    host = usual_host("x86_64");
    host.firmware.clear();
    host.initrd = true;
    EXPECT_EQ(error_of(config, host),
              "field `tpm` does not go together with firmware.legacyBIOS and a kernel with initrd "
              "outside of the disk");
    config = usual_config("x86_64");
    config.audio_device = "pa";
    config.audio_interface = "ac97";
    EXPECT_EQ(error_of(config, usual_host("x86_64")),
              "field `audio.interface` must be one of hda, virtio; got \"ac97\"");
    config = usual_config("x86_64");
    config.cpu_type = {{"x86_64", "Pentium9,+x"}};
    EXPECT_EQ(error_of(config, usual_host("x86_64")),
              "/usr/bin/qemu-system-x86_64 does not know the cpu model \"Pentium9\"");
}

TEST(CpuModel, FollowsHostGuestAndAccelerator) {
    const auto model = [](const Config& config, const Host& host) {
        return cpu_model(config, host).value_or("error");
    };
    EXPECT_EQ(model(usual_config("x86_64"), usual_host("x86_64")), "max,-erms");
    EXPECT_EQ(model(usual_config("x86_64"), kvm_host("x86_64")), "host");
    EXPECT_EQ(model(usual_config("aarch64"), usual_host("aarch64")), "max,pauth-impdef=on");
    EXPECT_EQ(model(usual_config("aarch64"), kvm_host("aarch64")), "host");
    Host riscv = usual_host("riscv64");
    EXPECT_EQ(model(usual_config("riscv64"), riscv), "rv64");
    riscv.version = Version{8, 2, 0};
    EXPECT_EQ(model(usual_config("riscv64"), riscv), "max");

    Host old = usual_host("aarch64");
    old.version = Version{5, 2, 0};
    EXPECT_EQ(model(usual_config("aarch64"), old), "max") << "the property came with 6.0";
    Config own = usual_config("aarch64");
    own.cpu_type = {{"aarch64", "max,pauth=off"}};
    EXPECT_EQ(model(own, usual_host("aarch64")), "max,pauth=off");

    Host newer = usual_host("x86_64");
    newer.version = Version{8, 1, 0};
    EXPECT_EQ(model(usual_config("x86_64"), newer), "max,-erms,-fsrm");
    own = usual_config("x86_64");
    own.cpu_type = {{"x86_64", "max,erms=on,-fsrm"}};
    EXPECT_EQ(model(own, newer), "max,erms=on,-fsrm");

    Host windows = usual_host("x86_64");
    windows.os = "windows";
    windows.cpu_help += "x86 qemu64\n";
    EXPECT_EQ(model(usual_config("x86_64"), windows), "qemu64");
    Host mac = usual_host("x86_64");
    mac.os = "darwin";
    mac.arch = "aarch64";
    EXPECT_EQ(model(usual_config("x86_64"), mac), "max,-avx512vl,-pdpe1gb,-erms");
    Host distrusted = kvm_host("aarch64");
    distrusted.cpu_passthrough = false;
    EXPECT_EQ(model(usual_config("aarch64"), distrusted), "max");
}

TEST(MacAddress, IsStableAndLocal) {
    const std::string mac = mac_address("id", "/home/me/.lima/default");
    EXPECT_EQ(mac, mac_address("id", "/home/me/.lima/default"));
    EXPECT_NE(mac, mac_address("id", "/home/me/.lima/other"));
    EXPECT_TRUE(mac.starts_with("52:55:55:"));
    EXPECT_EQ(mac.size(), 17U);
}

TEST(MountTag, IsTheHashOfBothPlaces) {
    Mount mount = mount_of("/home/me", false);
    // printf '/home/me:/home/me' | sha256sum
    EXPECT_EQ(mount_tag(mount), "lima-8f4723a31b057c95");
    mount.mount_point = "/mnt";
    EXPECT_NE(mount_tag(mount), "lima-8f4723a31b057c95");
}

}  // namespace
}  // namespace lima::qemu
