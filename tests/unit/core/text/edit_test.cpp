// Edits change only the lines that they change: each test shows the diff.
#include "core/text/edit.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/text/rewrite.hpp"
#include "core/text/yaml.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lima::text {
namespace {

/// "-old" and "+new" lines of the part between the first and last line that differ.
std::string diff(const std::string& before, const std::string& after) {
    auto a = split(before, '\n');
    auto b = split(after, '\n');
    while (!a.empty() && !b.empty() && a.front() == b.front()) {
        a.erase(a.begin());
        b.erase(b.begin());
    }
    while (!a.empty() && !b.empty() && a.back() == b.back()) {
        a.pop_back();
        b.pop_back();
    }
    std::string out;
    for (const std::string& line : a) {
        out += "-" + line + "\n";
    }
    for (const std::string& line : b) {
        out += "+" + line + "\n";
    }
    return out;
}

std::string edited(const std::string& text, const std::string& expression) {
    const auto out = apply_assignments(text, "lima.yaml", expression);
    EXPECT_TRUE(out.has_value()) << expression << "\n" << (out ? "" : out.error().text());
    return out.value_or("");
}

std::string change(const std::string& text, const std::string& expression) {
    return diff(text, edited(text, expression));
}

std::string refusal(const std::string& text, const std::string& expression,
                    Code code = Code::kInvalidArgument) {
    const auto out = apply_assignments(text, "lima.yaml", expression);
    EXPECT_FALSE(out.has_value()) << expression << "\n" << out.value_or("");
    if (out) {
        return "";
    }
    EXPECT_EQ(out.error().code(), code) << out.error().text();
    return out.error().text();
}

const std::string kText = R"(# A machine for the web.   (odd   spacing)
minimumLimaVersion: 2.0.0

images:
# the first one that fits
- location: "https://example.com/a.img"   # pinned
  arch: 'x86_64'
- location: https://example.com/b.img
  arch: aarch64
  variant: minimal

cpus: null # as many as there are
memory:
disk: '20GiB'
vmType:   qemu
mounts:
  - location: "~"
    # read-only
    writable: false

  - location: /tmp/lima   # shared
ssh: {localPort: 0, forwardAgent: true} # flow
env: {}
dns: [1.1.1.1,
      8.8.8.8]
param:
  size: "small" # t-shirt
provision:
- mode: system
  # what it does
  script: |
    #!/bin/sh
    echo "hello: world" # not a comment

# the last comment
)";

TEST(Edit, ScalarsKeepCommentsAndQuotes) {
    EXPECT_EQ(change(kText, ".cpus=2"),
              "-cpus: null # as many as there are\n+cpus: 2 # as many as there are\n");
    EXPECT_EQ(change(kText, ".memory = \"2GiB\""), "-memory:\n+memory: 2GiB\n");
    EXPECT_EQ(change(kText, ".disk= \"30GiB\""), "-disk: '20GiB'\n+disk: '30GiB'\n");
    EXPECT_EQ(change(kText, ".vmType = \"vz\""), "-vmType:   qemu\n+vmType:   vz\n");
    EXPECT_EQ(change(kText, ".param[\"size\"] = \"big\""),
              "-  size: \"small\" # t-shirt\n+  size: \"big\" # t-shirt\n");
    EXPECT_EQ(change(kText, ".ssh.localPort = 60022"),
              "-ssh: {localPort: 0, forwardAgent: true} # flow\n+ssh: {localPort: 60022, "
              "forwardAgent: true} # flow\n");
    EXPECT_EQ(change(kText, ".disk = null"), "-disk: '20GiB'\n+disk: null\n");
}

TEST(Edit, WhatIsAlreadySoStaysAsItIs) {
    EXPECT_EQ(edited(kText, ""), kText);
    EXPECT_EQ(edited(kText, "  "), kText);
    EXPECT_EQ(edited(kText, "."), kText);
    EXPECT_EQ(edited(kText, ".disk = \"20GiB\" | .cpus = null"), kText);
    EXPECT_EQ(edited(kText, ".networks[].metric = 3"), kText);
    EXPECT_EQ(edited(kText, "del(.nothing.there)"), kText);
}

