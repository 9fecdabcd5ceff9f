#include "core/base/digest.hpp"
#include "core/base/process.hpp"
#include "core/image/image.hpp"
#include "core/instance/downloads.hpp"
#include "tests/support/http_server.hpp"
#include "tests/unit/core/instance/fixture.hpp"

#include <unistd.h>

namespace lima::instance {
namespace {

class PrepareTest : public InstanceTest {
protected:
    Result<void> make_and_prepare(const std::string& yaml) {
        const auto instance = make(yaml);
        if (!instance) {
            return fail(instance.error());
        }
        return prepare(context_, *instance);
    }
    Result<void> prepare_again() { return prepare(context_, inspect(context_, "x").value()); }
    static std::string entry(const std::string& location, const std::string& rest = "") {
        return "- location: \"" + location + "\"\n  arch: x86_64\n" + rest;
    }
    static std::string images(const std::string& entries) {
        return "vmType: testdisk\narch: x86_64\ndisk: 1MiB\nimages:\n" + entries;
    }
    test::HttpServer server_;
};

TEST_F(PrepareTest, TheImageBecomesADiskOfTheConfiguredSize) {
    const auto prepared = make_and_prepare(disk_yaml(small_image()));
    ASSERT_TRUE(prepared) << prepared.error().text();
    EXPECT_EQ(image::inspect(file("disk"))->virtual_size, 1 << 20);
    EXPECT_FALSE(fs::exists(file("image")));
    ASSERT_TRUE(fs::remove_tree(small_image()));
    EXPECT_TRUE(prepare_again());  // nothing is needed any more
    EXPECT_TRUE(warned("degraded") == false);
}

TEST_F(PrepareTest, ADiskNeverShrinks) {
    ASSERT_TRUE(make_and_prepare(disk_yaml(small_image())));
    write(file("lima.yaml"),
          "vmType: testdisk\narch: x86_64\ndisk: 2KiB\nimages:\n" + entry("/none"));
    const auto prepared = prepare_again();
    ASSERT_FALSE(prepared);
    EXPECT_NE(prepared.error().text().find("shrinking is not supported"), std::string::npos)
        << prepared.error().text();
    EXPECT_EQ(std::filesystem::file_size(file("disk")), 1U << 20);
}

TEST_F(PrepareTest, ARawDiskStaysOneWhateverTheGuestWritesIntoIt) {
    ASSERT_TRUE(make_and_prepare(disk_yaml(small_image())));
    EXPECT_EQ(text_of(file("disk.format")), "raw\n");
    // The header of a qcow2 image of 16 MiB, as a guest could write it to its first sector.
    std::string content = text_of(file("disk"));
    content.replace(
        0, 32,
        std::string("QFI\xfb\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0\0\1\0\0\0", 32));
    write(file("disk"), content);
    EXPECT_TRUE(prepare_again());
    EXPECT_EQ(std::filesystem::file_size(file("disk")), 1U << 20);
    EXPECT_EQ(text_of(file("disk.format")), "raw\n");
}

TEST_F(PrepareTest, AQcow2DiskGrowsToo) {
    if (!find_program("qemu-img")) {
        GTEST_SKIP() << "no qemu-img";
    }
    const Path source = home_.home() / "source.qcow2";
    ASSERT_TRUE(image::create(source, "qcow2", 65536));
    ASSERT_TRUE(make_and_prepare(disk_yaml(source.string())));
    EXPECT_EQ(image::inspect(file("disk"))->format, "qcow2");
    EXPECT_EQ(image::inspect(file("disk"))->virtual_size, 1 << 20);
}

TEST_F(PrepareTest, KernelAndInitrdComeWithTheImage) {
    server_.set("/kernel", {.body = "the kernel"});
    server_.set("/initrd", {.body = "the initrd"});
    server_.set("/image", {.body = std::string(4096, 'i')});
    const auto prepared = make_and_prepare(images(entry(
        server_.url("/image"), "  kernel: {location: \"" + server_.url("/kernel") +
                                   "\", cmdline: \"console=ttyS0\"}\n" + "  initrd: {location: \"" +
                                   server_.url("/initrd") + "\"}\n")));
    ASSERT_TRUE(prepared) << prepared.error().text();
    EXPECT_EQ(text_of(file("kernel")), "the kernel");
    EXPECT_EQ(text_of(file("initrd")), "the initrd");
    EXPECT_EQ(text_of(file("kernel.cmdline")), "console=ttyS0");
    EXPECT_TRUE(fs::exists(file("disk")));
}

TEST_F(PrepareTest, TheFirstEntryThatSucceedsAsAWholeWins) {
    server_.set("/kernel1", {.body = "kernel one"});
    server_.set("/image2", {.body = std::string(4096, '2')});
    // Of the first entry the kernel can be had, and the image cannot.
    const auto prepared = make_and_prepare(
        images(entry(server_.url("/none"),
                     "  kernel: {location: \"" + server_.url("/kernel1") + "\", cmdline: one}\n") +
               entry(server_.url("/image2"))));
    ASSERT_TRUE(prepared) << prepared.error().text();
    EXPECT_EQ(text_of(file("disk")).substr(0, 4096), std::string(4096, '2'));
    EXPECT_FALSE(fs::exists(file("kernel")));
    EXPECT_FALSE(fs::exists(file("kernel.cmdline")));
}

TEST_F(PrepareTest, WhenNoneCanBeHadAllReasonsAreTold) {
    server_.set("/busy", {.body = "later", .status = 403});
    const auto prepared =
        make_and_prepare(images(entry(server_.url("/none")) + entry(server_.url("/busy"))));
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().phase(), "download");
    EXPECT_NE(prepared.error().text().find("404"), std::string::npos) << prepared.error().text();
    EXPECT_NE(prepared.error().text().find("403"), std::string::npos);
    EXPECT_FALSE(prepared.error().hint().empty());
    EXPECT_FALSE(fs::exists(file("image")));
    // And once the cause is gone it works.
    server_.set("/none", {.body = std::string(512, 'i')});
    EXPECT_TRUE(prepare_again());
}

TEST_F(PrepareTest, AWrongDigestIsToldWithBoth) {
    const std::string image = small_image();
    const std::string wrong = "sha256:" + sha256_hex("other");
    const auto prepared = make_and_prepare(images(entry(image, "  digest: \"" + wrong + "\"\n")));
    ASSERT_FALSE(prepared);
    EXPECT_NE(prepared.error().text().find("expected " + wrong), std::string::npos)
        << prepared.error().text();
    EXPECT_NE(prepared.error().text().find("got sha256:" + sha256_hex(std::string(4096, 'i'))),
              std::string::npos);
}

TEST_F(PrepareTest, LeftoversOfAnotherSetAreNotMixedIn) {
    ASSERT_TRUE(make(disk_yaml(small_image())));
    write(file("kernel"), "of an interrupted set");
    write(file("initrd"), "of an interrupted set");
    ASSERT_TRUE(prepare_again());
    EXPECT_FALSE(fs::exists(file("kernel")));
    EXPECT_FALSE(fs::exists(file("initrd")));
}

TEST_F(PrepareTest, ADriverWithoutImageNeedsNone) {
    ASSERT_TRUE(make_and_prepare(null_yaml()));
    EXPECT_FALSE(fs::exists(file("disk")));
    EXPECT_FALSE(fs::exists(home_.cache() / "lima"));
}

TEST_F(PrepareTest, LegacyDisksGetTheirNewNames) {
    ASSERT_TRUE(make(disk_yaml("/none")));
    write(file("diffdisk"), std::string(1 << 20, 'd'));
    std::string iso(0x9000, '\0');
    iso.replace(0x8001, 5, "CD001");
    write(file("basedisk"), iso);
    const auto prepared = prepare_again();
    ASSERT_TRUE(prepared) << prepared.error().text();
    EXPECT_EQ(std::filesystem::read_symlink(file("disk")), "diffdisk");
    EXPECT_EQ(std::filesystem::read_symlink(file("iso")), "basedisk");
}

TEST_F(PrepareTest, ADriverThatFailsIsToldWithThePhase) {
    const auto prepared =
        make_and_prepare(disk_yaml(small_image(), "vmOpts: {testdisk: {fail: createDisk}}\n"));
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().phase(), "prepare");
    EXPECT_NE(prepared.error().text().find("no createDisk today"), std::string::npos);
}

