#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/cidata/seed.hpp"
#include "core/text/yaml.hpp"
#include "tests/support/golden.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace lima::cidata {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

config::Provision provision(const std::string& mode, const std::string& script) {
    config::Provision out;
    out.mode = mode;
    out.script = script;
    return out;
}

/// A filled config of the smallest kind.
Input simple() {
    Input input;
    input.name = "demo";
    input.instance_id = "iid-1700000000";
    input.instance_dir = "/home/anna/.lima/demo";
    input.vm_type = "qemu";
    input.public_keys = {"ssh-ed25519 AAAAC3Nza lima"};
    input.host_home = "/home/anna";
    input.machine_id = "0123456789abcdef0123456789abcdef";
    config::Config& config = input.config;
    config.os = "Linux";
    config.user.name = "anna";
    config.user.uid = 1000;
    config.user.comment = "Anna";
    config.user.home = "/home/anna.guest";
    config.user.shell = "/bin/bash";
    config.user.passwordless_sudo = true;
    config.mount_type = "reverse-sshfs";
    config.guest_install_prefix = "/usr/local";
    config.host_resolver.enabled = true;
    config.plain = false;
    return input;
}

void add_provision(config::Config& config) {
    config.provision = {
        provision("system", "#!/bin/sh\necho system {{.Name}}\n"),
        provision("user", "#!/bin/bash\necho \"$PARAM_GREETING\"\n"),
        provision("boot", "echo early\n  indented \"quotes\"\n"),
        provision("dependency", "#!/bin/sh\ntrue\n"),
        provision("ansible", ""),
    };
    config.provision[3].skip_default_dependency_resolution = true;
    config::Provision data;
    data.mode = "data";
    data.content = "line one\nline two\n";
    data.path = "/etc/demo.conf";
    data.overwrite = false;
    data.owner = "anna:anna";
    data.permissions = "640";
    config.provision.push_back(data);
    config::Provision yq;
    yq.mode = "yq";
    yq.expression = ".a = 1";
    yq.path = "/etc/demo.json";
    yq.owner = "root:root";
    yq.permissions = "644";
    yq.format = "auto";
    config.provision.push_back(yq);
}

void add_devices(config::Config& config) {
    config::Mount home;
    home.location = "/home/anna";
    home.mount_point = "/home/anna";
    config::Mount work;
    work.location = "/srv/my work";
    work.mount_point = "/mnt/my work";
    work.writable = true;
    work.nine_p.msize = "256KiB";
    config.mounts = {home, work};
    config.mount_type = "9p";
    config::AdditionalDisk first;
    first.name = "data";
    config::AdditionalDisk second;
    second.name = "scratch";
    second.format = false;
    second.fs_type = "xfs";
    second.fs_args = {"-i", "size=512"};
    config.additional_disks = {first, second};
    config::Network usernet;
    usernet.lima = "user-v2";
    usernet.interface = "lima0";
    config::Network extra;
    extra.socket = "/run/vde";
    extra.interface = "lima1";
    extra.mac_address = "52:55:55:AB:CD:EF";
    extra.metric = 150;
    config.networks = {usernet, extra};
}

Input rich() {
    Input input = simple();
    input.public_keys.push_back("ssh-rsa AAAAB3Nza anna@\"host\"");
    input.debug = true;
    input.virtio_port = "io.lima-vm.guest_agent.0";
    input.vsock_port = 2222;
    input.udp_dns_port = 40001;
    input.tcp_dns_port = 40002;
    input.slirp_gateway = "192.168.104.2";
    input.slirp_dns = "192.168.104.2";
    input.slirp_ip = "";
    input.driver_boot_scripts = {{"boot.Linux/05-driver.sh", "#!/bin/sh\n"},
                                 {"99-bare.sh", "#!/bin/sh\n"}};
    input.proxy_env = {{"HTTPS_PROXY", "http://me:secret@[::1]:8443"},
                       {"no_proxy", "localhost,127.0.0.1"}};
    config::Config& config = input.config;
    config.user.comment = "Anna \"O'Neil\"\t\xC3\x9Cnal \\ Co";
    config.upgrade_packages = true;
    config.timezone = "Europe/Berlin";
    config.containerd.user = true;
    config.env = {{"http_proxy", "http://127.0.0.1:3128/"}, {"FOO", "bar baz"}, {"EMPTY", ""}};
    config.param = {
        {"GREETING", "hello 'world' \"!\""}, {"ONE", "1"}, {"internal_netplanOptional", "true"}};
    config.ca_certs.remove_defaults = true;
    config.ca_certs.certs = {
        "-----BEGIN CERTIFICATE-----\n  AAAA  \n\n  BBBB\n-----END CERTIFICATE-----\n"};
    add_provision(config);
    add_devices(config);
    return input;
}