TEST(Edit, NewKeysGoToTheEndOfTheirMap) {
    EXPECT_EQ(change(kText, ".plain = true"), "+plain: true\n");
    EXPECT_EQ(edited(kText, ".plain = true"), kText + "plain: true\n");
    EXPECT_EQ(change(kText, ".param.color = \"red\""), "+  color: red\n");
    EXPECT_EQ(change(kText, ".ssh.overVsock = false"),
              "-ssh: {localPort: 0, forwardAgent: true} # flow\n"
              "+ssh: {localPort: 0, forwardAgent: true, overVsock: false} # flow\n");
    EXPECT_EQ(change(kText, ".vmOpts.qemu.cpuType.x86_64=\"max\""),
              "+vmOpts:\n+  qemu:\n+    cpuType:\n+      x86_64: max\n");
    EXPECT_EQ(change(kText, ".env.FOO = \"a: b\""), "-env: {}\n+env:\n+  FOO: \"a: b\"\n");
    EXPECT_EQ(change(kText, ".images[1].archVariant=\"v3\""), "+  archVariant: v3\n");
    EXPECT_EQ(change(kText, ".mounts[1].writable=true"), "+    writable: true\n");
}

TEST(Edit, EveryEditFlagOfTheCommandLine) {
    const std::string m = R"({"location": "/src", "mountPoint": "/src", "writable": true})";
    EXPECT_EQ(
        change(kText,
               ".dns += [\"9.9.9.9\",\"1.1.1.1\"] | .dns |= unique | .hostResolver.enabled=false"),
        diff(kText, [] {
            std::string text = replace_all(kText, "      8.8.8.8]", "      8.8.8.8, 9.9.9.9]");
            return text + "hostResolver:\n  enabled: false\n";
        }()));
    EXPECT_EQ(change(kText, ".mounts = [" + m + "] + .mounts"),
              "+  - location: /src\n+    mountPoint: /src\n+    writable: true\n");
    EXPECT_EQ(
        edited(kText, ".mounts = [" + m + "] + .mounts"),
        replace_all(
            kText, "  - location: \"~\"\n",
            "  - location: /src\n    mountPoint: /src\n    writable: true\n  - location: \"~\"\n"));
    EXPECT_EQ(change(kText, ".mounts = null"),
              "-mounts:\n-  - location: \"~\"\n-    # read-only\n-    writable: false\n-\n-  - "
              "location: /tmp/lima   # shared\n"
              "+mounts: null\n");
    EXPECT_EQ(change(kText, ".mountType = \"9p\""), "+mountType: 9p\n");
    EXPECT_EQ(edited(kText, ".mounts[].writable = true"),
              replace_all(replace_all(kText, "    writable: false\n", "    writable: true\n"),
                          "/tmp/lima   # shared\n", "/tmp/lima   # shared\n    writable: true\n"));
    EXPECT_EQ(change(kText,
                     ".networks += [{\"vzNAT\": true},{\"lima\": \"user-v2\"},{\"vzNAT\": true}] | "
                     ".networks |= unique_by(.lima)"),
              "+networks:\n+- vzNAT: true\n+- lima: user-v2\n");
    EXPECT_EQ(change(kText, ".vmOpts.vz.rosetta.enabled = true | .vmOpts.vz.rosetta.binfmt = true"),
              "+vmOpts:\n+  vz:\n+    rosetta:\n+      enabled: true\n+      binfmt: true\n");
    EXPECT_EQ(change(kText, ".video.display = \"none\" | .audio.device = \"x\""),
              "+video:\n+  display: none\n+audio:\n+  device: x\n");
    EXPECT_EQ(change(kText, ".images = [.images[] | select(.variant == \"minimal\")]"),
              "-- location: \"https://example.com/a.img\"   # pinned\n-  arch: 'x86_64'\n");
    EXPECT_EQ(change(kText, ".images = [.images[] | select(.archVariant == \"v9\")]"),
              diff(kText, replace_all(kText,
                                      "images:\n# the first one that fits\n- location: "
                                      "\"https://example.com/a.img\"   # pinned\n"
                                      "  arch: 'x86_64'\n- location: https://example.com/b.img\n  "
                                      "arch: aarch64\n  variant: minimal\n",
                                      "images: []\n")));
    EXPECT_EQ(change(kText, ".containerd.user = true | .containerd.system = false"),
              "+containerd:\n+  user: true\n+  system: false\n");
    EXPECT_EQ(change(kText,
                     ".portForwards += [{\"guestPort\": \"80\", \"hostPort\": \"8080\", "
                     "\"static\": false}]"),
              "+portForwards:\n+- guestPort: \"80\"\n+  hostPort: \"8080\"\n+  static: false\n");
    EXPECT_EQ(
        change(kText, ".user.shell = \"/bin/zsh\" | .nestedVirtualization = true | .cpus = 3"),
        diff(kText, replace_all(kText, "cpus: null", "cpus: 3") +
                        "user:\n  shell: /bin/zsh\nnestedVirtualization: true\n"));
    EXPECT_EQ(
        change("mounts: null\n", ".mounts = [" + m + "] + .mounts"),
        "-mounts: null\n+mounts:\n+- location: /src\n+  mountPoint: /src\n+  writable: true\n");
}

