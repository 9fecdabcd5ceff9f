#include "plugins/qemu/probe.hpp"

#include "core/base/fs.hpp"
#include "plugins/qemu/firmware.hpp"
#include "plugins/qemu/kvm.hpp"
#include "plugins/qemu/virtiofsd.hpp"
#include "tests/support/temp_home.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lima::qemu {
namespace {

/// A directory that is the whole PATH, for programs of the test's own.
class Programs : public test::TempHomeTest {
protected:
    Programs() : path_("PATH", bin().string() + ":/usr/bin:/bin") {
        EXPECT_TRUE(fs::make_dirs(bin()));
    }
    std::filesystem::path bin() const { return home_.home() / "bin"; }
    void write_program(const std::string& name, const std::string& body) {
        ASSERT_TRUE(fs::write_file_atomic(bin() / name, "#!/bin/sh\n" + body, 0755));
    }
    void write_qemu(const std::string& version) {
        write_program("qemu-system-x86_64",
                      "echo run >>" + (bin() / "runs").string() +
                          "\ncase \"$*\" in\n--version) echo 'QEMU emulator version " + version +
                          "';;\n*accel*) echo Accelerators supported; echo tcg;;\n"
                          "*-cpu*) echo x86 max >&2;;\n*) exit 1;;\nesac\n");
    }
    std::size_t runs() { return fs::read_file(bin() / "runs").value_or("").size() / 4; }

    test::ScopedEnv path_;
};

TEST_F(Programs, FindsQemuInPath) {
    write_qemu("7.2.0");
    const auto found = find_qemu(*find_arch("x86_64"));
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->exe, bin() / "qemu-system-x86_64");
    EXPECT_TRUE(found->extra_args.empty());
}

TEST_F(Programs, TheOverrideNamesProgramAndArguments) {
    write_qemu("7.2.0");
    const test::ScopedEnv override_env("QEMU_SYSTEM_X86_64",
                                       (bin() / "qemu-system-x86_64").string() + " -m '2 G'");
    const auto found = find_qemu(*find_arch("x86_64"));
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->extra_args, (std::vector<std::string>{"-m", "2 G"}));
}

TEST_F(Programs, AMissingQemuNamesThePackage) {
    const test::ScopedEnv no_path("PATH", bin().string());
    for (const Arch& arch : all_arches()) {
        const auto found = find_qemu(arch);
        ASSERT_FALSE(found);
        EXPECT_EQ(found.error().code(), Code::kNotFound);
        EXPECT_NE(found.error().hint().find("apt-get install qemu-system-"), std::string::npos);
    }
}

TEST_F(Programs, AsksOncePerFile) {
    write_qemu("7.2.22");
    const Arch& arch = *find_arch("x86_64");
    const Program program = find_qemu(arch).value();
    const auto first = probe_features(program, arch, false);
    ASSERT_TRUE(first) << first.error().text();
    EXPECT_EQ(first->version, (Version{7, 2, 22}));
    EXPECT_NE(first->accel_help.find("tcg"), std::string::npos);
    const std::size_t asked = runs();
    ASSERT_TRUE(probe_features(program, arch, false));
    EXPECT_EQ(runs(), asked);
    const auto with_cpus = probe_features(program, arch, true);
    ASSERT_TRUE(with_cpus);
    EXPECT_EQ(with_cpus->cpu_help, "x86 max\n") << "it printed them on stderr";
    EXPECT_EQ(runs(), asked + 1);
    write_qemu("8.2.0-longer");
    EXPECT_EQ(probe_features(program, arch, false).value().version, (Version{8, 2, 0}));
}

TEST_F(Programs, SaysWhyAProgramIsNoQemu) {
    write_program("qemu-system-x86_64", "echo broken >&2; exit 3\n");
    const Arch& arch = *find_arch("x86_64");
    const auto features = probe_features(find_qemu(arch).value(), arch, false);
    ASSERT_FALSE(features);
    EXPECT_NE(features.error().text().find("broken"), std::string::npos) << features.error().text();
}

TEST(MinimumVersion, RefusesAndWarns) {
    const Program program{"/usr/bin/qemu", {}};
    const MinimumVersions linux_minimum = minimum_versions("linux", "x86_64");
    const auto check = [&](std::optional<Version> found, std::optional<Version> wanted = {}) {
        return check_version(program, found, linux_minimum, wanted);
    };
    EXPECT_EQ(check(Version{6, 2, 0}).value(), "");
    EXPECT_NE(check(Version{6, 1, 9}).value().find("6.2.0 or later is recommended"),
              std::string::npos);
    EXPECT_NE(check(std::nullopt).value().find("cannot tell the version"), std::string::npos);
    const auto old = check(Version{3, 1, 0});
    ASSERT_FALSE(old);
    EXPECT_EQ(old.error().text(),
              "/usr/bin/qemu is version 3.1.0, which is too old: 4.0.0 or later is needed");
    EXPECT_FALSE(old.error().hint().empty());
    const auto wanted = check(Version{7, 2, 0}, Version{8, 0, 0});
    ASSERT_FALSE(wanted);
    EXPECT_EQ(wanted.error().text(),
              "/usr/bin/qemu is version 7.2.0, but vmOpts.qemu.minimumVersion asks for 8.0.0");
    EXPECT_EQ(minimum_versions("darwin", "aarch64").hard, (Version{8, 2, 1}));
    EXPECT_EQ(minimum_versions("darwin", "x86_64").hard, (Version{7, 0, 0}));
    EXPECT_EQ(minimum_versions("windows", "x86_64").hard, (Version{11, 0, 0}));
}

