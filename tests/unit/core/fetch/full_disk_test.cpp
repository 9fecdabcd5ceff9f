// A disk that has no room: the error names file and cause, no half file stays where the caller
// wanted a whole one, and a second try works. Two ways to have too little: a limit on the size of
// files, which anybody can set, and a small tmpfs, which only root can mount.
#include "core/base/process.hpp"
#include "core/store/copy.hpp"
#include "tests/unit/core/fetch/fetch_fixture.hpp"

#include <sys/mount.h>

namespace lima::fetch {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

class FullDisk : public FetchTest {
protected:
    /// lima-fetch with room for 256 KiB in a file.
    Environment cramped() const {
        const Path wrapper = dir_.path() / "lima-fetch";
        const std::string script = "#!/bin/sh\ntrap '' XFSZ\nulimit -f 512\nexec " +
                                   std::string(LIMA_FETCH_PROGRAM) + " \"$@\"\n";
        EXPECT_TRUE(fs::write_file_atomic(wrapper, script, 0755));
        return {environment_.cache_dir, wrapper};
    }
    static void expect_error(const Error& error, const std::string& file, const char* cause) {
        EXPECT_NE(error.text().find(file), std::string::npos) << error.text();
        EXPECT_NE(error.text().find(cause), std::string::npos) << error.text();
    }
    void expect_nothing_half() const {
        const auto names = fs::list_names(target_.parent_path());
        EXPECT_TRUE(!names || names->empty()) << names->front();
    }
    void write(const Path& path, const std::string& text) {
        ASSERT_TRUE(fs::write_file_atomic(path, text));
    }
    const std::string content_ = noise(kMiB);
};

TEST_F(FullDisk, ADownload) {
    server_.set("/big.img", {.body = content_});
    const Request wanted = request(server_.url("/big.img"));
    const auto first = fetch(cramped(), wanted, {});
    ASSERT_FALSE(first);
    expect_error(first.error(), environment_.cache_dir.string(), "file too large");
    expect_nothing_half();
    EXPECT_FALSE(fs::exists(entry(wanted.location) / "data"));
    const auto second = get(wanted);
    ASSERT_TRUE(second) << second.error().text();
    EXPECT_EQ(text_of(target_), content_);
}

TEST_F(FullDisk, ACopyOfALocalFile) {
    const Path source = dir_.path() / "source.img";
    write(source, content_);
    const auto first = fetch(cramped(), request(source.string()), {});
    ASSERT_FALSE(first);
    expect_error(first.error(), target_.string(), "file too large");
    expect_nothing_half();
    ASSERT_TRUE(get(request(source.string())));
    EXPECT_EQ(text_of(target_), content_);
}

TEST_F(FullDisk, WhatIsUnpacked) {
    const Path source = dir_.path() / "source.img.gz";
    const Path plain = dir_.path() / "source.img";
    write(plain, content_.substr(0, kMiB / 8) + std::string(kMiB, 'x'));
    SpawnOptions gzip;
    gzip.argv = {"gzip", "-k", plain.string()};
    ASSERT_TRUE(run(std::move(gzip))->status.ok());
    Request wanted = request(source.string());
    wanted.decompress = true;
    const auto first = fetch(cramped(), wanted, {});
    ASSERT_FALSE(first);
    expect_error(first.error(), target_.string(), "file too large");
    expect_nothing_half();
    ASSERT_TRUE(get(wanted));
    EXPECT_EQ(text_of(target_), text_of(plain));
}

/// A file system of one MiB, for root.
class SmallFileSystem : public FullDisk {
protected:
    void SetUp() override {
        ASSERT_TRUE(fs::make_dirs(mounted_));
        if (mount("none", mounted_.c_str(), "tmpfs", 0, "size=1m") != 0) {
            GTEST_SKIP() << "only root can mount a tmpfs";
        }
        is_mounted_ = true;
    }
    void TearDown() override {
        if (is_mounted_) {
            EXPECT_EQ(umount2(mounted_.c_str(), MNT_DETACH), 0);
        }
    }
    void make_room() const {
        ASSERT_EQ(mount("none", mounted_.c_str(), "tmpfs", MS_REMOUNT, "size=32m"), 0);
    }
    const Path mounted_ = dir_.path() / "small";
    bool is_mounted_ = false;
};

TEST_F(SmallFileSystem, ForADownload) {
    environment_.cache_dir = mounted_ / "cache";
    server_.set("/big.img", {.body = noise(2 * kMiB)});
    const Request wanted = request(server_.url("/big.img"));
    const auto first = get(wanted);
    ASSERT_FALSE(first);
    expect_error(first.error(), environment_.cache_dir.string(), "not enough space");
    expect_nothing_half();
    make_room();
    const auto second = get(wanted);
    ASSERT_TRUE(second) << second.error().text();
    EXPECT_EQ(text_of(target_), noise(2 * kMiB));
}

TEST_F(SmallFileSystem, ForTheInstanceTheDownloadIsKept) {
    target_ = mounted_ / "image";
    server_.set("/big.img", {.body = noise(2 * kMiB)});
    Request wanted = request(server_.url("/big.img"));
    wanted.digest = sha256(noise(2 * kMiB));
    const auto first = get(wanted);
    ASSERT_FALSE(first);
    expect_error(first.error(), target_.string(), "no space left on device");
    expect_nothing_half();
    make_room();
    const auto second = get(wanted);
    ASSERT_TRUE(second) << second.error().text();
    EXPECT_EQ(second->outcome, Outcome::kUsedCache);
    EXPECT_EQ(server_.count("GET", "/big.img"), 1U);
}

TEST_F(SmallFileSystem, ForACopyOfADisk) {
    const Path source = dir_.path() / "disk";
    const Path target = mounted_ / "disk";
    write(source, noise(2 * kMiB));
    const auto first = store::copy_sparse(source, target);
    ASSERT_FALSE(first);
    expect_error(first.error(), target.string(), "no space left on device");
    EXPECT_TRUE(fs::list_names(mounted_)->empty());
    make_room();
    ASSERT_TRUE(store::copy_sparse(source, target));
    EXPECT_EQ(text_of(target), noise(2 * kMiB));
}

}  // namespace
}  // namespace lima::fetch