TEST(Edit, ListsGrowAndShrink) {
    const std::string text = "a:\n- x # one\n- y\n# two\n- z\nb: [p, q]\n";
    EXPECT_EQ(edited(text, ".a += [\"new\"]"),
              "a:\n- x # one\n- y\n# two\n- z\n- new\nb: [p, q]\n");
    EXPECT_EQ(edited(text, ".a = [\"new\"] + .a"),
              "a:\n- new\n- x # one\n- y\n# two\n- z\nb: [p, q]\n");
    EXPECT_EQ(edited(text, "del(.a[1])"), "a:\n- x # one\n# two\n- z\nb: [p, q]\n");
    EXPECT_EQ(edited(text, "del(.a[-1])"), "a:\n- x # one\n- y\n# two\nb: [p, q]\n");
    EXPECT_EQ(edited(text, "del(.a[0])"), "a:\n- y\n# two\n- z\nb: [p, q]\n");
    EXPECT_EQ(edited(text, ".a = []"), "a: []\nb: [p, q]\n");
    EXPECT_EQ(edited(text, ".a[1] = {\"k\": 1}"), "a:\n- x # one\n- k: 1\n# two\n- z\nb: [p, q]\n");
    EXPECT_EQ(edited(text, ".a = [\"x\", \"1\", \"2\", \"z\"]"),
              "a:\n- x # one\n- \"1\"\n- \"2\"\n# two\n- z\nb: [p, q]\n");
    EXPECT_EQ(edited(text, ".b += [\"r\"]"), "a:\n- x # one\n- y\n# two\n- z\nb: [p, q, r]\n");
    EXPECT_EQ(edited(text, ".b = [\"o\"] + .b"), "a:\n- x # one\n- y\n# two\n- z\nb: [o, p, q]\n");
    EXPECT_EQ(edited(text, ".b[0] = \"1, 2\""),
              "a:\n- x # one\n- y\n# two\n- z\nb: [\"1, 2\", q]\n");
    EXPECT_EQ(edited(text, "del(.b[0])"), "a:\n- x # one\n- y\n# two\n- z\nb: [q]\n");
    EXPECT_NE(refusal("- 1\n", ".").find("must stay a map of fields"), std::string::npos);
}

TEST(Edit, KeysGo) {
    const std::string text =
        "a: 1 # one\n# about b\nb:\n  c: 2\n  d: 3\nl:\n- k: 1\n  v: 2\nf: {x: 1, z: 2}\n";
    EXPECT_EQ(edited(text, "del(.a)"),
              "# about b\nb:\n  c: 2\n  d: 3\nl:\n- k: 1\n  v: 2\nf: {x: 1, z: 2}\n");
    EXPECT_EQ(edited(text, "del(.b.c)"),
              "a: 1 # one\n# about b\nb:\n  d: 3\nl:\n- k: 1\n  v: 2\nf: {x: 1, z: 2}\n");
    EXPECT_EQ(edited(text, "del(.b.c) | del(.b.d)"),
              "a: 1 # one\n# about b\nb: {}\nl:\n- k: 1\n  v: 2\nf: {x: 1, z: 2}\n");
    EXPECT_EQ(edited(text, "del(.l[0].k)"),
              "a: 1 # one\n# about b\nb:\n  c: 2\n  d: 3\nl:\n- v: 2\nf: {x: 1, z: 2}\n");
    EXPECT_EQ(edited(text, "del(.f.x)"),
              "a: 1 # one\n# about b\nb:\n  c: 2\n  d: 3\nl:\n- k: 1\n  v: 2\nf: {z: 2}\n");
    EXPECT_EQ(edited(text, "del(.f)"),
              "a: 1 # one\n# about b\nb:\n  c: 2\n  d: 3\nl:\n- k: 1\n  v: 2\n");
}

