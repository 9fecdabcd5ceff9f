#include "plugins/qemu/config.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"

#include <gtest/gtest.h>

namespace lima::qemu {
namespace {

Json instance_of(const std::string& config_json) {
    Json out = Json::object();
    out["name"] = "a";
    out["dir"] = "/home/me/.lima/a";
    out["arch"] = "x86_64";
    out["config"] = parse_json(config_json).value();
    return out;
}

std::vector<std::string> fill(Json& instance, const ConfigureFacts& facts = {}) {
    auto warnings = fill_defaults(instance, facts);
    EXPECT_TRUE(warnings) << (warnings ? "" : warnings.error().text());
    return warnings.value_or(std::vector<std::string>{});
}

std::string error_of(const std::string& config_json, const ConfigureFacts& facts = {}) {
    Json instance = instance_of(config_json);
    const auto done = fill_defaults(instance, facts);
    return done ? "no error" : done.error().text();
}

TEST(FillDefaults, AddsWhatIsMissingAndKeepsTheRest) {
    Json instance = instance_of(R"({"cpus": 2, "unknownKey": {"x": [1]}})");
    instance["alsoUnknown"] = true;
    EXPECT_TRUE(fill(instance).empty());
    const Json& config = instance["config"];
    EXPECT_EQ(json_string(config, "vmType"), "qemu");
    EXPECT_EQ(json_string(config["video"]["vnc"], "display"), "127.0.0.1:0,to=9");
    EXPECT_EQ(json_string(config, "mountType"), "9p");
    EXPECT_EQ(dump_json(config["unknownKey"]), R"({"x":[1]})");
    EXPECT_TRUE(json_bool(instance, "alsoUnknown"));

    Json again = instance;
    fill(again);
    EXPECT_EQ(again, instance) << "a second time changes nothing";
}

TEST(FillDefaults, KeepsWhatIsGiven) {
    Json instance = instance_of(
        R"({"vmType": "qemu", "video": {"display": "vnc", "vnc": {"display": ":1"}},
            "mountType": "reverse-sshfs"})");
    const Json before = instance;
    fill(instance);
    EXPECT_EQ(instance, before);
}

TEST(FillDefaults, MovesTheOldCpuType) {
    Json instance = instance_of(
        R"({"cpuType": {"x86_64": "Haswell", "aarch64": "cortex-a72", "riscv64": ""},
            "vmOpts": {"qemu": {"cpuType": {"x86_64": "Skylake"}}}})");
    const auto warnings = fill(instance);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("deprecated"), std::string::npos);
    const Json& types = instance["config"]["vmOpts"]["qemu"]["cpuType"];
    EXPECT_EQ(json_string(types, "x86_64"), "Skylake") << "what is there already wins";
    EXPECT_EQ(json_string(types, "aarch64"), "cortex-a72");
    EXPECT_FALSE(types.contains("riscv64"));
    EXPECT_FALSE(instance["config"].contains("cpuType"));

    Json empty = instance_of(R"({"cpuType": {}})");
    EXPECT_TRUE(fill(empty).empty()) << "nothing was moved";
}

TEST(FillDefaults, ChoosesTheMountType) {
    const auto chosen = [](const std::string& json, const ConfigureFacts& facts) {
        Json instance = instance_of(json);
        fill(instance, facts);
        return json_string(instance["config"], "mountType");
    };
    EXPECT_EQ(chosen("{}", {}), "9p");
    EXPECT_EQ(chosen(R"({"mountType": "default"})", {}), "9p");
    EXPECT_EQ(chosen(R"({"mountTypesUnsupported": ["9p"]})", {}), "reverse-sshfs");
    EXPECT_EQ(chosen("{}", {.host_os = "windows", .created_before_1_0 = false}), "reverse-sshfs");
    EXPECT_EQ(chosen("{}", {.host_os = "linux", .created_before_1_0 = true}), "reverse-sshfs");
}