class Tree : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(::setenv("LIMA_CIDATA_DIR", LIMA_SOURCE_DIR "/core/cidata/guest", 1), 0);
    }
    void TearDown() override { ::unsetenv("LIMA_CIDATA_DIR"); }

    static std::vector<Entry> build(const Input& input) {
        auto tree = build_tree(input);
        EXPECT_TRUE(tree) << tree.error().text();
        return tree ? std::move(*tree) : std::vector<Entry>();
    }
    static std::string text_of(const std::vector<Entry>& tree, const std::string& path) {
        for (const Entry& entry : tree) {
            if (entry.path == path) {
                return entry.data;
            }
        }
        ADD_FAILURE() << "no " << path;
        return "";
    }
    /// Everything but the content of our own scripts.
    static std::string dump(const std::vector<Entry>& tree) {
        std::string out;
        for (const Entry& entry : tree) {
            const bool script = entry.path.ends_with(".sh");
            out += fmt::format("=== {} {:o}{}{}\n", entry.path, entry.mode,
                               entry.source.empty() ? "" : " from ", entry.source.native());
            out += script ? "" : entry.data;
        }
        return out;
    }
    static std::set<std::string> keys(const std::string& env) {
        std::set<std::string> out;
        for (const auto line : lines(env)) {
            out.emplace(line.substr(0, line.find('=')));
        }
        return out;
    }
};

TEST_F(Tree, OfARichConfig) { lima::test::expect_golden("cidata/rich.txt", dump(build(rich()))); }

TEST_F(Tree, OfAPlainConfig) {
    Input input = simple();
    input.guest_agent = "/opt/lima/share/lima/lima-guestagent.Linux-x86_64.gz";
    input.rosetta_enabled = true;
    input.config.plain = true;
    input.config.user.passwordless_sudo = false;
    lima::test::expect_golden("cidata/plain.txt", dump(build(input)));
}

TEST_F(Tree, ReferenceTextForReaders) {
    const auto text = cloud_config(rich());
    ASSERT_TRUE(text) << text.error().text();
    lima::test::expect_golden("cidata/cloud-config.yaml", *text);
    EXPECT_THAT(*text, Not(HasSubstr("write_files")));
    EXPECT_THAT(*text, Not(HasSubstr("mounts:")));
    EXPECT_THAT(*text, Not(HasSubstr("resolv_conf")));
}