TEST(Edit, BlockScalarsAreReplacedWhole) {
    const std::string text = "s: |\n  one\n  two\n\nt: >-\n  folded\n  text\nu: 1\n";
    EXPECT_EQ(edited(text, ".s = \"x\""), "s: x\n\nt: >-\n  folded\n  text\nu: 1\n");
    EXPECT_EQ(edited(text, ".t = \"a\\nb\""), "s: |\n  one\n  two\n\nt: \"a\\nb\"\nu: 1\n");
    EXPECT_EQ(edited(text, ".new = \"a\\nb\\n\""), text + "new: |\n  a\n  b\n");
    EXPECT_EQ(edited(text, ".s = {\"k\": \"v\"}"), "s:\n  k: v\n\nt: >-\n  folded\n  text\nu: 1\n");
    EXPECT_EQ(edited("a:\n  s: |\n    x\n", ".a.b = 1"), "a:\n  s: |\n    x\n  b: 1\n");
    EXPECT_EQ(edited("a:\n  s: |+\n    x\n\nc: 1\n", ".a.b = 1"),
              "a:\n  s: |+\n    x\n\n  b: 1\nc: 1\n");
    // The comment behind the | is about the key; blanks beyond the indentation belong to the text.
    EXPECT_EQ(edited("s: |-  # why\n  x\nu: 1\n", ".s = \"y\""), "s: \"y\"  # why\nu: 1\n");
    EXPECT_EQ(edited("s: | # why\n  x\n", ".s = {\"k\": 1}"), "s: # why\n  k: 1\n");
    EXPECT_EQ(edited("a:\n  s: |-\n   x\n    \n \nb: 1\n", ".a.t = 1"),
              "a:\n  s: |-\n   x\n    \n  t: 1\n \nb: 1\n");
    // One that keeps its last empty lines would take those that follow in the text.
    EXPECT_EQ(edited("a:\n- 1\n\nb: 1\n", ".a += [\"x\\n\\n\"]"),
              "a:\n- 1\n- \"x\\n\\n\"\n\nb: 1\n");
}

TEST(Edit, NumbersThatAreNoneAndTagsStay) {
    EXPECT_EQ(edited("a: .nan # odd\nb: 1\n", ".b = 2"), "a: .nan # odd\nb: 2\n");
    EXPECT_EQ(edited("a: [.NaN]\n", ".a[0] = .a[0]"), "a: [.NaN]\n");
    const auto root = parse_yaml("# c\n!t\n", "lima.yaml");
    ASSERT_TRUE(root.has_value());
    EXPECT_EQ(rewrite("# c\n!t\n", "lima.yaml", *root, Json::object()).value_or(""), "# c\n!t\n");
}

TEST(Edit, BytesThatAreNoTextTakeNoQuotes) {
    const std::string text = "a: \"x\"\n";
    const auto root = parse_yaml(text, "lima.yaml");
    ASSERT_TRUE(root.has_value());
    EXPECT_EQ(rewrite(text, "lima.yaml", *root, Json{{"a", "\xff"}}).value_or("refused"),
              "a: !!binary /w==\n");
}

TEST(Edit, EmptyAndUnfinishedTexts) {
    EXPECT_EQ(edited("", ".cpus = 1"), "cpus: 1\n");
    EXPECT_EQ(edited("# nothing yet\n", ".cpus = 1"), "# nothing yet\ncpus: 1\n");
    EXPECT_EQ(edited("---\n", ".cpus = 1"), "---\ncpus: 1\n");
    EXPECT_EQ(edited("a: 1", ".b = 2"), "a: 1\nb: 2\n");
    EXPECT_EQ(edited("a: 1", ".b = \"l\\n\""), "a: 1\nb: |\n  l\n");
    EXPECT_EQ(edited("a: 1", ".a = 2"), "a: 2");
    EXPECT_EQ(edited("a:", ".a.b = 2"), "a:\n  b: 2\n");
    EXPECT_EQ(edited("a: 1\n\n\n", ".b = 2"), "a: 1\nb: 2\n\n\n");
    EXPECT_EQ(edited("{a: 1}\n", ".b = 2"), "{a: 1, b: 2}\n");
    EXPECT_EQ(edited("{}\n", ".b = 2"), "b: 2\n");
    EXPECT_EQ(edited("a: 1\r\nb:\r\n  c: 2\r\n", ".b.d = 3"), "a: 1\r\nb:\r\n  c: 2\r\n  d: 3\r\n");
    EXPECT_EQ(edited("ü: \"ö\" # ä\nb: 1\n", ".ü = \"x\" | .b = 2"), "ü: \"x\" # ä\nb: 2\n");
    EXPECT_EQ(edited("a: 1\n---\nb: 1\n", ".a = 2"), "a: 2\n---\nb: 1\n");
}

