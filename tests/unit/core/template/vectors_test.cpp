// Vectors 54 to 68 of spec/config.md section 10, by number: T over B, on files.
#include "core/base/text.hpp"
#include "core/template/image_locator.hpp"
#include "core/template/locator.hpp"
#include "tests/unit/core/template/embed_fixture.hpp"

#include <vector>

namespace lima::tmpl {
namespace {

class ConfigVectors : public EmbedFixture {
protected:
    /// T with the bases b0, b1 …, as values.
    std::string over(const std::string& text, const std::vector<std::string>& bases) {
        std::string list;
        for (std::size_t i = 0; i < bases.size(); ++i) {
            const std::string name = "b" + std::to_string(i) + ".yaml";
            write(name, bases[i]);
            list += (i == 0 ? "" : ", ") + name;
        }
        return dump_json(embedded_values("base: [" + list + "]\n" + text + "\n"));
    }
};

TEST_F(ConfigVectors, V54_TheTemplateWinsEvenByNull) {
    EXPECT_EQ(over("vmType: vz", {"{arch: aarch64, vmType: qemu}"}),
              R"({"vmType":"vz","arch":"aarch64"})");
    EXPECT_EQ(over("cpus: null", {"cpus: 3"}), R"({"cpus":null})");
    EXPECT_EQ(over("mounts:", {"mounts: [{location: /m}]"}), R"({"mounts":null})");
    EXPECT_EQ(over("images: []", {"images: [{location: /b}]"}),
              R"({"images":[{"location":"/b"}]})");
}

TEST_F(ConfigVectors, V55_MapsAreMergedListsJoined) {
    EXPECT_EQ(over("env: {A: 1, B: 2}", {"env: {B: 3, C: 4}"}), R"({"env":{"A":1,"B":2,"C":4}})");
    EXPECT_EQ(over("images: [{location: /t}]", {"images: [{location: /b}]"}),
              R"({"images":[{"location":"/t"},{"location":"/b"}]})");
    EXPECT_EQ(over("ssh: {}", {"ssh: {localPort: 3}"}), R"({"ssh":{"localPort":3}})");
    EXPECT_EQ(over("ssh: null", {"ssh: {localPort: 3}"}), R"({"ssh":null})");
    // Ours: a base cannot wipe out a map of the template.
    EXPECT_EQ(over("ssh: {localPort: 3}", {"ssh: null"}), R"({"ssh":{"localPort":3}})");
    EXPECT_EQ(over("vmOpts: {qemu: {cpuType: {x86_64: max}}}", {"vmOpts: {qemu: {cpuType: }}"}),
              R"({"vmOpts":{"qemu":{"cpuType":{"x86_64":"max"}}}})");
    // Ours: what is inside of a list's entries is not joined.
    EXPECT_EQ(over("portForwards: [{guestPortRange: [1, 2]}]",
                   {"portForwards: [{guestPortRange: [3, 4]}]"}),
              R"({"portForwards":[{"guestPortRange":[1,2]},{"guestPortRange":[3,4]}]})");
}

TEST_F(ConfigVectors, V56_OrderOfSeveralBases) {
    const auto step = [](const char* name) {
        return std::string("provision: [{script: ") + name + "}]\nadditionalDisks: [";
    };
    write("b2.yaml", "cpus: 12\nmemory: b2\ndisk: b2\n" + step("b2") + "disk3]\n");
    const Json out = *parse_json(
        over(step("t") + "disk0]\narch: aarch64",
             {"base: b2.yaml\ncpus: 10\n" + step("b0") + "disk1]\n",
              "cpus: 11\nmemory: b1\nvmType: b1\narch: x86_64\n" + step("b1") + "disk2]\n"}));
    EXPECT_EQ(dump_json(out["provision"]),
              R"([{"script":"b1"},{"script":"b2"},{"script":"b0"},{"script":"t"}])");
    EXPECT_EQ(dump_json(out["additionalDisks"]), R"(["disk0","disk1","disk3","disk2"])");
    EXPECT_EQ(out["arch"], "aarch64");
    EXPECT_EQ(out["cpus"], 10);
    EXPECT_EQ(out["memory"], "b2");
    EXPECT_EQ(out["vmType"], "b1");
    EXPECT_FALSE(out.contains("base"));
}

TEST_F(ConfigVectors, V57_SpecialLists) {
    EXPECT_EQ(over("mountTypesUnsupported: [virtiofs, virtiofs]",
                   {"mountTypesUnsupported: [9p]", "mountTypesUnsupported: [9p, reverse-sshfs]"}),
              R"({"mountTypesUnsupported":["virtiofs","9p","reverse-sshfs"]})");
    EXPECT_EQ(over("dns: [1.1.1.1]", {"dns: [8.8.8.8]"}), R"({"dns":["1.1.1.1"]})");
    EXPECT_EQ(over("dns: []", {"dns: [8.8.8.8]"}), R"({"dns":["8.8.8.8"]})");
}

TEST_F(ConfigVectors, V58_TheHigherMinimumCounts) {
    EXPECT_EQ(over("minimumLimaVersion: 2.10.0", {"minimumLimaVersion: 2.9.0"}),
              R"({"minimumLimaVersion":"2.10.0"})");
    EXPECT_EQ(over("minimumLimaVersion: null", {"minimumLimaVersion: 2.0.0"}),
              R"({"minimumLimaVersion":null})");
    const std::string qemu = "vmOpts: {qemu: {minimumVersion: ";
    EXPECT_EQ(over(qemu + "8.2.1}}", {qemu + "9.1.0}}"}),
              R"({"vmOpts":{"qemu":{"minimumVersion":"9.1.0"}}})");
    EXPECT_EQ(over(qemu + "8.2.1}}", {qemu + "new}}"}),
              R"({"vmOpts":{"qemu":{"minimumVersion":"8.2.1"}}})");
    // With the comments of the one that counts; that at the head of a file is about the file.
    write("b.yaml", "# for templates\nminimumLimaVersion: 2.0.0 # of the base\n");
    EXPECT_EQ(embedded("cpus: 1\n# for bases\nminimumLimaVersion: 1.0.0 # mine\nbase: b.yaml\n"),
              "cpus: 1\n# for templates\nminimumLimaVersion: 2.0.0 # of the base\n");
    EXPECT_EQ(embedded("# A machine\nminimumLimaVersion: '1.0.0'\nbase: b.yaml\n"),
              "# A machine\nminimumLimaVersion: 2.0.0 # of the base\n");
}

TEST_F(ConfigVectors, V59_DisksOfOneNameAreOne) {
    EXPECT_EQ(over("additionalDisks: [{name: disk1}]",
                   {"additionalDisks: [{name: disk2}, {name: disk1, format: true}]"}),
              R"({"additionalDisks":[{"name":"disk1","format":true},{"name":"disk2"}]})");
    EXPECT_EQ(
        over("additionalDisks: [{name: disk1}, {name: disk2}, {name: disk3, format: false}]",
             {"additionalDisks: [{name: disk4}, {name: '*', format: true}, {name: disk5}]"}),
        R"({"additionalDisks":[{"name":"disk1","format":true},{"name":"disk2","format":true},)"
        R"({"name":"disk3","format":false},{"name":"disk4","format":true},{"name":"disk5"}]})");
    EXPECT_EQ(over("additionalDisks: [mine]", {"additionalDisks: [{name: '*', format: true}]"}),
              R"({"additionalDisks":[{"name":"mine","format":true}]})");
    EXPECT_EQ(over("additionalDisks: ['*', mine]", {"{}"}), R"({"additionalDisks":["mine"]})");
}

TEST_F(ConfigVectors, V60_MountsAndNetworksLikewise) {
    EXPECT_EQ(
        over("mounts: [{location: loc1}, {location: loc1, mountPoint: loc2}]",
             {"mounts: [{location: loc1, mountPoint: loc2, writable: true, sshfs: "
              "{followSymlinks: true}}, {location: loc1, mountPoint: loc3, writable: true}]"}),
        R"({"mounts":[{"location":"loc1"},)"
        R"({"location":"loc1","mountPoint":"loc2","writable":true,"sshfs":{"followSymlinks":true}},)"
        R"({"location":"loc1","mountPoint":"loc3","writable":true}]})");
    EXPECT_EQ(
        over("networks: [{lima: a}, {interface: n0, socket: /s}, {interface: n1, metric: 5}]",
             {"networks: [{lima: a}, {interface: n0, lima: b, metric: 7}, {interface: '*', "
              "metric: 9, lima: c}, {interface: n2}]"}),
        R"({"networks":[{"lima":"a","metric":9},{"interface":"n0","socket":"/s","metric":7},)"
        R"({"interface":"n1","metric":5,"lima":"c"},{"lima":"a","metric":9},{"interface":"n2"}]})");
}

TEST_F(ConfigVectors, V61_LoopsAndDiamonds) {
    write("a.yaml", "base: a.yaml\n");
    write("p.yaml", "base: q.yaml\n");
    write("q.yaml", "cpus: 1\nbase: [p.yaml]\n");
    write("b0.yaml", "base: b2.yaml\n");
    write("b1.yaml", "base: b2.yaml\n");
    write("b2.yaml", "cpus: 1\n");
    write("t.yaml", "base: t.yaml\n");
    EXPECT_EQ(failure("base: t.yaml\n"),
              "t.yaml:1:7: failed to embed base `t.yaml`: base template loop detected: t.yaml is "
              "already included: t.yaml -> t.yaml\n"
              "     1 | base: t.yaml\n"
              "       |       ^");
    EXPECT_TRUE(has(failure("base: a.yaml\n"), "a.yaml is already included: a.yaml -> a.yaml"));
    EXPECT_EQ(failure("base: p.yaml\n"),
              "q.yaml:2:8: failed to embed base `p.yaml`: base template loop detected: p.yaml is "
              "already included: p.yaml -> q.yaml -> "
              "p.yaml\n"
              "     2 | base: [p.yaml]\n"
              "       |        ^\n"
              "included from p.yaml:1:7\n"
              "included from t.yaml:1:7");
    EXPECT_TRUE(has(failure("base: [b0.yaml, b1.yaml]\n"),
                    "loop detected: b2.yaml is already included by b0.yaml:1:7"));
    EXPECT_TRUE(has(failure("base: [b2.yaml, b2.yaml]\n"),
                    "loop detected: b2.yaml is already included by t.yaml:1:8"));
}

TEST_F(ConfigVectors, V62_TemplatesThatAreNotEmbedded) {
    write("templates/default.yaml", "cpus: 3\n");
    write("templates/more.yaml", "memory: 3GiB\n");
    write("b0.yaml", "disk: 1GiB\n");
    write("b1.yaml", "base:\n- b0.yaml\n- template:more\nvmType: qemu\n");
    EXPECT_EQ(failure("base:\n- template:default\n- b0.yaml\n", Scope::kExternal),
              "t.yaml:3:3: failed to embed base `b0.yaml`: it comes after `template:default`, "
              "which stays a base\n"
              "     3 | - b0.yaml\n"
              "       |   ^");
    EXPECT_EQ(embedded("base:\n- b0.yaml\n# ours\n- template:default\n", Scope::kExternal),
              "base:\n# ours\n- template:default\ndisk: 1GiB\n");
    EXPECT_EQ(embedded("base:\n- b1.yaml\n- template:default\n", Scope::kExternal),
              "base:\n- template:more\n- template:default\nvmType: qemu\ndisk: 1GiB\n");
    EXPECT_EQ(embedded("base: b1.yaml\n", Scope::kExternal),
              "base:\n- template:more\nvmType: qemu\ndisk: 1GiB\n");
    EXPECT_EQ(embedded("base: template:default\n", Scope::kExternal), "base: template:default\n");
    EXPECT_EQ(embedded("base: [template:default, b0.yaml]\n"), "cpus: 3\ndisk: 1GiB\n");
}

TEST_F(ConfigVectors, V63_BadBases) {
    write("b.yaml", "cpus: 1\n");
    write("_x.yaml", "cpus: 1\n");
    write("a..b.yaml", "cpus: 1\n");
    write("list.yaml", "- a\n");
    write("broken.yaml", "cpus: 1\nmemory: [\n");
    write("typo.yaml", "# CPUs\ncpus: one\n");
    EXPECT_EQ(failure("cpus: 1\nbase: \"\" # none\n"),
              "t.yaml:2:7: failed to embed base ``: locator is empty\n"
              "     2 | base: \"\" # none\n"
              "       |       ^");
    EXPECT_TRUE(has(failure("base: ../x.yaml\n"), "must not contain `../`"));
    EXPECT_TRUE(has(failure("base: foo../x\n"), "must not contain `../`"));
    EXPECT_TRUE(has(failure("base: _x.yaml\n"), "`_x.yaml` has an invalid file name"));
    EXPECT_TRUE(has(failure("base: a..b.yaml\n"), "`a..b.yaml` has an invalid file name"));
    EXPECT_TRUE(has(failure("base: {url: x}\n"), "field `base` must be a list"));
    EXPECT_TRUE(has(failure("base: list.yaml\n"), "the file must be a map of fields"));
    EXPECT_TRUE(has(failure("base: broken.yaml\n"), "broken.yaml:3:1: not valid YAML"));
    EXPECT_EQ(failure("base: [b.yaml, typo.yaml]\n"),
              "failed to unmarshal YAML: typo.yaml:2:7: field `cpus` must be a whole number, not "
              "the text `one`\n"
              "     2 | cpus: one\n"
              "       |       ^\n"
              "included from t.yaml:1:16");
    EXPECT_EQ(failure("base:\n- url: missing.yaml\n").substr(0, 48),
              "t.yaml:2:8: failed to embed base `missing.yaml`:");
    // Ours: a base that begins with --- counts, and a digest is checked.
    write("dashes.yaml", "---\ncpus: 5\n");
    EXPECT_EQ(embedded("base: dashes.yaml\n"), "cpus: 5\n");
    const std::string digest = sha256_hex("cpus: 1\n");
    EXPECT_EQ(embedded("base: [{url: b.yaml, digest: 'sha256:" + digest + "'}]\n"), "cpus: 1\n");
    const std::string other = sha256_hex("other");
    EXPECT_TRUE(has(failure("base: [{url: b.yaml, digest: 'sha256:" + other + "'}]\n"),
                    "has the digest sha256:" + digest + ", but sha256:" + other + " is expected"));
    EXPECT_TRUE(has(failure("base: [{url: b.yaml, digest: 'sha1:12'}]\n"), "sha1"));
}

TEST_F(ConfigVectors, V64_ImagesAsBases) {
    EXPECT_EQ(embedded("base: https://example.com/lima-linux-riscv64.img\ncpus: 1\n"),
              "cpus: 1\nos: Linux\narch: riscv64\nimages:\n- location: "
              "https://example.com/lima-linux-riscv64.img\n"
              "  arch: riscv64\n");
}

TEST_F(ConfigVectors, V65_RelativeLocatorsBecomeAbsolute) {
    const auto abs = [](const std::string& reference, const std::string& from) {
        const auto out = absolute(reference, from, "/home/jane");
        return out ? *out : "error: " + out.error().text();
    };
    EXPECT_EQ(abs("bar.yaml", "template:foo"), "template:bar.yaml");
    EXPECT_EQ(abs("x.sh", "template:experimental/foo"), "template:experimental/x.sh");
    EXPECT_EQ(abs("https://h/x", "template:foo"), "https://h/x");
    EXPECT_EQ(abs("template:x", "/a/b.yaml"), "template:x");
    EXPECT_EQ(abs("bar", "http://host/foo/t.yaml"), "http://host/foo/bar");
    EXPECT_EQ(abs("bar", "http://host/foo/t.yaml?raw=a/b"), "http://host/foo/bar");
    EXPECT_EQ(abs("bar", "file:///foo/t"), "file:///foo/bar");
    EXPECT_EQ(abs("./x/bar.yaml", "/a/b.yaml"), "/a/x/bar.yaml");
    EXPECT_EQ(abs("/x//bar.yaml", "/a/b.yaml"), "/x/bar.yaml");
    EXPECT_EQ(abs("~/bar.yaml", "template:foo"), "/home/jane/bar.yaml");
    EXPECT_EQ(abs("C:\\x.yaml", "/a/b.yaml"), "/a/C:\\x.yaml");
    // Ours: the branch stays, and a repository is a directory.
    EXPECT_EQ(abs("bar.yaml", "github:o/r/d/f@v1"), "github:o/r/d/bar.yaml@v1");
    EXPECT_EQ(abs("bar.yaml", "github:o/r"), "github:o/r/bar.yaml");
    EXPECT_EQ(abs("bar.yaml", "github:o@main"), "github:o/o/bar.yaml@main");
    EXPECT_EQ(abs("", "/a/b.yaml"), "error: locator is empty");
    EXPECT_EQ(abs("bar.yaml", "-"),
              "error: locator `bar.yaml` is relative, and a template from standard input stands "
              "nowhere");
    EXPECT_EQ(abs("template:x", "-"), "template:x");
    // In a text: nothing else changes.
    EXPECT_EQ(embedded("base:   'b.yaml' # b\nprobes: [{file: p.sh}]\nprovision:\n- file:\n    "
                       "url: x.sh\n- file: template:y\n",
                       Scope::kNone),
              "base:   '" + path("b.yaml") + "' # b\nprobes: [{file: " + path("p.sh") +
                  "}]\nprovision:\n- file:\n    url: " + path("x.sh") + "\n- file: template:y\n");
}

TEST_F(ConfigVectors, V66_Scripts) {
    write("s.sh", "#!/bin/sh\necho \\\\n\n");
    write("bell", "\x07\n");
    write("tab.sh", "#!/bin/sh\n\techo a script that is longer than a line of base64 can be\n");
    write("binary", std::string("\x07\t\xff\0x", 5));
    write("long", std::string(65000, 'x') + "\n");
    write("empty", "");
    write("disk.img", "not an image here\n");
    write(".bashrc", "# names of scripts are free\n");
    EXPECT_EQ(embedded("provision:\n"
                       "# first\n"
                       "- file: s.sh # the script\n"
                       "- mode: data\n"
                       "  path: /d\n"
                       "  # what rings\n"
                       "  file: bell\n"
                       "  owner: root\n"
                       "- file: tab.sh\n"
                       "- mode: data\n"
                       "  path: /e\n"
                       "  file: {url: empty}\n"
                       "- mode: yq\n"
                       "  path: /f\n"
                       "  file:\n"
                       "    url: s.sh # from there\n"
                       "probes:\n"
                       "- file: s.sh\n"
                       "  hint: x\n"),
              "provision:\n"
              "# first\n"
              "- script: | # the script\n"
              "    #!/bin/sh\n"
              "    echo \\\\n\n"
              "- mode: data\n"
              "  path: /d\n"
              "  # what rings\n"
              "  content: !!binary Bwo=\n"
              "  owner: root\n"
              "- script: !!binary |\n"
              "    IyEvYmluL3NoCgllY2hvIGEgc2NyaXB0IHRoYXQgaXMgbG9uZ2VyIHRoYW4gYSBsaW5lIG9mIGJh\n"
              "    c2U2NCBjYW4gYmUK\n"
              "- mode: data\n"
              "  path: /e\n"
              "  content: \"\"\n"
              "- mode: yq\n"
              "  path: /f\n"
              "  expression: |\n"
              "    #!/bin/sh\n"
              "    echo \\\\n\n"
              "probes:\n"
              "- script: |\n"
              "    #!/bin/sh\n"
              "    echo \\\\n\n"
              "  hint: x\n");
    const Json steps = embedded_values(
        "provision:\n"
        "- {mode: data, path: /d, file: binary}\n"
        "- {mode: data, path: /i, file: disk.img}\n"
        "- script: mine\n  file: s.sh\n"
        "- script: \"\"\n  file: .bashrc\n"
        "- mode: data\n  file: long\n")["provision"];
    EXPECT_EQ(steps[0]["content"], std::string("\x07\t\xff\0x", 5));
    EXPECT_EQ(steps[1]["content"], "not an image here\n");
    EXPECT_EQ(steps[2]["script"], "mine");
    EXPECT_EQ(steps[2]["file"], path("s.sh"));
    EXPECT_EQ(dump_json(steps[3]), R"({"script":"# names of scripts are free\n"})");
    EXPECT_EQ(steps[4]["content"], std::string(65000, 'x') + "\n");
    const std::string other = sha256_hex("x");
    EXPECT_EQ(
        failure("provision:\n- mode: user\n  file: {url: s.sh, digest: 'sha256:" + other + "'}\n"),
        "t.yaml:3:15: failed to embed file `s.sh`: s.sh has the digest sha256:" +
            sha256_hex("#!/bin/sh\necho \\\\n\n") + ", but sha256:" + other +
            " is expected\n     3 |   file: {url: s.sh, digest: 'sha256:" + other +
            "'}\n       |               ^");
    EXPECT_TRUE(has(failure("provision: [{file: none.sh}]\n"),
                    "t.yaml:1:20: failed to embed file `none.sh`"));
}

TEST_F(ConfigVectors, V67_BaseYaml) {
    write("home/_config/base.yaml", "cpus: 7\nimages: [{location: /x}]\n");
    write("templates/ubuntu.yaml", "images: [{location: /u}]\ncpus: 3\n");
    EXPECT_EQ(embedded("memory: 1GiB\n"), "memory: 1GiB\n");
    options_.with_base_yaml = true;
    EXPECT_EQ(dump_json(embedded_values("base: template:ubuntu\n")),
              R"({"cpus":7,"images":[{"location":"/x"},{"location":"/u"}]})");
    EXPECT_EQ(dump_json(embedded_values("base: template:ubuntu\ncpus: null\n")),
              R"({"cpus":null,"images":[{"location":"/x"},{"location":"/u"}]})");
    EXPECT_EQ(embedded("memory: 1GiB\n"), "memory: 1GiB\ncpus: 7\nimages: [{location: /x}]\n");
    write("home/_config/base.yaml", "cpus: seven\n");
    EXPECT_TRUE(has(failure("memory: 1GiB\n"), "home/_config/base.yaml:1:7: field `cpus`"));
}

TEST_F(ConfigVectors, V68_NamesOfImages) {
    const auto name = [](const char* file) { return image_name(file, "x86_64"); };
    EXPECT_EQ(name("debian-13-genericcloud-arm64-20260601-2134.qcow2"), "debian-13-arm64");
    EXPECT_EQ(name("ubuntu-24.04-server-cloudimg-amd64.img"), "ubuntu-24.04-amd64");
    EXPECT_EQ(name("Rocky-9-GenericCloud-Base-9.8-20260526.0.x86_64.qcow2"), "rocky-9.8");
    EXPECT_EQ(name("nocloud_alpine-3.23.4-x86_64-uefi-cloudinit-r0.qcow2"), "alpine-3.23.4-r0");
    EXPECT_EQ(name("Leap-16.0-Minimal-VM.x86_64-Cloud.qcow2"), "leap-16.0");
    EXPECT_EQ(name("FreeBSD-16.0-CURRENT-arm64-aarch64-BASIC-CLOUDINIT-ufs.qcow2.xz"),
              "freebsd-16.0-arm64-ufs");
    EXPECT_EQ(name("UniversalMac_15.6.1_24G90_Restore.ipsw"), "macos-15.6.1");
    EXPECT_EQ(name("Arch-Linux-x86_64-cloudimg-20260601.12345.qcow2"), "archlinux");
}

}  // namespace
}  // namespace lima::tmpl
