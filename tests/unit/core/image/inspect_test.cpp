#include "core/base/fs.hpp"
#include "core/image/image.hpp"

#include <gtest/gtest.h>

namespace lima::image {
namespace {

using namespace std::literals;

class InspectTest : public ::testing::Test {
protected:
    static void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t size,
                    bool big = true) {
        for (std::size_t i = 0; i < size; ++i) {
            const std::size_t shift = 8 * (big ? size - 1 - i : i);
            bytes[at + i] = static_cast<char>(value >> shift & 0xff);
        }
    }
    static std::string qcow2() {
        std::string bytes(4096, '\0');
        bytes.replace(0, 4, "QFI\xfb"s);
        put(bytes, 4, 3, 4);
        put(bytes, 20, 16, 4);
        put(bytes, 24, std::uint64_t{10} << 30, 8);
        put(bytes, 36, 20, 4);
        put(bytes, 40, 1024, 8);
        return bytes;
    }
    Result<Info> look(const std::string& bytes) {
        EXPECT_TRUE(fs::write_file_atomic(path_, bytes));
        return inspect(path_);
    }
    fs::TempDir dir_ = fs::TempDir::create("lima-image-").value();
    Path path_ = dir_.path() / "image";
};

TEST_F(InspectTest, RawIsAsLargeAsItsFile) {
    const Info info = look(std::string(1000, 'x')).value();
    EXPECT_EQ(info.format, "raw");
    EXPECT_EQ(info.virtual_size, 1000);
    EXPECT_EQ(look("")->virtual_size, 0);
}

TEST_F(InspectTest, Qcow2TellsItsSizeAndBackingFile) {
    const Info info = look(qcow2()).value();
    EXPECT_EQ(info.format, "qcow2");
    EXPECT_EQ(info.virtual_size, std::int64_t{10} << 30);
    EXPECT_EQ(info.backing_file, "");
    std::string backed = qcow2();
    put(backed, 8, 200, 8);
    put(backed, 16, 8, 4);
    backed.replace(200, 8, "base.img");
    EXPECT_EQ(look(backed)->backing_file, "base.img");
}

TEST_F(InspectTest, ADamagedQcow2IsAnErrorAndNotRaw) {
    std::string table = qcow2();
    put(table, 40, 4090, 8);
    EXPECT_FALSE(look(table));
    std::string far = qcow2();
    put(far, 40, std::uint64_t{1} << 63, 8);
    EXPECT_FALSE(look(far));
    std::string name = qcow2();
    put(name, 8, 4090, 8);
    put(name, 16, 100, 4);
    EXPECT_FALSE(look(name));
    std::string bits = qcow2();
    put(bits, 20, 3, 4);
    EXPECT_FALSE(look(bits));
    std::string encrypted = qcow2();
    put(encrypted, 32, 1, 4);
    EXPECT_EQ(look(encrypted).error().code(), Code::kUnimplemented);
    const auto cut = look(qcow2().substr(0, 40));
    ASSERT_FALSE(cut);
    EXPECT_NE(cut.error().text().find(path_.string()), std::string::npos);
}

TEST_F(InspectTest, OthersTellWhatTheirHeaderTells) {
    std::string vmdk(512, '\0');
    vmdk.replace(0, 4, "KDMV");
    put(vmdk, 12, 2048, 8, false);
    EXPECT_EQ(look(vmdk)->virtual_size, 1 << 20);
    std::string vdi(512, '\0');
    put(vdi, 0x40, 0xbeda107f, 4, false);
    put(vdi, 0x170, 1 << 20, 8, false);
    EXPECT_EQ(look(vdi)->format, "vdi");
    EXPECT_EQ(look(vdi)->virtual_size, 1 << 20);
    std::string asif(512, '\0');
    asif.replace(0, 4, "shdw");
    put(asif, 48, 2048, 8);
    put(asif, 68, 512, 2);
    EXPECT_EQ(look(asif)->virtual_size, 1 << 20);
    EXPECT_EQ(look("vhdxfile")->virtual_size, -1);
    EXPECT_EQ(look("KDMV")->virtual_size, -1);
}

TEST_F(InspectTest, AMissingFileIsNotFound) {
    const auto info = inspect(path_);
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().code(), Code::kNotFound);
    EXPECT_FALSE(is_iso9660(path_));
}

TEST_F(InspectTest, KnowsAnIso) {
    std::string iso(0x8800, '\0');
    iso.replace(0x8001, 5, "CD001");
    ASSERT_TRUE(look(iso));
    EXPECT_TRUE(is_iso9660(path_));
    ASSERT_TRUE(look(iso.substr(0, 0x8000)));
    EXPECT_FALSE(is_iso9660(path_));
}

}  // namespace
}  // namespace lima::image
