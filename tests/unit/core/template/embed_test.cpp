// Vectors 54 to 67 of spec/config.md section 10, on files.
#include "core/base/digest.hpp"
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/template/template.hpp"
#include "core/text/yaml.hpp"

#include <gtest/gtest.h>

namespace lima::tmpl {
namespace {

class EmbedTest : public ::testing::Test {
protected:
    EmbedTest() : dir_(*fs::TempDir::create("tmpl")) {
        options_.lima_home = dir_.path() / "home";
        options_.template_dirs = {dir_.path() / "templates"};
        options_.host.arch = "x86_64";
        options_.host.home = "/home/jane";
    }
    void write(const std::string& name, const std::string& text) {
        const auto path = dir_.path() / name;
        ASSERT_TRUE(fs::make_dirs(path.parent_path()).has_value());
        ASSERT_TRUE(fs::write_file_atomic(path, text).has_value());
    }
    Read top(const std::string& text) { return Read{(dir_.path() / "t.yaml").string(), "t", text}; }
    std::string embedded(const std::string& text) {
        const auto out = embed(top(text), options_);
        EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().text());
        return out.value_or("");
    }
    std::string failure(const std::string& text) {
        const auto out = embed(top(text), options_);
        EXPECT_FALSE(out.has_value()) << out.value_or("");
        return out ? "" : out.error().text();
    }
    static Json values(const std::string& text) {
        return text::to_json(*text::parse_yaml(text, "t"), text::Schema::kGo);
    }
    static bool has(const std::string& text, const std::string& part) {
        return text.find(part) != std::string::npos;
    }

