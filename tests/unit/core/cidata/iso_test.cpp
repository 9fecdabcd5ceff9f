#include "core/base/digest.hpp"
#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/cidata/cidata.hpp"
#include "tests/support/golden.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <sys/stat.h>

namespace lima::cidata {
namespace {

using testing::HasSubstr;
using Path = std::filesystem::path;

constexpr std::int64_t kTime = 1700000000;  // 2023-11-14 22:13:20 UTC

Entry entry(const std::string& path, const std::string& data, std::uint32_t mode = 0644) {
    return Entry{.path = path, .data = data, .source = {}, .mode = mode};
}

std::vector<Entry> sample() {
    return {entry("user-data", "#cloud-config\n"),
            entry("meta-data", "instance-id: iid-1\n"),
            entry("network-config", std::string(2048, 'n')),
            entry("boot.sh", std::string(2049, 'b'), 0755),
            entry("boot.Linux/05-lima-disks.sh", std::string(2047, 'd'), 0755),
            entry("boot.Linux/05-lima-mounts.sh", "mounts", 0755),
            entry("boot.essential.Linux/00-alpine-user-group.sh", "", 0755),
            entry("provision.system/00000000", "echo hello\n", 0755)};
}

class Iso : public testing::Test {
protected:
    void SetUp() override {
        auto dir = fs::TempDir::create("lima-iso");
        ASSERT_TRUE(dir) << dir.error().text();
        temp_.emplace(std::move(*dir));
        image_ = temp_->path() / "cidata.iso";
    }
    void write(const std::vector<Entry>& entries, const IsoOptions& options = {.time = kTime}) {
        const auto result = write_iso(image_, entries, options);
        ASSERT_TRUE(result) << result.error().text();
    }
    std::string image_bytes() const { return fs::read_file(image_).value_or(""); }

