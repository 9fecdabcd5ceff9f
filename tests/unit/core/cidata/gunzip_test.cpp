#include "core/base/fs.hpp"
#include "core/cidata/seed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <zlib.h>

namespace lima::cidata {
namespace {

class Gunzip : public testing::Test {
protected:
    void SetUp() override {
        auto dir = fs::TempDir::create("lima-gunzip");
        ASSERT_TRUE(dir) << dir.error().text();
        temp_.emplace(std::move(*dir));
        path_ = temp_->path() / "agent.gz";
    }
    void pack(const std::string& data) const {
        gzFile file = gzopen(path_.c_str(), "wb9");
        ASSERT_NE(file, nullptr);
        ASSERT_EQ(gzwrite(file, data.data(), static_cast<unsigned>(data.size())),
                  static_cast<int>(data.size()));
        ASSERT_EQ(gzclose(file), Z_OK);
    }
    std::optional<fs::TempDir> temp_;
    std::filesystem::path path_;
};

std::string noise(std::size_t size) {
    std::string out(size, '\0');
    std::uint32_t state = 1;
    for (char& c : out) {
        state = state * 1664525 + 1013904223;
        c = static_cast<char>(state >> 24);
    }
    return out;
}

TEST_F(Gunzip, GivesTheContent) {
    const std::string data = noise(3000001);
    pack(data);
    const auto out = gunzip(path_);
    ASSERT_TRUE(out) << out.error().text();
    EXPECT_EQ(*out == data, true);
}

TEST_F(Gunzip, RefusesHalfAFile) {
    pack(noise(100000));
    std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
    const auto out = gunzip(path_);
    ASSERT_FALSE(out);
    EXPECT_THAT(out.error().text(), testing::HasSubstr("agent.gz"));
}

TEST_F(Gunzip, RefusesADamagedFile) {
    pack(noise(100000));
    auto bytes = fs::read_file(path_).value();
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] + 1);
    ASSERT_TRUE(fs::write_file_atomic(path_, bytes));
    EXPECT_FALSE(gunzip(path_));
}

TEST_F(Gunzip, RefusesWhatIsNoGzip) {
    ASSERT_TRUE(fs::write_file_atomic(path_,
                                      "\x7f"
                                      "ELF, not packed"));
    const auto out = gunzip(path_);
    ASSERT_FALSE(out);
    EXPECT_THAT(out.error().text(), testing::HasSubstr("not a gzip file"));
    ASSERT_TRUE(fs::write_file_atomic(path_, ""));
    EXPECT_FALSE(gunzip(path_));
    const auto missing = gunzip(temp_->path() / "missing.gz");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace lima::cidata
