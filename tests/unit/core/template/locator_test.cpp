// Schemes and names of locators; bare images; the store.
#include "core/template/locator.hpp"

#include "core/base/fs.hpp"
#include "core/config/load.hpp"
#include "core/template/image_locator.hpp"
#include "core/template/template.hpp"

#include <gtest/gtest.h>

namespace lima::tmpl {
namespace {

HostFacts host() {
    HostFacts facts;
    facts.arch = "x86_64";
    facts.home = "/home/jane";
    return facts;
}

TEST(Locator, SchemesAndNames) {
    EXPECT_EQ(scheme_of("https://x"), "https");
    EXPECT_EQ(scheme_of("C:\\x"), "");
    EXPECT_EQ(scheme_of("./a:b"), "");
    EXPECT_EQ(inferred_name("template:experimental/Foo-1"), "foo-1");
    EXPECT_EQ(inferred_name("https://h/x/Web.yaml?raw=1"), "web");
    EXPECT_EQ(inferred_name("/a/b.yml"), "b");
    EXPECT_EQ(inferred_name("/a/_x.yaml"), "");
    EXPECT_EQ(inferred_name("/a/a..b.yaml"), "");
    EXPECT_EQ(inferred_name("github:o/r/d/Web.yaml@v1.2"), "web");
    EXPECT_EQ(inferred_name("github:o/Tools"), "tools");
    EXPECT_EQ(inferred_name("github:o@v1"), "o");
    EXPECT_EQ(inferred_name("github:o/r/examples/"), "examples");
}

TEST(ImageLocator, TemplateForABareImage) {
    const auto image = image_template("https://example.com/lima-linux-riscv64.img", host());
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(image->text,
              "os: Linux\narch: riscv64\nimages:\n- location: "
              "https://example.com/lima-linux-riscv64.img\n  arch: riscv64\n");
    EXPECT_FALSE(image->arch_guessed);
    const auto mac = image_template("https://x/UniversalMac_15.6.1_24G90_Restore.ipsw", host());
    ASSERT_TRUE(mac.has_value());
    EXPECT_EQ(mac->name, "macos-15.6.1");
    EXPECT_EQ(mac->text.substr(0, 25), "os: Darwin\narch: aarch64\n");
    EXPECT_TRUE(image_template("/a/disk.raw", host())->arch_guessed);
    EXPECT_TRUE(image_template("/a/disk.img.zstd", host()).has_value());
    EXPECT_FALSE(image_template("/a/disk.img.zst", host()).has_value());
    EXPECT_FALSE(image_template("/a/disk.yaml", host()).has_value());
}

class StoreTest : public ::testing::Test {
protected:
    StoreTest() : dir_(*fs::TempDir::create("tmpl")) {
        options_.lima_home = dir_.path() / "home";
        options_.template_dirs = {dir_.path() / "mine", dir_.path() / "shipped"};
        options_.host = host();
        write("mine/web.yaml", "cpus: 1\n");
        write("shipped/web.yaml", "cpus: 2\n");
        write("shipped/ubuntu-24.04.yaml", "cpus: 3\n");
        write("shipped/_images/x.yaml", "cpus: 4\n");
        write("shipped/.hidden.yaml", "cpus: 5\n");
        write("shipped/readme.txt", "");
        write("shipped/setup.sh", "#!/bin/sh\n");
    }
    void write(const std::string& name, const std::string& text) {
        const auto path = dir_.path() / name;
        ASSERT_TRUE(fs::make_dirs(path.parent_path()).has_value());
        ASSERT_TRUE(fs::write_file_atomic(path, text).has_value());
    }
    fs::TempDir dir_;
    Options options_;
};

TEST_F(StoreTest, TheFirstDirectoryWins) {
    EXPECT_EQ(read("template:web", options_)->text, "cpus: 1\n");
    EXPECT_EQ(read("template:web.yaml", options_)->text, "cpus: 1\n");
    EXPECT_EQ(read("template://web", options_)->locator, "template:web");
    const auto versioned = read("template:ubuntu-24.04", options_);
    ASSERT_TRUE(versioned.has_value()) << versioned.error().text();
    EXPECT_EQ(versioned->name, "ubuntu-24.04");
    EXPECT_EQ(read("template:setup.sh", options_)->text, "#!/bin/sh\n");
    std::string names;
    for (const Listed& listed : list(options_.template_dirs)) {
        names += listed.name + " ";
    }
    EXPECT_EQ(names, "_images/x ubuntu-24.04 web ");
    EXPECT_TRUE(list({dir_.path() / "nowhere"}).empty());
}

TEST_F(StoreTest, UnknownNamesAreExplained) {
    const auto missing = read("template:wed", options_);
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().code(), Code::kNotFound);
    EXPECT_NE(missing.error().text().find("template `wed` not found in "), std::string::npos);
    EXPECT_NE(missing.error().hint().find("did you mean `template:web`?"), std::string::npos);
    EXPECT_FALSE(read("template:../web", options_).has_value());
    EXPECT_FALSE(read("template:", options_).has_value());
    const auto unknown = read("gitlab:x", options_);
    EXPECT_EQ(unknown.error().text(), "locator `gitlab:x` has the unknown scheme `gitlab:`");
    EXPECT_NE(unknown.error().hint().find("limactl-url-gitlab"), std::string::npos);
}

TEST_F(StoreTest, PathsUrlsAndDownloads) {
    const std::string path = (dir_.path() / "mine/web.yaml").string();
    EXPECT_EQ(read(path, options_)->locator, path);
    EXPECT_EQ(read("file://" + path, options_)->text, "cpus: 1\n");
    EXPECT_EQ(read("file://" + path, options_)->name, "web");
    EXPECT_FALSE(read("file:relative", options_).has_value());
    EXPECT_EQ(read(path + ".no", options_).error().code(), Code::kNotFound);
    EXPECT_FALSE(read("https://x/y.yaml", options_).has_value());
    options_.download = [](const Download& wanted) -> Result<std::string> {
        EXPECT_TRUE(wanted.headers.empty());
        return "# " + wanted.url + "\n";
    };
    EXPECT_EQ(read("https://x/y.yaml", options_)->text, "# https://x/y.yaml\n");
    options_.download = [](const Download&) -> Result<std::string> {
        return std::string(std::size_t{5} << 20, 'x');
    };
    EXPECT_NE(read("https://x/y.yaml", options_).error().text().find("larger than 4 MiB"),
              std::string::npos);
}

TEST(TemplateDirs, ByEnvironment) {
    setenv("LIMA_TEMPLATES_PATH", "/a::/b", 1);
    EXPECT_EQ(default_template_dirs("/h"), (std::vector<std::filesystem::path>{"/a", "/b"}));
    unsetenv("LIMA_TEMPLATES_PATH");
    EXPECT_EQ(default_template_dirs("/h").front(), std::filesystem::path("/h/_templates"));
}

}  // namespace
}  // namespace lima::tmpl