TEST_F(Tree, HasEveryVariable) {
    const std::string env = text_of(build(rich()), "lima.env");
    std::set<std::string> wanted;
    for (const char* key : {"DEBUG",
                            "IID",
                            "NAME",
                            "USER",
                            "UID",
                            "COMMENT",
                            "HOME",
                            "SHELL",
                            "HOSTHOME_MOUNTPOINT",
                            "MOUNTS",
                            "MOUNTS_0_MOUNTPOINT",
                            "MOUNTS_1_MOUNTPOINT",
                            "MOUNTTYPE",
                            "DISKS",
                            "DISK_0_NAME",
                            "DISK_0_DEVICE",
                            "DISK_0_FORMAT",
                            "DISK_0_FSTYPE",
                            "DISK_0_FSARGS",
                            "DISK_1_NAME",
                            "DISK_1_DEVICE",
                            "DISK_1_FORMAT",
                            "DISK_1_FSTYPE",
                            "DISK_1_FSARGS",
                            "DATAFILE_00000005_OVERWRITE",
                            "DATAFILE_00000005_OWNER",
                            "DATAFILE_00000005_PATH",
                            "DATAFILE_00000005_PERMISSIONS",
                            "YQ_PROVISION_00000006_FORMAT",
                            "YQ_PROVISION_00000006_OWNER",
                            "YQ_PROVISION_00000006_PATH",
                            "YQ_PROVISION_00000006_PERMISSIONS",
                            "GUEST_INSTALL_PREFIX",
                            "UPGRADE_PACKAGES",
                            "CONTAINERD_USER",
                            "CONTAINERD_SYSTEM",
                            "CONTAINERD_ARCHIVE",
                            "SLIRP_DNS",
                            "SLIRP_GATEWAY",
                            "SLIRP_IP_ADDRESS",
                            "UDP_DNS_LOCAL_PORT",
                            "TCP_DNS_LOCAL_PORT",
                            "ROSETTA_ENABLED",
                            "ROSETTA_BINFMT",
                            "SKIP_DEFAULT_DEPENDENCY_RESOLUTION",
                            "VMTYPE",
                            "VSOCK_PORT",
                            "VIRTIO_PORT",
                            "PLAIN",
                            "NO_CLOUD_INIT",
                            "PASSWORDLESS_SUDO"}) {
        wanted.insert(std::string("LIMA_CIDATA_") + key);
    }
    EXPECT_EQ(keys(env), wanted);
    // without anything that comes by number
    std::erase_if(wanted, [](const std::string& key) {
        return key.find("_0") != std::string::npos || key.find("K_1_") != std::string::npos ||
               key.find("S_1_") != std::string::npos;
    });
    EXPECT_EQ(keys(text_of(build(simple()), "lima.env")), wanted);
}

TEST_F(Tree, UserDataMeansWhatWasGiven) {
    const auto node = text::parse_yaml(text_of(build(rich()), "user-data"), "user-data");
    ASSERT_TRUE(node) << node.error().text();
    const Json json = text::to_json(*node);
    const Json& user = json.at("users").at(0);
    EXPECT_EQ(user.at("name"), "anna");
    EXPECT_EQ(user.at("uid"), "1000");
    EXPECT_EQ(user.at("gecos"), "Anna \"O'Neil\"\xC3\x9Cnal \\ Co");
    EXPECT_EQ(user.at("ssh-authorized-keys").at(1), "ssh-rsa AAAAB3Nza anna@\"host\"");
    EXPECT_EQ(user.at("lock_passwd"), true);
    EXPECT_EQ(json.at("mounts").at(1).at(1), "/mnt/my\\040work");
    EXPECT_EQ(json.at("mounts").at(1).at(3),
              "rw,trans=virtio,version=9p2000.L,msize=262144,cache=mmap,nofail");
    EXPECT_EQ(json.at("bootcmd").size(), 2U);
    EXPECT_THAT(json.at("bootcmd").at(1).get<std::string>(),
                HasSubstr("PARAM_GREETING=hello 'world' \"!\"\n"));
    EXPECT_THAT(json.at("bootcmd").at(1).get<std::string>(),
                testing::EndsWith("\nLIMA_PARAM\necho early\n  indented \"quotes\"\n"));
    EXPECT_EQ(json.at("ca_certs").at("trusted").at(0),
              "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n");
    const Json& file = json.at("write_files").at(0);
    EXPECT_EQ(file.at("path"), "/var/lib/cloud/scripts/per-boot/00-lima.boot.sh");
    EXPECT_EQ(file.at("permissions"), "0755");
    EXPECT_THAT(file.at("content").get<std::string>(), testing::StartsWith("#!/bin/sh\n"));
}

TEST_F(Tree, BootScriptThatNoBlockCanHoldIsQuoted) {
    Input input = simple();
    input.config.provision = {provision("boot", "  echo \x07 first line indented\r\n")};
    const auto node = text::parse_yaml(text_of(build(input), "user-data"), "user-data");
    ASSERT_TRUE(node) << node.error().text();
    EXPECT_EQ(text::to_json(*node).at("bootcmd").at(1), "  echo \x07 first line indented\r\n");
}