TEST(FillDefaults, GivesVirtiofsMountsAQueue) {
    Json instance = instance_of(
        R"({"mountType": "virtiofs",
            "mounts": [{"location": "/a"}, {"location": "/b", "virtiofs": {"queueSize": 16}}]})");
    fill(instance);
    const Json& mounts = instance["config"]["mounts"];
    EXPECT_EQ(json_int(mounts[0]["virtiofs"], "queueSize"), 1024);
    EXPECT_EQ(json_int(mounts[1]["virtiofs"], "queueSize"), 16);
}

TEST(FillDefaults, RefusesMountTypesOfOtherHosts) {
    EXPECT_EQ(error_of(R"({"mountType": "9p", "mountTypesUnsupported": ["9p"]})"),
              "field `mountType` is \"9p\", which `mountTypesUnsupported` excludes");
    EXPECT_EQ(error_of(R"({"mountType": "virtiofs"})",
                       {.host_os = "darwin", .created_before_1_0 = false}),
              "field `mountType` must be one of reverse-sshfs, 9p for vmType qemu on darwin, got "
              "\"virtiofs\"");
    EXPECT_EQ(error_of(R"({"mountType": "wsl2"})"),
              "field `mountType` must be one of reverse-sshfs, 9p, virtiofs for vmType qemu on "
              "linux, got \"wsl2\"");
}

TEST(FillDefaults, ChecksVmOpts) {
    EXPECT_EQ(error_of(R"({"vmOpts": {"qemu": {"cpuTypes": {}}}})"),
              "field `vmOpts.qemu` has the unknown key \"cpuTypes\" (known: cpuType, "
              "minimumVersion)");
    EXPECT_EQ(error_of(R"({"vmOpts": {"qemu": {"minimumVersion": "8"}}})"),
              "field `vmOpts.qemu.minimumVersion`: \"8\" is not a version of the form X.Y.Z");
    EXPECT_EQ(error_of(R"({"vmOpts": {"qemu": {"minimumVersion": 8}}})"),
              "field `vmOpts.qemu.minimumVersion` must be a string");
    EXPECT_EQ(error_of(R"({"vmOpts": {"vz": {"other": 1}}})"), "no error");
    EXPECT_EQ(error_of(R"({"cpus": 0})"), "field `cpus` must be positive, got 0");
    EXPECT_EQ(error_of(R"({"memory": "many"})").substr(0, 15), "field `memory`:");
}

TEST(FillDefaults, WarnsOfNetworkKeysThatItCannotUse) {
    Json instance = instance_of(
        R"({"networks": [{"lima": "user-v2", "metric": 1, "interface": "lima0",
            "macAddress": "52:55:55:00:00:01"}, {"vzNAT": true}, {"lima": "x", "vzNAT": false}]})");
    EXPECT_EQ(fill(instance),
              std::vector<std::string>{"vmType qemu: ignoring `networks[1].vzNAT`"});
}