    fs::TempDir dir_;
    Options options_;
};

TEST_F(EmbedTest, TextsWithoutBasesStayAsTheyAre) {
    for (const char* text :
         {"", "# nothing\n", "cpus:   1 # one\nmounts:\n- location: ~\n", "- a list\n"}) {
        EXPECT_EQ(embedded(text), text);
    }
}

TEST_F(EmbedTest, CommentsOfTheTopStay) {
    write("b.yaml", "arch: aarch64\nimages:\n- location: /b\nssh:\n  localPort: 3\n");
    EXPECT_EQ(embedded("# about this\nbase: b.yaml # the base\ncpus: 1 # one\nssh:\n  "
                       "forwardAgent: true # yes\n"),
              "# about this\n"
              "cpus: 1 # one\n"
              "ssh:\n"
              "  forwardAgent: true # yes\n"
              "  localPort: 3\n"
              "arch: aarch64\n"
              "images:\n"
              "- location: /b\n");
}

TEST_F(EmbedTest, V56OrderOfSeveralBases) {
    const auto step = [](const char* name) {
        return std::string("provision: [{script: ") + name + "}]\nadditionalDisks: [";
    };
    write("b0.yaml", "base: b2.yaml\ncpus: 10\n" + step("b0") + "disk1]\n");
    write("b1.yaml", "cpus: 11\nmemory: b1\n" + step("b1") + "disk2]\n");
    write("b2.yaml", "cpus: 12\nmemory: b2\n" + step("b2") + "disk3]\n");
    const Json out = values(embedded("base: [b0.yaml, b1.yaml]\n" + step("t") + "disk0]\n"));
    EXPECT_EQ(dump_json(out["provision"]),
              R"([{"script":"b1"},{"script":"b2"},{"script":"b0"},{"script":"t"}])");
    EXPECT_EQ(dump_json(out["additionalDisks"]), R"(["disk0","disk1","disk3","disk2"])");
    EXPECT_EQ(out["cpus"], 10);
    EXPECT_EQ(out["memory"], "b2");
    EXPECT_FALSE(out.contains("base"));
}

TEST_F(EmbedTest, V61LoopsAndDiamonds) {
    write("a.yaml", "base: a.yaml\n");
    write("p.yaml", "base: q.yaml\n");
    write("q.yaml", "base: p.yaml\n");
    write("b0.yaml", "base: b2.yaml\n");
    write("b1.yaml", "base: b2.yaml\n");
    write("b2.yaml", "cpus: 1\n");
    const std::string dir = dir_.path().string();
    EXPECT_TRUE(has(failure("base: a.yaml\n"),
                    "base template loop detected: " + dir + "/a.yaml is already included"));
    EXPECT_TRUE(has(failure("base: p.yaml\n"), "base template loop detected: " + dir + "/p.yaml"));
    EXPECT_TRUE(has(failure("base: [b0.yaml, b1.yaml]\n"),
                    "base template loop detected: " + dir + "/b2.yaml"));
    EXPECT_TRUE(has(failure("base: [b2.yaml, b2.yaml]\n"), "loop detected"));
    write("t.yaml", "base: t.yaml\n");
    EXPECT_TRUE(has(failure("base: t.yaml\n"), "loop detected: " + dir + "/t.yaml"));
}

TEST_F(EmbedTest, V63BadBases) {
    write("b.yaml", "cpus: 1\n");
    write("_x.yaml", "cpus: 1\n");
    write("a..b.yaml", "cpus: 1\n");
    write("list.yaml", "- a\n");
    write("broken.yaml", "cpus: 1\nmemory: [\n");
    write("typo.yaml", "cpus: one\n");
    EXPECT_TRUE(has(failure("base: \"\"\n"), "locator is empty"));
    EXPECT_TRUE(has(failure("base: ../x.yaml\n"), "must not contain `../`"));
    EXPECT_TRUE(has(failure("base: foo../x\n"), "must not contain `../`"));
    EXPECT_TRUE(has(failure("base: _x.yaml\n"), "`_x.yaml` has an invalid file name"));
    EXPECT_TRUE(has(failure("base: a..b.yaml\n"), "`a..b.yaml` has an invalid file name"));
    EXPECT_TRUE(has(failure("base: {url: x}\n"), "field `base` must be a list"));
    EXPECT_TRUE(has(failure("base: list.yaml\n"), "the file must be a map of fields"));
    EXPECT_TRUE(has(failure("base: broken.yaml\n"), "/broken.yaml:3:1: not valid YAML"));
    EXPECT_TRUE(
        has(failure("base: typo.yaml\n"), "/typo.yaml:1:7: field `cpus` must be a whole number"));
    EXPECT_TRUE(has(failure("base: missing.yaml\n"), "missing.yaml"));
    // Ours: a base that begins with --- counts, and a digest is checked.
    write("dashes.yaml", "---\ncpus: 5\n");
    EXPECT_EQ(embedded("base: dashes.yaml\n"), "cpus: 5\n");
    EXPECT_EQ(embedded("base: [{url: b.yaml, digest: 'sha256:" + sha256_hex("cpus: 1\n") + "'}]\n"),
              "cpus: 1\n");
    EXPECT_TRUE(
        has(failure("base: [{url: b.yaml, digest: 'sha256:" + sha256_hex("other") + "'}]\n"),
            "is expected"));
}

TEST_F(EmbedTest, V64ImagesAsBases) {
    EXPECT_EQ(embedded("base: https://example.com/lima-linux-riscv64.img\ncpus: 1\n"),
              "cpus: 1\nos: Linux\narch: riscv64\nimages:\n- location: "
              "https://example.com/lima-linux-riscv64.img\n"
              "  arch: riscv64\n");
}

TEST_F(EmbedTest, TemplatesAndUrlsAsBases) {
    write("templates/_images/x.yaml", "images: [{location: /x}]\n");
    write("templates/web.yaml", "base: _images/x.yaml\nprovision: [{file: web.sh}]\n");
    write("templates/web.sh", "#!/bin/sh\n");
    options_.download = [](const std::string& url) -> Result<std::string> {
        if (url == "https://h/d/net.yaml") {
            return std::string("base: more.yaml\nmemory: 1GiB\n");
        }
        if (url == "https://h/d/more.yaml") {
            return std::string("disk: 9GiB\n");
        }
        return failf(Code::kNotFound, "{}: 404", url);
    };
    const Json out = values(embedded("base: [template:web, https://h/d/net.yaml]\n"));
    EXPECT_EQ(
        dump_json(out),
        R"({"provision":[{"script":"#!/bin/sh\n"}],"images":[{"location":"/x"}],"memory":"1GiB","disk":"9GiB"})");
    EXPECT_TRUE(has(failure("base: https://h/none.yaml\n"), "https://h/none.yaml: 404"));
}

TEST_F(EmbedTest, V66Scripts) {
    write("s.sh", "#!/bin/sh\necho \\\\n\n");
    write("binary", std::string("\x07\t\xff\0x", 5));
    write("empty", "");
    write("disk.img", "not an image here\n");
    const Json out =
        values(embedded("provision:\n"
                        "- file: s.sh # the script\n"
                        "- mode: data\n  path: /d\n  file: binary\n"
                        "- mode: data\n  path: /e\n  file: {url: empty}\n"
                        "- mode: yq\n  path: /f\n  file: s.sh\n"
                        "- mode: data\n  path: /i\n  file: disk.img\n"
                        "- script: mine\n  file: s.sh\n"
                        "probes:\n- file: s.sh\n"));
    const Json& steps = out["provision"];
    EXPECT_EQ(steps[0]["script"], "#!/bin/sh\necho \\\\n\n");
    EXPECT_FALSE(steps[0].contains("file"));
    EXPECT_EQ(steps[1]["content"], std::string("\x07\t\xff\0x", 5));
    EXPECT_EQ(steps[2]["content"], "");
    EXPECT_EQ(steps[3]["expression"], "#!/bin/sh\necho \\\\n\n");
    EXPECT_EQ(steps[4]["content"], "not an image here\n");
    EXPECT_EQ(steps[5]["script"], "mine");
    EXPECT_EQ(steps[5]["file"], "s.sh");
    EXPECT_EQ(out["probes"][0]["script"], "#!/bin/sh\necho \\\\n\n");
    EXPECT_TRUE(has(failure("provision: [{file: none.sh}]\n"), "failed to embed file `none.sh`"));
    EXPECT_TRUE(
        has(failure("provision: [{file: {url: s.sh, digest: 'sha256:" + sha256_hex("x") + "'}}]\n"),
            "is expected"));
}

TEST_F(EmbedTest, V67BaseYaml) {
    write("home/_config/base.yaml", "cpus: 7\nimages: [{location: /x}]\n");
    write("templates/images.yaml", "images: [{location: /u}]\ncpus: 3\n");
    EXPECT_EQ(embedded("memory: 1GiB\n"), "memory: 1GiB\n");
    options_.with_base_yaml = true;
    EXPECT_EQ(dump_json(values(embedded("base: template:images\n"))),
              R"({"cpus":7,"images":[{"location":"/x"},{"location":"/u"}]})");
    EXPECT_EQ(dump_json(values(embedded("base: template:images\ncpus: null\n"))),
              R"({"cpus":null,"images":[{"location":"/x"},{"location":"/u"}]})");
    EXPECT_EQ(dump_json(values(embedded("memory: 1GiB\n"))),
              R"({"memory":"1GiB","cpus":7,"images":[{"location":"/x"}]})");
}

TEST_F(EmbedTest, EntriesAreCombinedEvenWithoutABase) {
    EXPECT_EQ(
        embedded(
            "mounts:\n- location: /a # a\n- location: /b\n- location: '*'\n  writable: true\n"),
        "mounts:\n- location: /a # a\n  writable: true\n- location: /b\n  writable: true\n");
}

TEST_F(EmbedTest, AliasesInTheTopAreWrittenOutWhenTheyMustChange) {
    write("b.yaml", "ssh: {localPort: 3}\n");
    const std::string out =
        embedded("base: b.yaml\nenv: &e {A: b}\nssh: {forwardAgent: true}\nparam: *e\n");
    EXPECT_EQ(dump_json(values(out)),
              R"({"env":{"A":"b"},"ssh":{"forwardAgent":true,"localPort":3},"param":{"A":"b"}})");
}

}  // namespace
}  // namespace lima::tmpl