TEST_F(Tree, CertificateFilesComeFirst) {
    const auto dir = fs::TempDir::create("lima-tree");
    ASSERT_TRUE(dir);
    ASSERT_TRUE(fs::write_file_atomic(dir->path() / "ca.pem", "FILE\r\n\r\n"));
    Input input = simple();
    input.host_home = dir->path().native();
    input.config.ca_certs.files = {"~/ca.pem"};
    input.config.ca_certs.certs = {"TEXT"};
    const auto node = text::parse_yaml(text_of(build(input), "user-data"), "user-data");
    ASSERT_TRUE(node) << node.error().text();
    EXPECT_EQ(text::to_json(*node).at("ca_certs"),
              Json({{"trusted", Json::array({"FILE\n", "TEXT\n"})}}));
    input.config.ca_certs.files = {"~/gone.pem"};
    const auto missing = build_tree(input);
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().text(), HasSubstr("gone.pem"));
}

TEST_F(Tree, NetworkConfigNamesTheCards) {
    const auto node = text::parse_yaml(text_of(build(rich()), "network-config"), "network-config");
    ASSERT_TRUE(node) << node.error().text();
    const Json json = text::to_json(*node);
    const Json& cards = json.at("ethernets");
    EXPECT_EQ(cards.size(), 2U);  // the first user-v2 network is eth0
    EXPECT_THAT(cards.at("eth0").at("match").at("macaddress").get<std::string>(),
                testing::StartsWith("52:55:55:"));
    EXPECT_EQ(cards.at("eth0").at("dhcp4-overrides").at("route-metric"), 200);
    EXPECT_EQ(cards.at("eth0").at("nameservers").at("addresses"), Json::array({"192.168.104.2"}));
    EXPECT_EQ(cards.at("eth0").at("optional"), true);
    EXPECT_EQ(cards.at("lima1").at("match").at("macaddress"), "52:55:55:ab:cd:ef");
    EXPECT_EQ(cards.at("lima1").at("dhcp4-overrides").at("route-metric"), 150);
}

// The small reader of the mini guest stands for all that are no real YAML parser.
TEST_F(Tree, UserDataIsPlainEnoughForASmallReader) {
    const std::string reader =
        LIMA_SOURCE_DIR "/core/cli/bootstrap/guest/mini/usr/lib/mini/flatten-yaml";
    if (!fs::exists(reader) || !find_program("busybox")) {
        GTEST_SKIP() << "no busybox, or no mini guest";
    }
    const auto dir = fs::TempDir::create("lima-flatten");
    ASSERT_TRUE(dir);
    SpawnOptions spawn;
    spawn.argv = {"busybox", "awk", "-v", "DIR=" + dir->path().native(), "-f", reader};
    const auto output = run(std::move(spawn), text_of(build(rich()), "user-data"));
    ASSERT_TRUE(output && output->status.ok()) << output->err;
    EXPECT_THAT(output->out, HasSubstr("users.0.name\ts\tanna\n"));
    EXPECT_THAT(output->out, HasSubstr("users.0.uid\ts\t1000\n"));
    EXPECT_THAT(output->out, HasSubstr("users.0.gecos\ts\tAnna \"O'Neil\"\xC3\x9Cnal \\ Co\n"));
    EXPECT_THAT(output->out, HasSubstr("users.0.sudo\ts\tALL=(ALL) NOPASSWD:ALL\n"));
    EXPECT_THAT(output->out,
                HasSubstr("users.0.ssh-authorized-keys.1\ts\tssh-rsa AAAAB3Nza anna@\"host\"\n"));
    EXPECT_THAT(output->out, HasSubstr("mounts.1.1\ts\t/mnt/my\\040work\n"));
    EXPECT_THAT(
        output->out,
        HasSubstr("write_files.0.path\ts\t/var/lib/cloud/scripts/per-boot/00-lima.boot.sh\n"));
    EXPECT_THAT(output->out, HasSubstr("write_files.0.permissions\ts\t0755\n"));
    EXPECT_THAT(output->out, HasSubstr("write_files.0.content\tf\t"));
}