TEST(ReadConfig, TakesEveryKeyThatWeUse) {
    Json instance = instance_of(R"({
        "os": "Windows", "arch": "aarch64", "cpus": 3, "memory": "2GiB", "disk": "10GiB",
        "additionalDisks": [{"name": "one"}, {"name": "two", "format": false}],
        "mountType": "9p",
        "mounts": [{"location": "/a", "mountPoint": "/b", "writable": true,
                    "9p": {"securityModel": "mapped-file"}}, {"location": "/c"}],
        "ssh": {"localPort": 1, "overVsock": true},
        "firmware": {"legacyBIOS": true,
                     "images": [{"location": "/fw", "arch": "aarch64", "vmType": "qemu"}]},
        "audio": {"device": "pa", "interface": "hda"}, "video": {"display": "vnc"},
        "tpm": true, "vmOpts": {"qemu": {"minimumVersion": "8.1.0", "cpuType": {"aarch64": "a"}}},
        "osOpts": {"Windows": {"virtioWin": [{"location": "x"}]}},
        "networks": [{"socket": "/s", "macAddress": "m"}]})");
    instance["sshLocalPort"] = 2222;
    instance["sshAddress"] = "127.0.0.9";
    fill(instance);
    const auto read = read_config(instance, {});
    ASSERT_TRUE(read) << read.error().text();
    const Config& c = *read;
    EXPECT_EQ(c.arch, "aarch64");
    EXPECT_EQ(c.os, "Windows");
    EXPECT_EQ(c.cpus, 3);
    EXPECT_EQ(c.memory, std::int64_t{2} << 30);
    EXPECT_EQ(c.disk, std::int64_t{10} << 30);
    EXPECT_EQ(c.additional_disks, (std::vector<std::string>{"one", "two"}));
    ASSERT_EQ(c.mounts.size(), 2U);
    EXPECT_EQ(c.mounts[0].security_model, "mapped-file");
    EXPECT_TRUE(c.mounts[0].writable);
    EXPECT_EQ(c.mounts[1].mount_point, "/c");
    EXPECT_EQ(c.mounts[1].security_model, "none");
    EXPECT_TRUE(c.legacy_bios);
    ASSERT_EQ(c.firmware_images.size(), 1U);
    EXPECT_EQ(c.firmware_images[0].location, "/fw");
    EXPECT_EQ(c.audio_device, "pa");
    EXPECT_EQ(c.video_display, "vnc");
    EXPECT_EQ(c.vnc_display, "127.0.0.1:0,to=9");
    EXPECT_TRUE(c.tpm);
    EXPECT_TRUE(c.virtio_win);
    EXPECT_TRUE(c.ssh_over_vsock);
    EXPECT_EQ(c.ssh_port, 2222) << "the instance's port is the one in use";
    EXPECT_EQ(c.ssh_address, "127.0.0.9");
    EXPECT_EQ(c.minimum_version, (Version{8, 1, 0}));
    EXPECT_EQ(c.cpu_type.at("aarch64"), "a");
    ASSERT_EQ(c.networks.size(), 1U);
    EXPECT_EQ(c.networks[0].socket, "/s");
}

TEST(ReadConfig, PlainHasNoMountsAndNullIsAbsent) {
    Json instance = instance_of(
        R"({"plain": true, "mounts": [{"location": "/a"}], "mountType": null, "networks": null,
            "vmOpts": null, "video": null})");
    fill(instance);
    const auto read = read_config(instance, {});
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_TRUE(read->mounts.empty());
    EXPECT_TRUE(read->networks.empty());
}

TEST(ReadConfig, NeedsAnAbsoluteDirectory) {
    Json instance = instance_of(R"({"mountType": "9p"})");
    instance["dir"] = "relative";
    const auto read = read_config(instance, {});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), Code::kInvalidArgument);
}

TEST(CreatedBefore, LooksAtTheInstanceDirectory) {
    auto dir = fs::TempDir::create("lq");
    ASSERT_TRUE(dir);
    const auto inst = dir->path();
    EXPECT_FALSE(created_before_1_0(inst)) << "a new instance";
    ASSERT_TRUE(fs::write_file_atomic(inst / "diffdisk", ""));
    EXPECT_TRUE(created_before_1_0(inst)) << "in use, and without a version";
    ASSERT_TRUE(fs::write_file_atomic(inst / "lima-version", "v0.23.2\n"));
    EXPECT_TRUE(created_before_1_0(inst));
    ASSERT_TRUE(fs::write_file_atomic(inst / "lima-version", "v1.0.0"));
    EXPECT_FALSE(created_before_1_0(inst));
}

TEST(Version, IsThreeNumbers) {
    EXPECT_EQ(parse_version("8.2.1").value(), (Version{8, 2, 1}));
    EXPECT_EQ(parse_version("8.2.1-rc1").value(), (Version{8, 2, 1}));
    for (const char* bad : {"", "8", "8.2", "8.2.", "v8.2.1", "8.2.1.", "8.2.1-", "-1.2.3", "a"}) {
        EXPECT_FALSE(parse_version(bad)) << bad;
    }
    EXPECT_LT((Version{4, 2, 0}), (Version{4, 10, 0}));
    EXPECT_EQ(parse_version_output("QEMU emulator version 7.2.22 (Debian 1:7.2)\nCopyright\n"),
              (Version{7, 2, 22}));
    EXPECT_EQ(parse_version_output("QEMU emulator version 10.0.0").value(), (Version{10, 0, 0}));
    EXPECT_FALSE(parse_version_output("qemu-wrapper 1.0\nQEMU emulator version 7.2.22"));
}

}  // namespace
}  // namespace lima::qemu