TEST(Accelerator, IsChosenByProbing) {
    const KvmState usable{true, "", ""};
    const KvmState broken{false, "no permission to open /dev/kvm", "join the group"};
    EXPECT_EQ(choose_accelerator("x86_64", "x86_64", "linux", usable).name, "kvm");
    EXPECT_EQ(choose_accelerator("x86_64", "x86_64", "linux", usable).warning, "");
    const Accelerator slow = choose_accelerator("x86_64", "x86_64", "linux", broken);
    EXPECT_EQ(slow.name, "tcg");
    EXPECT_NE(slow.warning.find("tcg"), std::string::npos);
    EXPECT_NE(slow.warning.find("no permission"), std::string::npos);
    EXPECT_EQ(slow.hint, "join the group");
    const Accelerator foreign = choose_accelerator("aarch64", "x86_64", "linux", broken);
    EXPECT_EQ(foreign.name, "tcg");
    EXPECT_EQ(foreign.warning, "") << "nothing else is possible";
    EXPECT_EQ(choose_accelerator("aarch64", "aarch64", "darwin", {}).name, "hvf");
    EXPECT_EQ(choose_accelerator("x86_64", "x86_64", "windows", {}).name, "whpx");
}

TEST(Kvm, CpuFlagsAreWholeWords) {
    EXPECT_TRUE(cpuinfo_has_virtualization("processor : 0\nflags\t\t: fpu vmx sse\n"));
    EXPECT_TRUE(cpuinfo_has_virtualization("flags : svm"));
    EXPECT_FALSE(cpuinfo_has_virtualization("flags : fpu sse\nvmx flags : ept vmx\n"));
    EXPECT_FALSE(cpuinfo_has_virtualization("flags : vmxoff svm_lock\n"));
    EXPECT_FALSE(cpuinfo_has_virtualization(""));
}

TEST(Kvm, ADeviceThatIsNoneIsNamed) {
    using std::chrono_literals::operator""ms;
    const KvmState missing = run_kvm_test("/nonexistent/kvm", 200ms);
    EXPECT_FALSE(missing.usable);
    EXPECT_EQ(missing.reason, "/nonexistent/kvm does not exist");
    EXPECT_FALSE(missing.hint.empty());
    const auto before = std::chrono::steady_clock::now();
    const KvmState fake = run_kvm_test("/dev/null", 200ms);
    EXPECT_FALSE(fake.usable);
    EXPECT_NE(fake.reason.find("KVM_GET_API_VERSION"), std::string::npos) << fake.reason;
    EXPECT_LT(std::chrono::steady_clock::now() - before, 2000ms);
}

TEST(Kvm, TheProbeEndsInTimeAndAlwaysSaysTheSame) {
    const auto before = std::chrono::steady_clock::now();
    const KvmState& state = probe_kvm();
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(2));
    EXPECT_EQ(&state, &probe_kvm());
    EXPECT_NE(state.usable, !state.reason.empty()) << state.reason;
}

Config config_for(const std::string& arch) {
    Config config;
    config.dir = "/inst";
    config.arch = arch;
    return config;
}

FirmwareSearch files(std::set<std::string> present) {
    FirmwareSearch search;
    search.home = "/home/me";
    search.exe = "/opt/qemu/bin/qemu-system-x";
    search.exists = [present = std::move(present)](const std::filesystem::path& path) {
        return present.contains(path.string());
    };
    return search;
}

std::string chosen(const Config& config, std::set<std::string> present) {
    const auto found = find_firmware(config, *find_arch(config.arch), files(std::move(present)));
    return found ? found->path : "error: " + found.error().text();
}

TEST(Firmware, TheFirstOfTheOrderWins) {
    const Config config = config_for("x86_64");
    std::set<std::string> present = {"/usr/share/OVMF/OVMF_CODE_4M.fd"};
    EXPECT_EQ(chosen(config, present), "/usr/share/OVMF/OVMF_CODE_4M.fd");
    present.insert("/usr/share/OVMF/OVMF_CODE.fd");
    EXPECT_EQ(chosen(config, present), "/usr/share/OVMF/OVMF_CODE.fd");
    present.insert("/opt/qemu/share/qemu/edk2-x86_64-code.fd");
    EXPECT_EQ(chosen(config, present), "/opt/qemu/share/qemu/edk2-x86_64-code.fd");
    present.insert("/home/me/.local/share/qemu/edk2-x86_64-code.fd");
    EXPECT_EQ(chosen(config, present), "/home/me/.local/share/qemu/edk2-x86_64-code.fd");
    present.insert("/inst/qemu-efi-code.fd");
    EXPECT_EQ(chosen(config, present), "/inst/qemu-efi-code.fd");
}