TEST_F(Tree, ProxiesReachTheHostThroughTheGateway) {
    Input input = simple();
    const auto environment = [&] { return text_of(build(input), "etc_environment"); };
    EXPECT_EQ(environment(), "#LIMA-START\n#LIMA-END\n");
    input.config.env = {
        {"http_proxy", "http://localhost:3128"}, {"HTTP_PROXY", "http://ignored"}, {"A", "1"}};
    EXPECT_EQ(environment(),
              "#LIMA-START\nA=1\nHTTP_PROXY=http://192.168.5.2:3128\nhttp_proxy=http://"
              "192.168.5.2:3128\n#LIMA-END\n");
    // of the process that starts the instance, over the config
    input.proxy_env = {{"http_proxy", "http://proxy.example:80/"}, {"A", ""}};
    EXPECT_EQ(environment(),
              "#LIMA-START\nHTTP_PROXY=http://proxy.example:80/\nhttp_proxy=http://"
              "proxy.example:80/\n#LIMA-END\n");
}

TEST_F(Tree, OnlyTheHostOfAProxyIsReplaced) {
    Input input = simple();
    const auto proxy = [&](const std::string& url) {
        input.proxy_env = {{"https_proxy", url}};
        const std::string text = text_of(build(input), "etc_environment");
        const auto at = text.find("https_proxy=") + 12;
        return text.substr(at, text.find('\n', at) - at);
    };
    EXPECT_EQ(proxy("http://user:localhost@127.0.0.1:80/localhost"),
              "http://user:localhost@192.168.5.2:80/localhost");
    EXPECT_EQ(proxy("http://127.1.2.3"), "http://192.168.5.2");
    EXPECT_EQ(proxy("socks5h://[::1]:1080"), "socks5h://192.168.5.2:1080");
    EXPECT_EQ(proxy("LOCALHOST:3128"), "192.168.5.2:3128");
    EXPECT_EQ(proxy("http://127.example.org:80"), "http://127.example.org:80");
    EXPECT_EQ(proxy("http://localhost.example:80"), "http://localhost.example:80");
    EXPECT_EQ(proxy("http://10.0.0.1:80"), "http://10.0.0.1:80");
    EXPECT_EQ(proxy("http://"), "http://");
    input.proxy_env = {{"NO_PROXY", "localhost,127.0.0.1"}};
    EXPECT_THAT(text_of(build(input), "etc_environment"),
                HasSubstr("\nno_proxy=localhost,127.0.0.1\n"));
}

TEST_F(Tree, NameServersByKindOfNetwork) {
    Input input = simple();
    input.udp_dns_port = 1234;
    input.host_dns = {"9.9.9.9"};
    const auto has = [&](const std::string& path, const std::string& text) {
        return text_of(build(input), path).find(text) != std::string::npos;
    };
    EXPECT_TRUE(has("network-config", "- \"192.168.5.3\"\n"));
    EXPECT_TRUE(has("lima.env", "UDP_DNS_LOCAL_PORT=1234\n"));
    input.config.host_resolver.enabled = false;
    EXPECT_TRUE(has("network-config", "- \"9.9.9.9\"\n"));
    EXPECT_TRUE(has("lima.env", "UDP_DNS_LOCAL_PORT=0\n"));
    input.vm_type = "vz";
    EXPECT_TRUE(has("network-config", "- \"192.168.5.2\"\n"));
    input.config.dns = {"1.1.1.1", "2606:4700::1111"};
    EXPECT_TRUE(has("network-config", "- \"1.1.1.1\"\n        - \"2606:4700::1111\"\n"));
    EXPECT_TRUE(has("user-data", "  nameservers:\n    - \"1.1.1.1\"\n"));
}

TEST_F(Tree, TakesFilesAlong) {
    const auto dir = fs::TempDir::create("lima-tree");
    ASSERT_TRUE(dir);
    Input input = simple();
    input.guest_agent = dir->path() / "lima-guestagent.Linux-x86_64";
    input.nerdctl_archive = dir->path() / "nerdctl.tar.gz";
    const auto tree = build(input);
    const auto source = [&](const std::string& path) {
        for (const Entry& entry : tree) {
            if (entry.path == path) {
                return entry.source;
            }
        }
        return std::filesystem::path();
    };
    EXPECT_EQ(source("lima-guestagent"), input.guest_agent);
    EXPECT_THAT(text_of(tree, "user-data"), HasSubstr("util/install-guestagent.sh\" || echo"))
        << "from the first stage on";
    EXPECT_EQ(source("nerdctl-full.tgz"), input.nerdctl_archive);
    input.guest_agent += ".gz";  // which is not there
    EXPECT_FALSE(build_tree(input));
    input.config.plain = true;  // and not needed
    EXPECT_TRUE(build_tree(input));
}

