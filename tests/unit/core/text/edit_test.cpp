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
    const auto out = edit(text, "lima.yaml", expression);
    EXPECT_TRUE(out.has_value()) << expression << "\n" << (out ? "" : out.error().text());
    return out.value_or("");
}

std::string change(const std::string& text, const std::string& expression) {
    return diff(text, edited(text, expression));
}

std::string refusal(const std::string& text, const std::string& expression,
                    Code code = Code::kInvalidArgument) {
    const auto out = edit(text, "lima.yaml", expression);
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
    EXPECT_EQ(edited(text, ".t = \"a\\nb\""), "s: |\n  one\n  two\n\nt: |-\n  a\n  b\nu: 1\n");
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
    EXPECT_EQ(refusal(text, ".use.x = 2", Code::kFailedPrecondition),
              "lima.yaml:2:6: this value comes through an alias: write it out here, or edit the "
              "anchor by hand\n"
              "     2 | use: *b\n"
              "       |      ^");
    // An anchor that others use would change them too.
    EXPECT_NE(refusal(text, ".base.x = 2", Code::kFailedPrecondition)
                  .find("lima.yaml:2:6: this value comes through an alias"),
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
              "expression:1:9: there is no operator `two`; a text needs double quotes: \"two\"\n"
              "     1 | .cpus = two\n"
              "       |         ^");
    EXPECT_EQ(refusal(kText, ".cpus = 1 | .disk.x = 2"),
              "expression:1:18: `x` cannot be found in !!str: that is no map\n"
              "     1 | .cpus = 1 | .disk.x = 2\n"
              "       |                  ^");
    EXPECT_NE(refusal(kText, "cpus=2").find("a path begins with a dot: write `.cpus`"),
              std::string::npos);
    EXPECT_NE(refusal(kText, ".cpus =").find("expression:1:8: a value is missing here"),
              std::string::npos);
    EXPECT_NE(refusal(kText, ".cpus = 1 | .a = 2 -").find("expression:1:21: a value is missing"),
              std::string::npos);
    EXPECT_NE(refusal(kText, ".a = \"x").find("no closing quote"), std::string::npos);
    EXPECT_NE(refusal(kText, ".a = 'x'").find("a text goes in double quotes"), std::string::npos);
    EXPECT_NE(refusal(kText, ".a = [1, 2").find("expected `]` here"), std::string::npos);
    EXPECT_NE(refusal(kText, ".a = (1, 2").find("expected `)` here"), std::string::npos);
    EXPECT_NE(refusal(kText, ".a = 1)").find("nothing is open that `)` could close"),
              std::string::npos);
    EXPECT_NE(refusal(kText, ".a 5").find("`5` does not belong here"), std::string::npos);
    EXPECT_NE(refusal(kText, ".mounts[9999999].x = 1").find("out of range"), std::string::npos);
    EXPECT_NE(refusal(kText, ".mounts |= mapp(.x)").find("did you mean `map`?"), std::string::npos);
    EXPECT_NE(refusal(kText, ".mounts |= map").find("`map` takes 1 argument in brackets"),
              std::string::npos);
    EXPECT_NE(refusal(kText, ".cpus += [1] | .images += 1 | .images.x = 1")
                  .find("expression:1:38: cannot index array with `x`"),
              std::string::npos);
    EXPECT_NE(refusal(kText, ".a = strenv(HOME)", Code::kPermissionDenied)
                  .find("expression:1:6: env operations have been disabled"),
              std::string::npos);
    EXPECT_NE(refusal(kText, ".a = load(\"x\")", Code::kPermissionDenied)
                  .find("expression:1:6: file operations have been disabled"),
              std::string::npos);
    EXPECT_NE(refusal("a: [\n", ".a = 1").find("lima.yaml:2:1: not valid YAML"), std::string::npos);
    EXPECT_FALSE(edit("a: 1\n", "f", ".a = " + std::string(1000, '[')).has_value());
}

TEST(EditErrors, WhatComesOutMustBeTheFile) {
    EXPECT_NE(refusal(kText, ".cpus").find("a path alone changes nothing: write `= VALUE`"),
              std::string::npos);
    EXPECT_NE(refusal(kText, ".ssh").find("a path alone changes nothing"), std::string::npos);
    EXPECT_NE(refusal(kText, "select(.cpus == 77)").find("this yields nothing"), std::string::npos);
    EXPECT_NE(refusal(kText, "{\"a\": (1, 2)}").find("this yields 2 results"), std::string::npos);
    EXPECT_NE(refusal(kText, ".cpus + 1").find("with the tag !!int: lima.yaml must stay a map"),
              std::string::npos);
    EXPECT_NE(refusal(kText, "del(.)").find("this yields nothing"), std::string::npos);
    const std::string form =
        refusal(kText, ".cpus = null | .cpus line_comment = \"x\"", Code::kFailedPrecondition);
    EXPECT_NE(form.find("expression:1:22: `line_comment` changes only how lima.yaml is written"),
              std::string::npos)
        << form;
    EXPECT_EQ(edited("b: 1\na: 2\n", ".a tag = \"!!str\""), "b: 1\na: \"2\"\n");
}

