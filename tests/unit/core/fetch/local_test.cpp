#include "core/base/process.hpp"
#include "tests/support/temp_home.hpp"
#include "tests/unit/core/fetch/fetch_fixture.hpp"

#include <sys/stat.h>

namespace lima::fetch {
namespace {

class LocalTest : public FetchTest {
protected:
    void write(const Path& path, const std::string& text) {
        ASSERT_TRUE(fs::write_file_atomic(path, text));
    }
    /// Runs a tool of the host on the file: gzip, xz …
    static void tool(const std::vector<std::string>& argv) {
        SpawnOptions options;
        options.argv = argv;
        const auto output = run(options);
        ASSERT_TRUE(output) << output.error().text();
        ASSERT_TRUE(output->status.ok()) << output->err;
    }
    Path source_ = dir_.path() / "source.img";
};

TEST_F(LocalTest, APathAndAFileUrlAreCopied) {
    write(source_, "local");
    auto fetched = get(request(source_.string()));
    ASSERT_TRUE(fetched) << fetched.error().text();
    EXPECT_EQ(fetched->outcome, Outcome::kCopied);
    EXPECT_EQ(fetched->cache_path, source_);
    EXPECT_EQ(text_of(target_), "local");
    ASSERT_TRUE(fs::remove_tree(target_));
    ASSERT_TRUE(get(request("file://" + source_.string())));
    EXPECT_EQ(text_of(target_), "local");
    EXPECT_FALSE(fs::exists(environment_.cache_dir));
}

TEST_F(LocalTest, ATildeIsTheHome) {
    const test::ScopedEnv home("HOME", dir_.path().string());
    write(source_, "home");
    ASSERT_TRUE(get(request("~/source.img")));
    EXPECT_EQ(text_of(target_), "home");
    ASSERT_TRUE(fs::remove_tree(target_));
    EXPECT_FALSE(get(request("file://relative")));
}

TEST_F(LocalTest, TheDigestIsChecked) {
    write(source_, "local");
    Request wrong = request(source_.string());
    wrong.digest = sha256("other");
    const auto fetched = get(wrong);
    ASSERT_FALSE(fetched);
    EXPECT_NE(fetched.error().text().find(source_.string()), std::string::npos);
    EXPECT_FALSE(fs::exists(target_));
    wrong.digest = sha256("local");
    EXPECT_TRUE(get(wrong));
}

TEST_F(LocalTest, AMissingFileIsNamed) {
    const auto fetched = get(request(source_.string()));
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code(), Code::kNotFound);
    EXPECT_EQ(fetched.error().phase(), "download");
    EXPECT_NE(fetched.error().text().find(source_.string()), std::string::npos);
}

TEST_F(LocalTest, FourCompressionsAreUnpackedByNameAndByMagic) {
    const std::string content =
        std::string(200000, '\0') + noise(100000) + std::string(1 << 20, '\0');
    const struct {
        const char* program;
        const char* suffix;
    } kTools[] = {{"gzip", ".gz"}, {"bzip2", ".bz2"}, {"xz", ".xz"}, {"zstd", ".zst"}};
    for (const auto& [program, suffix] : kTools) {
        SCOPED_TRACE(program);
        if (!find_program(program)) {
            continue;
        }
        write(source_, content);
        tool({program, "-f", source_.string()});
        const Path packed = source_.string() + suffix;
        Request unpack = request(packed.string());
        unpack.decompress = true;
        unpack.sparse = true;
        ASSERT_TRUE(get(unpack));
        EXPECT_EQ(text_of(target_), content);
        struct stat status{};
        ASSERT_EQ(stat(target_.c_str(), &status), 0);
        EXPECT_LT(status.st_blocks * 512, 600000);
        ASSERT_TRUE(fs::remove_tree(target_));
        // Under a name that says nothing.
        std::filesystem::rename(packed, source_);
        unpack.location = source_.string();
        ASSERT_TRUE(get(unpack));
        EXPECT_EQ(text_of(target_), content);
        ASSERT_TRUE(fs::remove_tree(target_));
        // Not asked for: the bytes as they are.
        unpack.decompress = false;
        ASSERT_TRUE(get(unpack));
        EXPECT_EQ(text_of(target_), text_of(source_));
        ASSERT_TRUE(fs::remove_tree(target_));
        ASSERT_TRUE(fs::remove_tree(source_));
    }
}

TEST_F(LocalTest, DamagedArchivesLeaveNothing) {
    write(source_, noise(100000));
    tool({"gzip", "-f", source_.string()});
    const Path packed = source_.string() + ".gz";
    std::filesystem::resize_file(packed, 50000);
    Request unpack = request(packed.string());
    unpack.decompress = true;
    const auto cut = get(unpack);
    ASSERT_FALSE(cut);
    EXPECT_NE(cut.error().text().find("cannot decompress"), std::string::npos)
        << cut.error().text();
    write(packed, "<html>not found</html>");
    const auto page = get(unpack);
    ASSERT_FALSE(page);
    EXPECT_NE(page.error().text().find("not compressed"), std::string::npos) << page.error().text();
    EXPECT_TRUE(fs::list_names(target_.parent_path())->empty());
}

class ConvertTest : public LocalTest {
protected:
    void SetUp() override {
        if (!find_program("qemu-img")) {
            GTEST_SKIP() << "no qemu-img";
        }
        raw_ = noise(70000);
        raw_.resize(1 << 20);
        write(dir_.path() / "plain", raw_);
    }
    std::string image(const std::string& format) {
        const std::string path = (dir_.path() / ("image." + format)).string();
        tool({"qemu-img", "convert", "-f", "raw", "-O", format, (dir_.path() / "plain").string(),
              path});
        return text_of(path);
    }
    std::string raw_;
};

TEST_F(ConvertTest, AnUnsupportedFormatIsConvertedInTheCacheOnce) {
    server_.set("/a", {.body = image("qcow2")});
    Request wanted = request(server_.url("/a"));
    wanted.digest = sha256(image("qcow2"));
    wanted.image_formats = {"raw"};
    wanted.decompress = true;
    auto fetched = get(wanted);
    ASSERT_TRUE(fetched) << fetched.error().text();
    EXPECT_EQ(text_of(target_), raw_);
    const Path converted = entry(wanted.location) / "imgconv";
    EXPECT_EQ(text_of(converted / "raw"), raw_);
    EXPECT_EQ(text_of(converted / "raw.digest"), sha256(raw_));
    const auto time = std::filesystem::last_write_time(converted / "raw");
    ASSERT_TRUE(fs::remove_tree(target_));
    ASSERT_TRUE(get(wanted));
    EXPECT_EQ(std::filesystem::last_write_time(converted / "raw"), time);
    // A caller who can use it gets it as it is.
    ASSERT_TRUE(fs::remove_tree(target_));
    wanted.image_formats = {"qcow2", "raw"};
    ASSERT_TRUE(get(wanted));
    EXPECT_EQ(text_of(target_), image("qcow2"));
}

TEST_F(ConvertTest, ACompressedImageIsConvertedAfterUnpacking) {
    write(source_, image("vmdk"));
    tool({"gzip", "-f", source_.string()});
    Request wanted = request(source_.string() + ".gz");
    wanted.decompress = true;
    wanted.image_formats = {"raw"};
    auto fetched = get(wanted);
    ASSERT_TRUE(fetched) << fetched.error().text();
    EXPECT_EQ(text_of(target_), raw_);
    EXPECT_EQ(fs::list_names(target_.parent_path()).value(), (std::vector<std::string>{"image"}));
}

TEST_F(ConvertTest, AnImageWithABackingFileIsRefused) {
    const std::string overlay = (dir_.path() / "overlay").string();
    tool({"qemu-img", "create", "-f", "qcow2", "-F", "raw", "-b", (dir_.path() / "plain").string(),
          overlay});
    server_.set("/a", {.body = text_of(overlay)});
    Request wanted = request(server_.url("/a"));
    wanted.image_formats = {"raw"};
    const auto fetched = get(wanted);
    ASSERT_FALSE(fetched);
    EXPECT_NE(fetched.error().text().find("backing file"), std::string::npos)
        << fetched.error().text();
    EXPECT_FALSE(fs::exists(target_));
}

TEST_F(ConvertTest, AnIsoIsLeftAlone) {
    std::string iso(0x9000, '\0');
    iso.replace(0, 4, "KDMV");
    iso.replace(0x8001, 5, "CD001");
    server_.set("/a", {.body = iso});
    Request wanted = request(server_.url("/a"));
    wanted.image_formats = {"raw"};
    ASSERT_TRUE(get(wanted));
    EXPECT_EQ(text_of(target_), iso);
}

}  // namespace
}  // namespace lima::fetch
