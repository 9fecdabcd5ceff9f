#include "core/fetch/magic.hpp"

#include "core/base/fs.hpp"

#include <gtest/gtest.h>

namespace lima::fetch {
namespace {

using namespace std::literals;

std::string at(std::size_t offset, std::string_view what) {
    return std::string(offset, '\0') + std::string(what);
}

std::string qcow2(std::uint32_t version, std::uint64_t backing = 0,
                  std::uint64_t incompatible = 0) {
    std::string head = "QFI\xfb"s + at(3, std::string(1, static_cast<char>(version)));
    const auto put64 = [&](std::uint64_t value) {
        for (int shift = 56; shift >= 0; shift -= 8) {
            head += static_cast<char>(value >> shift & 0xff);
        }
    };
    put64(backing);
    head += "\0\0\0\5"s;  // size of the name
    head.resize(72);
    put64(incompatible);
    head.resize(104);
    return head;
}

TEST(ImageFormat, IsReadFromTheFirstBytes) {
    EXPECT_EQ(image_format(qcow2(2)), "qcow2");
    EXPECT_EQ(image_format(qcow2(3)), "qcow2");
    EXPECT_EQ(image_format(qcow2(1)), "raw");
    EXPECT_EQ(image_format("# Disk DescriptorFile\nversion=1\n"), "vmdk");
    EXPECT_EQ(image_format("KDMV\1\0\0\0"s), "vmdk");
    EXPECT_EQ(image_format("COWD"), "vmdk");
    EXPECT_EQ(image_format("vhdxfile"), "vhdx");
    EXPECT_EQ(image_format(at(0x40, "\x7f\x10\xda\xbe")), "vdi");
    EXPECT_EQ(image_format("WithoutFreeSpace"), "parallels");
    EXPECT_EQ(image_format("WithouFreSpacExt"), "parallels");
    EXPECT_EQ(image_format("conectix"), "vpc");
    EXPECT_EQ(image_format("shdw"), "asif");
    EXPECT_EQ(image_format(""), "raw");
    EXPECT_EQ(image_format("QFI\xfb"s), "raw");
    EXPECT_EQ(image_format(std::string(512, 'x')), "raw");
}

TEST(ImageFormat, KnowsAnIso) {
    EXPECT_TRUE(is_iso9660_head(at(0x8001, "CD001")));
    EXPECT_FALSE(is_iso9660_head(at(0x8000, "CD001")));
    EXPECT_FALSE(is_iso9660_head("CD001"));
}

TEST(ImageFormat, KnowsWhatRefersToOtherFiles) {
    EXPECT_EQ(foreign_reference(qcow2(3)), "");
    EXPECT_NE(foreign_reference(qcow2(3, 0, 4)), "");
    EXPECT_EQ(foreign_reference(qcow2(2, 0, 4)), "");  // version 2 has no such field
    std::string backed = qcow2(3, 104);
    backed += "/etc/";
    EXPECT_EQ(foreign_reference(backed), "it has the backing file \"/etc/\"");
    EXPECT_NE(foreign_reference(qcow2(3, std::uint64_t{1} << 62)), "");
    EXPECT_NE(foreign_reference("# Disk DescriptorFile\n"), "");
    EXPECT_EQ(foreign_reference("KDMV"), "");
}

TEST(Compression, ByMagicAndByName) {
    EXPECT_EQ(compression_by_magic("\x1f\x8b\x08"), "gzip");
    EXPECT_EQ(compression_by_magic("BZh9"), "bzip2");
    EXPECT_EQ(compression_by_magic("\xfd"
                                   "7zXZ\0"s),
              "xz");
    EXPECT_EQ(compression_by_magic("\x28\xb5\x2f\xfd"), "zstd");
    EXPECT_EQ(compression_by_magic("\x1f"), "");
    EXPECT_EQ(compression_by_name("https://x/y/image.raw.xz"), "xz");
    EXPECT_EQ(compression_by_name("image.gz"), "gzip");
    EXPECT_EQ(compression_by_name("image.bz2"), "bzip2");
    EXPECT_EQ(compression_by_name("image.zst"), "zstd");
    EXPECT_EQ(compression_by_name("https://x.gz/image.img"), "");
    EXPECT_EQ(compression_by_name("https://x/image.gz?token=1"), "");
}

TEST(Compression, TheHeadOfAShortFileIsTheFile) {
    const fs::TempDir dir = fs::TempDir::create("lima-magic-").value();
    ASSERT_TRUE(fs::write_file_atomic(dir.path() / "f", "abc"));
    EXPECT_EQ(read_head(dir.path() / "f").value(), "abc");
    EXPECT_FALSE(read_head(dir.path() / "none"));
}

}  // namespace
}  // namespace lima::fetch