/// The whole language, not only assignments.
TEST(Edit, AnyExpressionThatYieldsTheFile) {
    const std::string text =
        "# top\ncpus: 2 # two\nmounts:\n- location: /a\n- location: /b # b\nenv: {A: \"1\"}\n";
    EXPECT_EQ(edited(text, ".cpus *= 2"), replace_all(text, "cpus: 2", "cpus: 4"));
    EXPECT_EQ(edited(text, "with(.env; .A = \"9\" | .B = \"8\")"),
              replace_all(text, "{A: \"1\"}", "{A: \"9\", B: \"8\"}"));
    EXPECT_EQ(edited(text, ".mounts |= map(select(.location != \"/a\"))"),
              replace_all(text, "- location: /a\n", ""));
    EXPECT_EQ(edited(text, "(.mounts[] | select(.location == \"/b\")).writable = true"),
              replace_all(text, "/b # b\n", "/b # b\n  writable: true\n"));
    EXPECT_EQ(edited(text, ". * {\"env\": {\"C\": \"3\"}}"),
              replace_all(text, "{A: \"1\"}", "{A: \"1\", C: \"3\"}"));
    EXPECT_EQ(edited(text, ".env |= with_entries(.value |= \"v\" + .)"),
              replace_all(text, "\"1\"", "v1"));
    EXPECT_EQ(edited(text, "(.. | select(tag == \"!!int\")) |= . + 1"),
              replace_all(text, "cpus: 2", "cpus: 3"));
    EXPECT_EQ(edited(text, ".mounts[] as $m ireduce (.; .env[$m.location] = \"x\")"),
              replace_all(text, "{A: \"1\"}", "{A: \"1\", /a: x, /b: x}"));
    EXPECT_EQ(edited(text, "del(.. | select(. == \"/a\"))"),
              replace_all(text, "- location: /a\n", "- {}\n"));
    EXPECT_EQ(edited(text, "pick([\"cpus\"])"), "# top\ncpus: 2 # two\n");
    EXPECT_EQ(edited(text, ".memory = (.cpus | tostring) + \"GiB\""), text + "memory: 2GiB\n");
    EXPECT_EQ(edited(text, ".cpus = .cpus / 4"), replace_all(text, "cpus: 2", "cpus: 0.5"));
    EXPECT_EQ(edited(text, ".a = 1, .b = 2"), text + "a: 1\nb: 2\n");
    EXPECT_EQ(edited("a: 0777\nb: 1e3\nc: 1_000\n", ".d = [.a, .b]"),
              "a: 0777\nb: 1e3\nc: 1_000\nd:\n- 511\n- 1e3\n");
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
    const std::vector<std::string> paths = {"/cpus",
                                            "/images",
                                            "/images/0",
                                            "/images/1/arch",
                                            "/memory",
                                            "/mounts/0",
                                            "/mounts/1/location",
                                            "/ssh",
                                            "/ssh/localPort",
                                            "/env",
                                            "/dns/1",
                                            "/dns/2",
                                            "/param/size",
                                            "/param/new",
                                            "/provision/0/script",
                                            "/provision",
                                            "/brand/new"};
    for (const std::string& path : paths) {
        for (const Json& value : values) {
            std::string expression;
            for (const std::string& step : split(path.substr(1), '/')) {
                const bool index = step.find_first_not_of("0123456789") == std::string::npos;
                expression += index ? "[" + step + "]" : "." + step;
            }
            expression += " = " + dump_json(value);
            const auto out = edit(kText, "lima.yaml", expression);
            ASSERT_TRUE(out.has_value()) << expression << "\n" << out.error().text();
            Json expected = to_json(*parse_yaml(kText, "t"), Schema::kGo);
            expected[Json::json_pointer(path)] = value;
            EXPECT_EQ(to_json(*parse_yaml(*out, "t"), Schema::kGo), expected) << *out;
            EXPECT_TRUE(out->starts_with(
                "# A machine for the web.   (odd   spacing)\nminimumLimaVersion: 2.0.0\n\nimages:"))
                << *out;
        }
    }
}

}  // namespace
}  // namespace lima::text