TEST(Edit, AliasesAndAnchorsAreNotTouched) {
    const std::string text = "base: &b {x: 1}\nuse: *b\nmore:\n  <<: *b\n  y: 2\n";
    EXPECT_EQ(
        refusal(text, ".use.x = 2", Code::kFailedPrecondition),
        "lima.yaml:2:6: this value comes through an alias: write it out here, or edit the anchor\n"
        "     2 | use: *b\n"
        "       |      ^");
    // An anchor that others use would change them too.
    EXPECT_NE(refusal(text, ".base.x = 2", Code::kFailedPrecondition)
                  .find("without touching other parts"),
              std::string::npos);
    EXPECT_EQ(edited(text, ".more.x = 5"), text + "  x: 5\n");
    EXPECT_NE(
        refusal(text, "del(.more.x)", Code::kFailedPrecondition).find("comes through a merge key"),
        std::string::npos);
    EXPECT_EQ(edited(text, ".more.y = 3"), replace_all(text, "y: 2", "y: 3"));
    EXPECT_EQ(edited("a: &unused 1\n", ".a = 2"), "a: 2\n");
}

TEST(Edit, ParenthesesSelectAndArithmetic) {
    EXPECT_EQ(edited(kText, "(.mounts[] | select(.location == \"~\")).writable = true"),
              replace_all(kText, "writable: false", "writable: true"));
    EXPECT_EQ(edited("a: 1\nb: 2\n", ".a |= . + 1 | .b = .a + .b"), "a: 2\nb: 4\n");
    EXPECT_EQ(edited("a: x\n", ".a += \"y\""), "a: xy\n");
    EXPECT_EQ(edited("a: {k: 1}\n", ".a += {\"l\": [true, null, 1.5, -3, 0x10]}"),
              "a: {k: 1, l: [true, null, 1.5, -3, 16]}\n");
    EXPECT_EQ(edited("a: 1\n", ".\"odd key\" = 1 | .[\"x.y\"] = \"\\u00e4\\t\""),
              "a: 1\nodd key: 1\nx.y: \"ä\\t\"\n");
    EXPECT_EQ(edited("l: [{k: 1}]\n", ".l += {k: 2}"), "l: [{k: 1}, {k: 2}]\n");
    EXPECT_EQ(edited("mounts:\n- location: a\n",
                     ".mounts[0].\"9p\".msize=\"1MiB\" | .mounts[0].9p.cache=\"none\""),
              "mounts:\n- location: a\n  9p:\n    msize: 1MiB\n    cache: none\n");
}

TEST(EditErrors, PointAtTheColumn) {
    EXPECT_EQ(refusal(kText, ".cpus = two"),
              "expression:1:9: a text needs double quotes: \"two\"\n"
              "     1 | .cpus = two\n"
              "       |         ^");
    EXPECT_EQ(refusal(kText, ".cpus = 1 | .disk.x = 2"),
              "expression:1:18: `x` cannot be found in string: that is no map\n"
              "     1 | .cpus = 1 | .disk.x = 2\n"
              "       |                  ^");
    EXPECT_NE(refusal(kText, "cpus=2").find("a path begins with a dot: write `.cpus`"),
              std::string::npos);
    EXPECT_NE(refusal(kText, ".cpus").find("a path alone changes nothing"), std::string::npos);
    EXPECT_NE(refusal(kText, ".cpus =").find("expression:1:8: a value is missing here"),
              std::string::npos);
    EXPECT_NE(refusal(kText, ".a = \"x").find("no closing quote"), std::string::npos);
    EXPECT_NE(refusal(kText, ".a = [1, 2").find("expected `,` here"), std::string::npos);
    EXPECT_NE(refusal(kText, ".mounts[9999999].x = 1").find("out of range"), std::string::npos);
    EXPECT_NE(
        refusal(kText, ".cpus = 1 | .a = 2 -", Code::kUnimplemented).find("only + is supported"),
        std::string::npos);
    EXPECT_NE(refusal(kText, ".mounts |= map(.x)", Code::kUnimplemented)
                  .find("expression:1:12: `map` is not supported here"),
              std::string::npos);
    EXPECT_NE(
        refusal(kText, "with(.a; .b = 1)", Code::kUnimplemented).find("`with` is not supported"),
        std::string::npos);
    EXPECT_NE(refusal(kText, ".. = 1", Code::kUnimplemented).find("recursive descent"),
              std::string::npos);
    EXPECT_NE(refusal(kText, ".cpus *= 2", Code::kUnimplemented).find("operator"),
              std::string::npos);
    EXPECT_NE(refusal(kText, ".a = strenv(HOME)", Code::kPermissionDenied)
                  .find("env operations have been disabled"),
              std::string::npos);
    EXPECT_NE(refusal(kText, ".a = load(\"x\")", Code::kPermissionDenied)
                  .find("file operations have been disabled"),
              std::string::npos);
    EXPECT_NE(refusal("a: [\n", ".a = 1").find("lima.yaml:2:1: not valid YAML"), std::string::npos);
    EXPECT_FALSE(apply_assignments("a: 1\n", "f", ".a = " + std::string(1000, '[')).has_value());
}