TEST(Firmware, NamesDifferByArch) {
    EXPECT_EQ(chosen(config_for("riscv64"), {"/opt/qemu/share/qemu/edk2-riscv-code.fd"}),
              "/opt/qemu/share/qemu/edk2-riscv-code.fd");
    EXPECT_EQ(chosen(config_for("armv7l"), {"/opt/qemu/share/qemu/edk2-arm-code.fd"}),
              "/opt/qemu/share/qemu/edk2-arm-code.fd");
    EXPECT_EQ(chosen(config_for("ppc64le"), {}), "");
    EXPECT_EQ(chosen(config_for("s390x"), {}), "");
}

TEST(Firmware, LegacyBiosSkipsItWhereThereIsOne) {
    Config config = config_for("x86_64");
    config.legacy_bios = true;
    EXPECT_EQ(chosen(config, {"/usr/share/OVMF/OVMF_CODE.fd"}), "");
    config = config_for("aarch64");
    config.legacy_bios = true;
    const auto found =
        find_firmware(config, *find_arch("aarch64"), files({"/usr/share/AAVMF/AAVMF_CODE.fd"}));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->path, "/usr/share/AAVMF/AAVMF_CODE.fd");
    EXPECT_EQ(found->warnings,
              std::vector<std::string>{"firmware.legacyBIOS is ignored for arch aarch64"});
}

TEST(Firmware, AMissingOneHasANextStep) {
    const Config config = config_for("x86_64");
    const auto found = find_firmware(config, *find_arch("x86_64"), files({}));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), Code::kNotFound);
    EXPECT_NE(found.error().text().find("/usr/share/OVMF/OVMF_CODE.fd"), std::string::npos);
    EXPECT_NE(found.error().hint().find("firmware.legacyBIOS"), std::string::npos);
}

TEST(Firmware, ConfiguredImagesThatAreHere) {
    Config config = config_for("x86_64");
    config.firmware_images = {{"https://example.invalid/a.fd", "x86_64", ""},
                              {"/fw/arm.fd", "aarch64", ""},
                              {"/fw/vz.fd", "x86_64", "vz"},
                              {"file:///fw/own.fd", "x86_64", "qemu"}};
    const auto search =
        files({"/fw/own.fd", "/fw/arm.fd", "/fw/vz.fd", "/usr/share/OVMF/OVMF_CODE.fd"});
    const auto found = find_firmware(config, *find_arch("x86_64"), search);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->path, "/fw/own.fd");
    EXPECT_EQ(found->warnings.size(), 1U) << "the one that was not fetched";
}

TEST_F(Programs, VirtiofsdIsFoundByItsAnnouncement) {
    const auto directory = home_.home() / ".local/share/qemu/vhost-user";
    ASSERT_TRUE(fs::make_dirs(directory));
    write_program("broken", "exit 1\n");
    write_program("rusty", "echo virtiofsd 1.8.0\n");
    const auto announce = [&](const std::string& name, const std::string& type,
                              const std::string& binary) {
        ASSERT_TRUE(fs::write_file_atomic(
            directory / name, fmt::format(R"({{"type":"{}","binary":"{}"}})", type, binary)));
    };
    announce("10.json", "gpu", (bin() / "rusty").string());
    announce("20.json", "fs", (bin() / "broken").string());
    announce("30.json", "fs", (bin() / "rusty").string());
    const auto found = find_virtiofsd(home_.home(), bin() / "qemu-system-x86_64");
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->binary, bin() / "rusty");
    EXPECT_FALSE(found->classic);
    Mount mount;
    mount.location = "/d,e";
    EXPECT_EQ(virtiofsd_argv(*found, "/s", mount),
              (std::vector<std::string>{(bin() / "rusty").string(), "--socket-path", "/s",
                                        "--shared-dir", "/d,e"}));

    write_program("rusty", "echo 'virtiofsd 1.13.0 --readonly'\n");
    const auto newer = find_virtiofsd(home_.home(), bin() / "qemu-system-x86_64");
    ASSERT_TRUE(newer && newer->can_read_only);
    EXPECT_EQ(virtiofsd_argv(*newer, "/s", mount).back(), "--readonly");
    mount.writable = true;
    EXPECT_EQ(virtiofsd_argv(*newer, "/s", mount).back(), "/d,e");

    write_program("rusty", "echo virtiofsd version 7.2; echo using FUSE kernel interface\n");
    const auto classic = find_virtiofsd(home_.home(), bin() / "qemu-system-x86_64");
    ASSERT_TRUE(classic);
    EXPECT_TRUE(classic->classic);
    EXPECT_EQ(virtiofsd_argv(*classic, "/s", mount)[3], "source=/d\\,e");
}

}  // namespace
}  // namespace lima::qemu
