#include "core/base/host.hpp"

#include "core/base/fs.hpp"
#include "tests/support/temp_home.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace lima {
namespace {

TEST(Host, Architectures) {
    EXPECT_EQ(normalize_arch("amd64"), "x86_64");
    EXPECT_EQ(normalize_arch("x86_64"), "x86_64");
    EXPECT_EQ(normalize_arch("arm64"), "aarch64");
    EXPECT_EQ(normalize_arch("arm"), "armv7l");
    EXPECT_EQ(normalize_arch("armv8l"), "armv7l");
    EXPECT_EQ(normalize_arch("riscv64"), "riscv64");
    EXPECT_EQ(normalize_arch("sparc"), "");
    EXPECT_EQ(normalize_arch(""), "");
    EXPECT_EQ(go_arch("x86_64"), "amd64");
    EXPECT_EQ(go_arch("aarch64"), "arm64");
    EXPECT_EQ(go_arch("armv7l"), "arm");
    EXPECT_EQ(go_arch("s390x"), "s390x");
}

TEST(Host, FactsOfThisMachine) {
    const test::ScopedEnv home("HOME", "/nobody/home");
    const test::ScopedEnv temp("TMPDIR", std::nullopt);
    const auto facts = host_facts();
    ASSERT_TRUE(facts) << facts.error().text();
    EXPECT_EQ(facts->os, "linux");
    EXPECT_EQ(normalize_arch(facts->arch), facts->arch);
    EXPECT_GE(facts->cpus, 1);
    EXPECT_GT(facts->memory, 64 << 20);
    EXPECT_EQ(facts->uid, getuid());
    EXPECT_EQ(facts->gid, getgid());
    EXPECT_EQ(facts->home, "/nobody/home");
    EXPECT_EQ(facts->temp_dir, "/tmp");
    EXPECT_FALSE(facts->machine_id.empty());
    EXPECT_EQ(facts->comment.find(','), std::string::npos);
}

class TimezoneTest : public ::testing::Test {
protected:
    TimezoneTest() : dir_(std::move(*fs::TempDir::create("tz-"))) {
        files_ = {dir_.path() / "timezone", dir_.path() / "localtime", dir_.path() / "zones"};
        EXPECT_TRUE(fs::make_dirs(files_.zones / "Etc"));
        EXPECT_TRUE(fs::make_dirs(files_.zones / "Area"));
        EXPECT_TRUE(fs::write_file_atomic(files_.zones / "Etc" / "UTC", "TZif2"));
        EXPECT_TRUE(fs::write_file_atomic(files_.zones / "Area" / "Town", "TZif2"));
        EXPECT_TRUE(fs::write_file_atomic(files_.zones / "leap-seconds", "# text"));
    }
    fs::TempDir dir_;
    TimezoneFiles files_;
};

TEST_F(TimezoneTest, TheFileComesFirst) {
    std::filesystem::create_symlink(files_.zones / "Etc" / "UTC", files_.link);
    EXPECT_EQ(host_timezone(files_), "Etc/UTC");
    ASSERT_TRUE(fs::write_file_atomic(files_.name, "Area/Town\n"));
    EXPECT_EQ(host_timezone(files_), "Area/Town");
    ASSERT_TRUE(fs::write_file_atomic(files_.name, "Area/Nowhere\n"));
    EXPECT_EQ(host_timezone(files_), "Etc/UTC");
    ASSERT_TRUE(fs::write_file_atomic(files_.name, " \n"));
    EXPECT_EQ(host_timezone(files_), "Etc/UTC");
}

TEST_F(TimezoneTest, LinksThatTellNothing) {
    EXPECT_EQ(host_timezone(files_), "");
    std::filesystem::create_symlink("/proc/self/status", files_.link);
    EXPECT_EQ(host_timezone(files_), "");
}

TEST_F(TimezoneTest, Names) {
    EXPECT_TRUE(zone_exists("Area/Town", files_.zones));
    EXPECT_TRUE(zone_exists("UTC", files_.zones));
    for (const char* bad : {"", "Area", "leap-seconds", "../zones/Etc/UTC", "/etc/passwd"}) {
        EXPECT_FALSE(zone_exists(bad, files_.zones)) << bad;
    }
}

}  // namespace
}  // namespace lima
