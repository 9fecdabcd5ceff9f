#include "core/base/digest.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"

#include <gtest/gtest.h>

namespace lima {
namespace {

const std::string kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, Parse) {
    EXPECT_EQ(*parse_digest("sha256:" + kAbc), (Digest{"sha256", kAbc}));
    EXPECT_EQ(parse_digest("sha512:" + std::string(128, '0'))->text(),
              "sha512:" + std::string(128, '0'));
    for (const std::string& bad :
         {std::string(), kAbc, "md5:" + kAbc, "sha256:" + kAbc + "0", "sha512:" + kAbc,
          "sha256:" + std::string(64, 'A'), std::string("sha256:")}) {
        EXPECT_FALSE(parse_digest(bad)) << bad;
    }
}

TEST(Digest, WholeText) {
    EXPECT_EQ(sha256_hex(""), kEmpty);
    EXPECT_EQ(sha256_hex("abc"), kAbc);
    EXPECT_EQ(to_hex(sha256_raw("abc")), kAbc);
}

TEST(Digest, Streamed) {
    auto hasher = Hasher::create("sha256");
    ASSERT_TRUE(hasher);
    hasher->update("a");
    hasher->update("");
    hasher->update("bc");
    EXPECT_EQ(hasher->finish().text(), "sha256:" + kAbc);
    EXPECT_FALSE(Hasher::create("md5"));
    EXPECT_EQ(Hasher::create("sha384")->finish().hex.size(), 96U);
    EXPECT_EQ(Hasher::create("sha512")->finish().hex.substr(0, 16), "cf83e1357eefb8bd");
}

TEST(Digest, File) {
    const auto dir = fs::TempDir::create("digest-");
    ASSERT_TRUE(dir);
    const std::string data(3 * 1024 * 1024 + 17, 'x');
    ASSERT_TRUE(fs::write_file_atomic(dir->path() / "f", data));
    EXPECT_EQ(digest_file(dir->path() / "f", "sha256")->hex, sha256_hex(data));
    const auto missing = digest_file(dir->path() / "missing", "sha256");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Code::kNotFound);
    EXPECT_FALSE(digest_file(dir->path(), "sha256"));
}

}  // namespace
}  // namespace lima