    static std::string tool(std::vector<std::string> argv) {
        SpawnOptions spawn;
        spawn.argv = std::move(argv);
        spawn.extra_env = {{"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}};
        const auto output = run(std::move(spawn));
        if (!output) {
            ADD_FAILURE() << output.error().text();
            return "";
        }
        EXPECT_TRUE(output->status.ok()) << output->status.text() << ": " << output->err;
        return output->out;
    }
    static bool have(const char* program) { return find_program(program).has_value(); }

    /// Unpacks by one of the two name spaces and returns path -> content.
    std::map<std::string, std::string> unpack(const char* without) const {
        const Path out = temp_->path() / "unpacked";
        EXPECT_TRUE(fs::remove_tree(out));
        EXPECT_TRUE(fs::make_dirs(out));
        tool({"bsdtar", "-x", "-f", image_.native(), "-C", out.native(), "--options",
              std::string("iso9660:!") + without});
        std::map<std::string, std::string> files;
        for (const auto& item : std::filesystem::recursive_directory_iterator(out)) {
            if (item.is_regular_file()) {
                files[std::filesystem::relative(item.path(), out).native()] =
                    fs::read_file(item.path()).value_or("?");
            }
        }
        return files;
    }

    std::optional<fs::TempDir> temp_;
    Path image_;
};

TEST_F(Iso, ListsAsExpected) {
    write(sample());
    std::string out = tool({"isoinfo", "-d", "-i", image_.native()});
    out += tool({"isoinfo", "-l", "-R", "-i", image_.native()});
    out += tool({"isoinfo", "-l", "-J", "-i", image_.native()});
    out += tool({"isoinfo", "-l", "-i", image_.native()});
    lima::test::expect_golden("cidata/listing.txt", out);
}

TEST_F(Iso, GivesContentByBothNameSpaces) {
    const auto entries = sample();
    write(entries);
    for (const Entry& each : entries) {
        EXPECT_EQ(tool({"isoinfo", "-R", "-i", image_.native(), "-x", "/" + each.path}), each.data)
            << each.path;
        EXPECT_EQ(tool({"isoinfo", "-J", "-i", image_.native(), "-x", "/" + each.path}), each.data)
            << each.path;
    }
}

TEST_F(Iso, HasTheLabelInLowerCase) {
    write(sample());
    const char* blkid = have("blkid") ? "blkid" : "/usr/sbin/blkid";
    if (!have(blkid)) {
        GTEST_SKIP() << "no blkid";
    }
    const std::string out = tool({blkid, "-p", "-o", "export", image_.native()});
    EXPECT_THAT(out, HasSubstr("LABEL=cidata\n"));
    EXPECT_THAT(out, HasSubstr("TYPE=iso9660\n"));
    // where a boot firmware or a small guest looks for it
    EXPECT_EQ(image_bytes().substr(16 * 2048 + 40, 6), "cidata");
}

TEST_F(Iso, KeepsModes) {
    if (!have("bsdtar")) {
        GTEST_SKIP() << "no bsdtar";
    }
    write(sample());
    const std::string out = tool({"bsdtar", "-tvf", image_.native()});
    EXPECT_THAT(out, testing::ContainsRegex("-rwxr-xr-x +1 0 +0 .* boot.sh\n"));
    EXPECT_THAT(out, testing::ContainsRegex("-rw-r--r-- +1 0 +0 .* user-data\n"));
    EXPECT_THAT(out, testing::ContainsRegex("drwxr-xr-x +2 0 +0 .* boot.Linux\n"));
    EXPECT_THAT(out, testing::ContainsRegex("drwxr-xr-x +5 0 +0 .* \\.\n"));
    EXPECT_THAT(out, HasSubstr("Nov 14  2023"));
}

TEST_F(Iso, IsTheSameForTheSameInput) {
    auto entries = sample();
    write(entries);
    const std::string first = image_bytes();
    EXPECT_EQ(first.size() % 2048, 0U);
    std::reverse(entries.begin(), entries.end());
    write(entries);
    EXPECT_EQ(sha256_hex(image_bytes()), sha256_hex(first));
    write(entries, {.time = kTime + 1});
    EXPECT_NE(sha256_hex(image_bytes()), sha256_hex(first));
}

TEST_F(Iso, TakesFilesFromTheDisk) {
    const std::string big(5 * 1024 * 1024 + 3, 'x');
    ASSERT_TRUE(fs::write_file_atomic(temp_->path() / "archive", big));
    auto entries = sample();
    entries.push_back(entry("nerdctl-full.tgz", ""));
    entries.back().source = temp_->path() / "archive";
    write(entries);
    EXPECT_EQ(tool({"isoinfo", "-R", "-i", image_.native(), "-x", "/nerdctl-full.tgz"}), big);
    // the same bytes as from memory
    const std::string streamed = sha256_hex(image_bytes());
    entries.back() = entry("nerdctl-full.tgz", big);
    write(entries);
    EXPECT_EQ(sha256_hex(image_bytes()), streamed);
}

TEST_F(Iso, KeepsTheOldImageWhenItFails) {
    write(sample());
    const std::string old = image_bytes();
    auto entries = sample();
    entries.push_back(entry("gone", ""));
    entries.back().source = temp_->path() / "no-such-file";
    const auto result = write_iso(image_, entries, {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kNotFound);
    EXPECT_THAT(result.error().text(), HasSubstr("no-such-file"));
    EXPECT_EQ(image_bytes(), old);
    EXPECT_THAT(fs::list_names(temp_->path()).value(), testing::ElementsAre("cidata.iso"));
}

TEST_F(Iso, IsForItsOwnerOnly) {
    write(sample());
    struct stat st{};
    ASSERT_EQ(::stat(image_.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0600U);
}

TEST_F(Iso, ReplacesADraftThatACrashLeft) {
    ASSERT_TRUE(fs::write_file_atomic(image_.native() + ".tmp", "half", 0644));
    write(sample());
    EXPECT_FALSE(fs::exists(image_.native() + ".tmp"));
}

TEST_F(Iso, RefusesWhatItCannotHold) {
    const auto refused = [&](const std::string& path) {
        const auto result = write_iso(image_, {entry("a/b", ""), entry(path, "")}, {});
        return !result && result.error().code() == Code::kInvalidArgument;
    };
    EXPECT_TRUE(refused(""));
    EXPECT_TRUE(refused("/etc/passwd"));
    EXPECT_TRUE(refused("x/../y"));
    EXPECT_TRUE(refused("x//y"));
    EXPECT_TRUE(refused("x/."));
    EXPECT_TRUE(refused("a"));      // a directory
    EXPECT_TRUE(refused("a/b"));    // twice
    EXPECT_TRUE(refused("a/b/c"));  // below a file
    EXPECT_TRUE(refused("1/2/3/4/5/6/7/8/9"));
    EXPECT_TRUE(refused(std::string(256, 'n')));
    EXPECT_FALSE(refused("1/2/3/4/5/6/7/8"));
    EXPECT_FALSE(refused(std::string(255, 'n')));
    EXPECT_FALSE(write_iso(image_, {}, {.label = std::string(33, 'x')}));
    EXPECT_FALSE(write_iso(image_, {}, {.label = ""}));
}

TEST_F(Iso, HoldsDatesOfEveryInput) {
    for (const std::int64_t time : {std::int64_t(-1), std::int64_t(0), std::int64_t(1) << 40}) {
        write(sample(), {.time = time});
        EXPECT_THAT(tool({"isoinfo", "-R", "-f", "-i", image_.native()}), HasSubstr("/boot.sh\n"));
    }
}

TEST_F(Iso, TellsApartNamesThatTheOldRulesWouldNot) {
    std::vector<Entry> entries;
    for (int i = 0; i < 150; ++i) {  // also more than one sector of directory
        entries.push_back(
            entry("d/a-long-name-number-" + std::to_string(i) + ".sh", std::to_string(i)));
    }
    write(entries);
    const std::string listing = tool({"isoinfo", "-f", "-i", image_.native()});
    std::vector<std::string_view> plain = lines(listing);
    EXPECT_EQ(plain.size(), 151U);
    std::sort(plain.begin(), plain.end());
    EXPECT_EQ(std::unique(plain.begin(), plain.end()), plain.end());
    EXPECT_EQ(tool({"isoinfo", "-R", "-i", image_.native(), "-x", "/d/a-long-name-number-149.sh"}),
              "149");
}

/// A random tree: names that need care, sizes around a sector, deep directories.
std::map<std::string, std::string> random_tree(std::mt19937& random) {
    const auto pick = [&](int limit) {
        return static_cast<int>(random() % static_cast<unsigned>(limit));
    };
    const std::vector<std::string> stems = {"a",          "A",      "boot",  ".hidden",
                                            "with space", "läng",   "x.y.z", "UPPER.TXT",
                                            "日本語",     "trail.", "-dash", "00000001"};
    const std::vector<std::size_t> sizes = {0, 1, 2047, 2048, 2049, 4096, 70000};
    std::map<std::string, std::string> files;
    std::vector<std::string> directories = {""};
    const int count = 1 + pick(60);
    for (int i = 0; i < count; ++i) {
        std::string name = stems[static_cast<std::size_t>(pick(static_cast<int>(stems.size())))];
        if (pick(4) == 0) {
            name += std::string(static_cast<std::size_t>(pick(200)), 'n');
        }
        name += std::to_string(i);  // unique also where case does not count
        const std::string& parent =
            directories[static_cast<std::size_t>(pick(static_cast<int>(directories.size())))];
        if (pick(4) == 0 && std::count(parent.begin(), parent.end(), '/') < 6) {
            directories.push_back(parent + name + "/");
        } else {
            std::string data(sizes[static_cast<std::size_t>(pick(static_cast<int>(sizes.size())))],
                             '\0');
            for (char& c : data) {
                c = static_cast<char>(random());
            }
            files[parent + name] = std::move(data);
        }
    }
    return files;
}

TEST_F(Iso, HoldsAnyTree) {
    if (!have("bsdtar")) {
        GTEST_SKIP() << "no bsdtar";
    }
    for (unsigned seed = 1; seed <= 25; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        const auto files = random_tree(random);
        std::vector<Entry> entries;
        for (const auto& [path, data] : files) {
            entries.push_back(entry(path, data));
        }
        write(entries);
        EXPECT_EQ(unpack("joliet"), files);  // by Rock Ridge
        // Joliet's names are shorter, but content and number are the same
        std::multiset<std::string> contents;
        for (const auto& [path, data] : files) {
            contents.insert(data);
        }
        std::multiset<std::string> joliet;
        for (const auto& [path, data] : unpack("rockridge")) {
            joliet.insert(data);
        }
        EXPECT_EQ(joliet, contents);
        if (HasFailure()) {
            break;
        }
    }
}

}  // namespace
}  // namespace lima::cidata