TEST_F(PrepareTest, ContainerdThatCannotBeHadIsADegradationByName) {
    if (!find_program("ssh-keygen")) {
        GTEST_SKIP() << "no ssh-keygen";
    }
    const std::string guest = "vmOpts: {testdisk: {guest: true}}\n";
    const auto prepared = make_and_prepare(disk_yaml(
        small_image(), guest + "containerd: {system: true, user: false, archives: [{location: \"" +
                           server_.url("/nerdctl.tgz") + "\", arch: x86_64}]}\n"));
    ASSERT_TRUE(prepared) << prepared.error().text();
    EXPECT_TRUE(warned("containerd will not be installed: "));
    EXPECT_TRUE(warned("404"));
    EXPECT_TRUE(warned("no guest agent is installed"));
    // When it can be had it lies in the cache, not in the instance.
    sink_.warnings.clear();
    server_.set("/nerdctl.tgz", {.body = "archive"});
    ASSERT_TRUE(prepare_again());
    EXPECT_FALSE(warned("containerd"));
    EXPECT_EQ(
        text_of(fetch::cache_entry(home_.cache() / "lima", server_.url("/nerdctl.tgz")) / "data"),
        "archive");
}

TEST_F(PrepareTest, TheProgressNamesTheWork) {
    server_.set("/image", {.body = std::string(4096, 'i')});
    std::vector<std::string> seen;
    context_.progress = [&](const fetch::Progress& step, const std::string& description) {
        seen.push_back(step.what + ": " + description);
    };
    ASSERT_TRUE(make_and_prepare(images(entry(server_.url("/image")))));
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.front(), "downloading: the image (image)");
}

TEST(Candidates, HaveTheArchAndTheVariantsOfTheFirst) {
    config::Config config;
    config.arch = "x86_64";
    const auto add = [&](const char* location, const char* arch, const char* variant) {
        config::Image image;
        image.location = location;
        image.arch = arch;
        image.variant = variant;
        config.images.push_back(image);
    };
    add("a", "aarch64", "");
    add("b", "x86_64", "v");
    add("c", "x86_64", "w");
    add("d", "x86_64", "v");
    const auto images = candidate_images(config).value();
    ASSERT_EQ(images.size(), 2U);
    EXPECT_EQ(images[0].location, "b");
    EXPECT_EQ(images[1].location, "d");
    config.arch = "riscv64";
    const auto none = candidate_images(config);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), Code::kNotFound);
    EXPECT_NE(none.error().hint().find("--image-variant"), std::string::npos);
}

}  // namespace
}  // namespace lima::instance