TEST(SetValue, ByPath) {
    const auto set = [](const std::string& text, const PathSteps& path, const Json& value) {
        const auto out = set_value(text, "lima.yaml", path, value);
        return out ? *out : out.error().text();
    };
    EXPECT_EQ(set(kText, {{"cpus", -1}}, 2), replace_all(kText, "cpus: null", "cpus: 2"));
    EXPECT_EQ(set(kText, {{"mounts", -1}, {"", 1}, {"writable", -1}}, true),
              replace_all(kText, "# shared\n", "# shared\n    writable: true\n"));
    EXPECT_EQ(set("l: [1]\n", {{"l", -1}, {"", 1}}, 2), "l: [1, 2]\n");
    EXPECT_EQ(set("a: 1\n", {{"a", -1}, {"b", -1}}, 2),
              "lima.yaml: .a.b cannot be set: .a is no map");
    EXPECT_EQ(set("a: 1\n", {{"b", -1}}, nullptr), "a: 1\nb: null\n");
}

/// Whatever is set, the result means it, and all other values stay.
TEST(EditProperty, SettingAnythingAnywhereReadsBack) {
    const std::vector<Json> values = {nullptr,
                                      true,
                                      7,
                                      "x",
                                      "a: b",
                                      "l1\nl2\n",
                                      Json::array(),
                                      Json::object(),
                                      Json::array({1, Json::object({{"k", "v"}})}),
                                      Json::object({{"k", Json::array({"v"})}, {"n", nullptr}})};
    const std::vector<PathSteps> paths = {{{"cpus", -1}},
                                          {{"images", -1}},
                                          {{"images", -1}, {"", 0}},
                                          {{"images", -1}, {"", 1}, {"arch", -1}},
                                          {{"memory", -1}},
                                          {{"mounts", -1}, {"", 0}},
                                          {{"mounts", -1}, {"", 1}, {"location", -1}},
                                          {{"ssh", -1}},
                                          {{"ssh", -1}, {"localPort", -1}},
                                          {{"env", -1}},
                                          {{"dns", -1}, {"", 1}},
                                          {{"dns", -1}, {"", 2}},
                                          {{"param", -1}, {"size", -1}},
                                          {{"param", -1}, {"new", -1}},
                                          {{"provision", -1}, {"", 0}, {"script", -1}},
                                          {{"provision", -1}},
                                          {{"brand", -1}, {"new", -1}}};
    for (const PathSteps& path : paths) {
        for (const Json& value : values) {
            const auto out = set_value(kText, "lima.yaml", path, value);
            ASSERT_TRUE(out.has_value()) << path[0].key << " = " << dump_json(value) << "\n"
                                         << out.error().text();
            Json expected = to_json(*parse_yaml(kText, "t"), Schema::kGo);
            Json* node = &expected;
            for (const Step& step : path) {
                if (step.index >= 0) {
                    while (static_cast<int>(node->size()) <= step.index) {
                        node->push_back(nullptr);
                    }
                    node = &(*node)[step.index];
                } else {
                    node = &(*node)[step.key];
                }
            }
            *node = value;
            EXPECT_EQ(to_json(*parse_yaml(*out, "t"), Schema::kGo), expected) << *out;
            EXPECT_TRUE(out->starts_with(
                "# A machine for the web.   (odd   spacing)\nminimumLimaVersion: 2.0.0\n\nimages:"))
                << *out;
        }
    }
}

}  // namespace
}  // namespace lima::text
