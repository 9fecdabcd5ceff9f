// What an embedded text looks like, and what is said about mistakes. The rules by number are in
// vectors_test.cpp.
#include "core/config/load.hpp"
#include "core/config/validate.hpp"
#include "tests/unit/core/template/embed_fixture.hpp"

namespace lima::tmpl {
namespace {

using EmbedTest = EmbedFixture;

TEST_F(EmbedTest, TextsWithoutBasesStayAsTheyAre) {
    for (const char* text : {"", "# nothing\n", "cpus:   1 # one\nmounts:\n- location: ~\n"}) {
        EXPECT_EQ(embedded(text), text);
    }
    EXPECT_TRUE(has(failure("- a list\n"), "the file must be a map of fields"));
}

TEST_F(EmbedTest, WhatComesFromABaseIsAsItWasWrittenThere) {
    write("b.yaml",
          "# The base of all machines.\n"
          "\n"
          "# which one\n"
          "arch: 'aarch64'   # it has to be\n"
          "# not copied\n"
          "cpus: 4\n"
          "\n"
          "# Where it comes from.\n"
          "images:\n"
          "    # the first one\n"
          "    - location: \"/b\"  # local\n"
          "      arch: aarch64\n"
          "\n"
          "    # the second one\n"
          "    - {location: /c,\n"
          "       arch: aarch64}\n"
          "    # - location: /d\n"
          "ssh:\n"
          "      # any\n"
          "      localPort: 0x10\n"
          "      forwardX11: false # no X\n"
          "# the end\n");
    EXPECT_EQ(embedded("# about this\n"
                       "base: b.yaml # the base\n"
                       "cpus: 1 # one\n"
                       "ssh:\n"
                       "  forwardAgent: true # yes\n"
                       "  # forwardX11: true\n"
                       "disk: 1GiB\n"
                       "# end of this\n"),
              "# about this\n"
              "cpus: 1 # one\n"
              "ssh:\n"
              "  forwardAgent: true # yes\n"
              "  # forwardX11: true\n"
              "  # any\n"
              "  localPort: 0x10\n"
              "  forwardX11: false # no X\n"
              "disk: 1GiB\n"
              "# end of this\n"
              "\n"
              "# which one\n"
              "arch: 'aarch64'   # it has to be\n"
              "\n"
              "# Where it comes from.\n"
              "images:\n"
              "    # the first one\n"
              "    - location: \"/b\"  # local\n"
              "      arch: aarch64\n"
              "\n"
              "    # the second one\n"
              "    - {location: /c,\n"
              "       arch: aarch64}\n"
              "    # - location: /d\n");
}

TEST_F(EmbedTest, ListsAreJoinedWithWhatIsSaidAboutThem) {
    write("b.yaml",
          "# The home directory.\n"
          "mounts: # read-only\n"
          "  - location: \"~\"\n"
          "    # seen\n"
          "    writable: false\n"
          "\n"
          "# Packages.\n"
          "provision:\n"
          "  # as root\n"
          "  - mode: system\n"
          "    script: |\n"
          "      #!/bin/sh\n"
          "\n"
          "      # install\n"
          "      apt-get install -y vim\n"
          "dns: [8.8.8.8]\n");
    EXPECT_EQ(embedded("base: b.yaml\n"
                       "\n"
                       "mounts:\n"
                       "# mine\n"
                       "- location: /mine\n"
                       "  # sshfs: {}\n"
                       "\n"
                       "provision:\n"
                       "# as me\n"
                       "- mode: user\n"
                       "  script: |\n"
                       "    #!/bin/sh\n"
                       "    true\n"
                       "\n"
                       "dns: []\n"),
              "mounts:\n"
              "# mine\n"
              "- location: /mine\n"
              "  # sshfs: {}\n"
              "# The home directory.\n"
              "# read-only\n"
              "- location: \"~\"\n"
              "  # seen\n"
              "  writable: false\n"
              "\n"
              "provision:\n"
              "# Packages.\n"
              "# as root\n"
              "- mode: system\n"
              "  script: |\n"
              "    #!/bin/sh\n"
              "\n"
              "    # install\n"
              "    apt-get install -y vim\n"
              "# as me\n"
              "- mode: user\n"
              "  script: |\n"
              "    #!/bin/sh\n"
              "    true\n"
              "\n"
              "dns:\n"
              "- 8.8.8.8\n");
}

TEST_F(EmbedTest, TheBaseLeavesNoHole) {
    write("b.yaml", "memory: 1GiB\n");
    const std::string about = "# Debian\nminimumLimaVersion: 2.0.0\n";
    EXPECT_EQ(
        embedded(about + "\n# Templates that this one builds on.\nbase:\n- b.yaml\n# more\n\n\n"
                         "cpus: 1\n"),
        about + "\n# more\n\n\ncpus: 1\n\nmemory: 1GiB\n");
    EXPECT_EQ(embedded(about + "\nbase:\n- b.yaml\n"), about + "\nmemory: 1GiB\n");
    EXPECT_EQ(embedded("# Debian\nbase: b.yaml\n"), "# Debian\nmemory: 1GiB\n");
    EXPECT_EQ(embedded("base: b.yaml\ncpus: 1"), "cpus: 1\nmemory: 1GiB\n");
    EXPECT_EQ(embedded("cpus: 1\nbase: b.yaml"), "cpus: 1\nmemory: 1GiB\n");
    EXPECT_EQ(embedded("---\nbase: b.yaml\n"), "---\nmemory: 1GiB\n");
    EXPECT_EQ(embedded("base: b.yaml\r\ncpus: 1\r\n"), "cpus: 1\r\nmemory: 1GiB\r\n");
    write("crlf.yaml", "# a\r\nmemory: 1GiB # b\r\n");
    EXPECT_EQ(embedded("base: crlf.yaml\ncpus: 1\n"), "cpus: 1\n\n# a\nmemory: 1GiB # b\n");
    write("empty.yaml", "# nothing here\n");
    EXPECT_EQ(embedded("base: empty.yaml\ncpus: 1\n"), "cpus: 1\n");
    EXPECT_EQ(embedded("base: empty.yaml\n"), "");
}

TEST_F(EmbedTest, FlowStylesMix) {
    write("b.yaml", "{arch: aarch64, ssh: {localPort: 3}, images: [{location: /b}], env: {}}\n");
    EXPECT_EQ(embedded("base: b.yaml\nssh:\n  forwardAgent: true\nimages:\n- location: /t\n"),
              "ssh:\n  forwardAgent: true\n  localPort: 3\nimages:\n- location: /t\n- {location: "
              "/b}\narch: aarch64\nenv: {}\n");
    EXPECT_EQ(embedded("{base: [b.yaml], ssh: {forwardAgent: true}, images: [{location: /t}]}\n"),
              "{ssh: {forwardAgent: true, localPort: 3}, images: [{location: /t}, {location: /b}], "
              "arch: aarch64, env: {}}\n");
    write("block.yaml", "ssh:\n  # any\n  localPort:\nimages:\n# b\n- location: \"/b\"\n");
    EXPECT_EQ(embedded("base: block.yaml\nssh: {forwardAgent: true}\nimages: [{location: /t}]\n"),
              "ssh: {forwardAgent: true, localPort: null}\nimages: [{location: /t}, {location: "
              "/b}]\n");
}

TEST_F(EmbedTest, EntriesAreCombinedEvenWithoutABase) {
    EXPECT_EQ(embedded("mounts:\n- location: /a # a\n- location: /b\n# for all\n- location: '*'\n"
                       "  # may write\n  writable: true # yes\n"),
              "mounts:\n- location: /a # a\n  # may write\n  writable: true # yes\n"
              "- location: /b\n  # may write\n  writable: true # yes\n");
    EXPECT_EQ(
        embedded("additionalDisks:\n- \"a\" # first\n- b\n- name: a\n  format: true\n  fsArgs: "
                 "[-L, x]\n"),
        "additionalDisks:\n- name: \"a\" # first\n  format: true\n  fsArgs: [-L, x]\n- b\n");
    EXPECT_EQ(
        embedded("mounts:\n- location: /a\n  sshfs:\n    cache: true\n  9p: null\n- location: "
                 "/a\n  sshfs:\n    # builtin is slower\n    sftpDriver: builtin\n    cache: "
                 "false\n  9p:\n    msize: 1MiB\n"),
        "mounts:\n- location: /a\n  sshfs:\n    cache: true\n    # builtin is slower\n    "
        "sftpDriver: builtin\n  9p:\n    msize: 1MiB\n");
}

TEST_F(EmbedTest, AnchorsMeanWhatTheyMeantInTheirFile) {
    write("b.yaml", "ssh: {localPort: 3}\nenv: &e {X: z}\nparam: *e\nprobes: []\n");
    // An alias in the template is written out where it changes.
    EXPECT_EQ(dump_json(embedded_values(
                  "base: b.yaml\nenv: &e {A: b}\nssh: {forwardAgent: true}\nparam: *e\n")),
              R"({"env":{"A":"b","X":"z"},"ssh":{"forwardAgent":true,"localPort":3},)"
              R"("param":{"A":"b","X":"z"},"probes":[]})");
    EXPECT_EQ(
        embedded("base: b.yaml\nssh: &e {forwardAgent: true}\n"),
        "ssh: &e {forwardAgent: true, localPort: 3}\nenv:\n  X: z\nparam:\n  X: z\nprobes: []\n");
    write("merge.yaml", "x: &x {a: 1, b: 2}\nssh:\n  <<: *x\n  c: 3\n");
    EXPECT_EQ(dump_json(embedded_values("base: merge.yaml\n")),
              R"({"x":{"a":1,"b":2},"ssh":{"c":3,"a":1,"b":2}})");
    EXPECT_EQ(dump_json(embedded_values("base: merge.yaml\nssh: {b: 7}\n")["ssh"]),
              R"({"b":7,"c":3,"a":1})");
}

TEST_F(EmbedTest, OnlyTheFirstDocumentCounts) {
    write("b.yaml", "memory: 1GiB\n---\nmemory: 2GiB\n");
    EXPECT_EQ(dump_json(embedded_values("base: b.yaml\ncpus: 1\n---\ncpus: 2\n")),
              R"({"cpus":1,"memory":"1GiB"})");
}

TEST_F(EmbedTest, TemplatesAndUrlsAsBases) {
    write("templates/_images/x.yaml", "images: [{location: /x}]\n");
    write("templates/web.yaml", "base: _images/x.yaml\nprovision: [{file: web.sh}]\n");
    write("templates/web.sh", "#!/bin/sh\n");
    options_.download = [](const Download& wanted) -> Result<std::string> {
        if (wanted.url == "https://h/d/net.yaml") {
            return std::string("base: more.yaml\nmemory: 1GiB\n");
        }
        if (wanted.url == "https://h/d/more.yaml") {
            return std::string("disk: 9GiB\n");
        }
        return failf(Code::kNotFound, "{}: 404", wanted.url);
    };
    EXPECT_EQ(
        dump_json(embedded_values("base: [template:web, https://h/d/net.yaml]\n")),
        R"({"provision":[{"script":"#!/bin/sh\n"}],"images":[{"location":"/x"}],"memory":"1GiB","disk":"9GiB"})");
    EXPECT_TRUE(has(failure("base: https://h/none.yaml\n"), "https://h/none.yaml: 404"));
    // A script of the library stays where it is.
    EXPECT_EQ(embedded("provision:\n- file: template:web.sh\n", Scope::kExternal),
              "provision:\n- file: template:web.sh\n");
    const auto unknown = embed(top("# one\nbase: template:wep\n"), options_);
    ASSERT_FALSE(unknown.has_value());
    EXPECT_TRUE(has(unknown.error().text(), "t.yaml:2:7: failed to embed base `template:wep`: "));
    EXPECT_TRUE(has(unknown.error().hint(), "did you mean `template:web`?"));
}

TEST_F(EmbedTest, StandardInputStandsNowhere) {
    write("b.yaml", "cpus: 1\n");
    const auto of_stdin = [&](const std::string& text) {
        const auto out = embed(Read{"-", "", text}, options_);
        return out ? out->text : out.error().text();
    };
    EXPECT_EQ(of_stdin("base: b.yaml\n"),
              "-:1:7: failed to embed base `b.yaml`: locator `b.yaml` is relative, and a template "
              "from standard input stands nowhere\n"
              "     1 | base: b.yaml\n"
              "       |       ^");
    EXPECT_EQ(of_stdin("base: " + path("b.yaml") + "\n"), "cpus: 1\n");
}

TEST_F(EmbedTest, ABaseOfABaseIsBesideIt) {
    write("one/b.yaml", "base: two/c.yaml\nprovision: [{file: s.sh}]\n");
    write("one/two/c.yaml", "provision:\n- file: s.sh\n");
    write("one/s.sh", "one\n");
    write("one/two/s.sh", "two\n");
    EXPECT_EQ(dump_json(embedded_values("base: one/b.yaml\n")),
              R"({"provision":[{"script":"two\n"},{"script":"one\n"}]})");
}

TEST_F(EmbedTest, ThereIsALimit) {
    const std::string big(std::size_t{3} << 20, 'x');
    write("b.yaml", "message: " + big + "\n");
    EXPECT_TRUE(has(failure("base: b.yaml\nenv:\n  A: " + big + "\n"), "larger than 4 MiB"));
}

TEST_F(EmbedTest, EachLineKnowsWhereItWasWritten) {
    write("b.yaml",
          "# a base\n"
          "ssh:\n"
          "    localPort: -1\n"
          "portForwards:\n"
          "- guestPort: 80\n"
          "  hostIP: 1.1.1.1\n"
          "- guestPort: 70000\n"
          "param:\n"
          "  unused: 1\n");
    const auto source = embed(top("base: b.yaml\nssh:\n  forwardAgent: true\nportForwards:\n- "
                                  "guestPort: 90000\nimages:\n- location: /\n"),
                              options_);
    ASSERT_TRUE(source.has_value()) << source.error().text();
    config::LoadInput input;
    input.instance = *source;
    input.lima_home = "/home/jane/.lima";
    input.instance_dir = "/home/jane/.lima/x";
    input.host = options_.host;
    input.created_by_version = "2.2.0";
    const auto unused = config::load(input);
    ASSERT_FALSE(unused.has_value());
    EXPECT_TRUE(has(unused.error().text(), "/b.yaml:9:3: field `param` has the key `unused`"))
        << unused.error().text();
    input.instance.text += "env:\n  A: b\nprovision:\n- script: echo $PARAM_unused\n";
    const auto loaded = config::load(input);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
    config::ValidateInput check;
    check.host = options_.host;
    check.source = &input;
    const auto valid = config::validate(loaded->config, check);
    ASSERT_FALSE(valid.has_value());
    EXPECT_TRUE(has(valid.error().text(), "/b.yaml:3:16: ")) << valid.error().text();
    EXPECT_TRUE(has(valid.error().text(), "     3 |     localPort: -1\n       |                ^"));
    EXPECT_TRUE(has(valid.error().text(), "/b.yaml:7:14: ")) << valid.error().text();
    EXPECT_TRUE(has(valid.error().text(), "/t.yaml:5:14: ")) << valid.error().text();
}

}  // namespace
}  // namespace lima::tmpl