TEST_F(Tree, GuestWithoutCloudInitGetsTheKeysAsAFile) {
    Input input = simple();
    input.no_cloud_init = true;
    EXPECT_EQ(text_of(build(input), "ssh_authorized_keys"), "ssh-ed25519 AAAAC3Nza lima\n");
    EXPECT_THAT(text_of(build(input), "lima.env"), HasSubstr("LIMA_CIDATA_NO_CLOUD_INIT=1\n"));
}

TEST_F(Tree, RefusesWhatCannotBoot) {
    const auto refusal = [](auto change) {
        Input input = simple();
        change(input);
        const auto tree = build_tree(input);
        return tree ? std::string("accepted") : tree.error().text();
    };
    EXPECT_THAT(refusal([](Input& i) { i.config.user.name = "root"; }), HasSubstr("user.name"));
    EXPECT_THAT(refusal([](Input& i) { i.config.user.uid = 0; }), HasSubstr("user.uid"));
    EXPECT_THAT(refusal([](Input& i) { i.config.user.home = "home"; }), HasSubstr("user.home"));
    EXPECT_THAT(refusal([](Input& i) { i.config.user.shell = ""; }), HasSubstr("user.shell"));
    EXPECT_THAT(refusal([](Input& i) { i.public_keys.clear(); }), HasSubstr("key"));
    EXPECT_THAT(refusal([](Input& i) { i.name = "a b"; }), HasSubstr("instance name"));
    EXPECT_THAT(refusal([](Input& i) { i.config.os = "Windows"; }), HasSubstr("Windows"));
    EXPECT_THAT(refusal([](Input& i) {
                    i.config.mounts.resize(2);
                    i.config.mounts[0].mount_point = "/a";
                }),
                HasSubstr("mounts[1].mountPoint"));
    EXPECT_THAT(refusal([](Input& i) { i.config.param = {{"A", "1\n2"}}; }), HasSubstr("PARAM_A"));
    EXPECT_THAT(refusal([](Input& i) { i.config.env = {{"A", "1\n2"}}; }),
                HasSubstr("the value of A"));
    EXPECT_THAT(refusal([](Input& i) { i.driver_boot_scripts = {{"../x.sh", ""}}; }),
                HasSubstr("../x.sh"));
    EXPECT_THAT(refusal([](Input& i) { i.driver_boot_scripts = {{"boot.Linux/a/b", ""}}; }),
                HasSubstr("boot.Linux/a/b"));
    EXPECT_THAT(refusal([](Input& i) { i.driver_boot_scripts = {{"util/a", ""}}; }),
                HasSubstr("util/a"));
    EXPECT_EQ(refusal([](Input&) {}), "accepted");
}

TEST_F(Tree, ScriptsAreFoundByTheProgramsPlace) {
    ::unsetenv("LIMA_CIDATA_DIR");
    const auto dir = script_dir();  // the build tree has the installation's layout
    ASSERT_TRUE(dir) << dir.error().text();
    EXPECT_TRUE(fs::exists(*dir / "boot.Linux" / "07-etc-environment.sh"));
}

TEST_F(Tree, IsWrittenAsAnImage) {
    const auto dir = fs::TempDir::create("lima-tree");
    ASSERT_TRUE(dir);
    const auto tree = build(rich());
    const auto image = dir->path() / "cidata.iso";
    const auto written = write_iso(image, tree, {.time = 1700000000});
    ASSERT_TRUE(written) << written.error().text();
    SpawnOptions spawn;
    spawn.argv = {"isoinfo", "-R", "-f", "-i", image.native()};
    const auto output = run(std::move(spawn));
    ASSERT_TRUE(output) << output.error().text();
    std::vector<std::string> listed;
    for (const auto line : lines(output->out)) {
        listed.emplace_back(line.substr(1));
    }
    for (const Entry& entry : tree) {
        EXPECT_THAT(listed, Contains(entry.path));
    }
}

}  // namespace
}  // namespace lima::cidata
