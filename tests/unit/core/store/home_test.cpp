#include "core/store/home.hpp"

#include "core/base/fs.hpp"
#include "core/base/version.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <unistd.h>

namespace lima::store {
namespace {

class HomeTest : public ::testing::Test {
protected:
    void SetUp() override { unsetenv("LIMA_HOME"); }
    void TearDown() override { unsetenv("LIMA_HOME"); }
    fs::TempDir dir_ = fs::TempDir::create("lima-home-").value();
};

TEST_F(HomeTest, TakesTheEnvironmentAndResolvesLinks) {
    ASSERT_TRUE(fs::make_dirs(dir_.path() / "real"));
    std::filesystem::create_directory_symlink(dir_.path() / "real", dir_.path() / "link");
    setenv("LIMA_HOME", (dir_.path() / "link").c_str(), 1);
    const auto home = Home::from_environment();
    ASSERT_TRUE(home);
    EXPECT_EQ(home->root(), fs::real_path(dir_.path() / "real").value());
}

TEST_F(HomeTest, KeepsAMissingDirectoryWithoutMakingIt) {
    setenv("LIMA_HOME", (dir_.path() / "none").c_str(), 1);
    const auto home = Home::from_environment();
    ASSERT_TRUE(home);
    EXPECT_EQ(home->root(), dir_.path() / "none");
    EXPECT_FALSE(fs::exists(dir_.path() / "none"));
    EXPECT_TRUE(home->instance_names()->empty());
}

TEST_F(HomeTest, FallsBackToDotLima) {
    const char* home = std::getenv("HOME");
    const std::string saved = home == nullptr ? "" : home;
    setenv("HOME", dir_.path().c_str(), 1);
    EXPECT_EQ(Home::from_environment()->root(), dir_.path() / ".lima");
    unsetenv("HOME");
    EXPECT_FALSE(Home::from_environment());
    setenv("HOME", saved.c_str(), 1);
}

TEST_F(HomeTest, ListsOnlyRealDirectoriesThatCanBeInstances) {
    for (const char* name : {"b", "a", "_config", ".hidden"}) {
        ASSERT_TRUE(fs::make_dirs(dir_.path() / name));
    }
    ASSERT_TRUE(fs::write_file_atomic(dir_.path() / "file", "x"));
    std::filesystem::create_directory_symlink(dir_.path() / "a", dir_.path() / "link");
    EXPECT_EQ(Home(dir_.path()).instance_names().value(), (std::vector<std::string>{"a", "b"}));
}

TEST(InstanceName, IsAnIdentifierThatIsNoFileName) {
    for (const char* good : {"default", "Default", "a.b-c_d", "0912"}) {
        EXPECT_TRUE(check_instance_name(good)) << good;
    }
    const std::string longest(76, 'a');
    EXPECT_TRUE(check_instance_name(longest));
    const std::string too_long(77, 'a');
    for (const std::string& bad : std::vector<std::string>{
             "", ".x", "_x", "a/b", "a..b", "-a", "a-", "a__b", "x.yaml", "x.YML", too_long}) {
        const auto result = check_instance_name(bad);
        ASSERT_FALSE(result) << bad;
        EXPECT_EQ(result.error().code(), Code::kInvalidArgument);
    }
}

TEST(SocketLength, CountsTheCharactersThatSshAdds) {
    const std::size_t room = 107 - std::string("/ssh.sock.1234567890123456").size();
    EXPECT_TRUE(check_socket_length("/" + std::string(room - 1, 'a')));
    const auto result = check_socket_length("/" + std::string(room, 'a'));
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().text().find("108"), std::string::npos);
}

// Of vector 18 of spec/config.md: what is used then is in core/config.
TEST_F(HomeTest, V18_AnInstanceWithALogOnlyWasMadeByAnOldVersion) {
    ASSERT_TRUE(fs::write_file_atomic(dir_.path() / "lima.yaml", "{}"));
    ASSERT_TRUE(fs::write_file_atomic(dir_.path() / "ha.stdout.log", ""));
    EXPECT_TRUE(is_existing_instance(dir_.path()));
    EXPECT_EQ(created_by_version(dir_.path()), "");
    for (const char* made_by : {"2.1.0", "<unknown>"}) {
        ASSERT_TRUE(fs::write_file_atomic(dir_.path() / "lima-version", made_by));
        EXPECT_EQ(created_by_version(dir_.path()), made_by);
    }
}

TEST_F(HomeTest, KnowsAnInstanceThatWasUsed) {
    EXPECT_FALSE(is_existing_instance(dir_.path()));
    EXPECT_EQ(created_by_version(dir_.path()), version());
    ASSERT_TRUE(fs::write_file_atomic(dir_.path() / "lima.yaml", "{}"));
    EXPECT_FALSE(is_existing_instance(dir_.path()));
    ASSERT_EQ(symlink("nowhere", (dir_.path() / "disk").c_str()), 0);
    EXPECT_TRUE(is_existing_instance(dir_.path()));
    EXPECT_EQ(created_by_version(dir_.path()), "");
    ASSERT_TRUE(fs::write_file_atomic(dir_.path() / "lima-version", "v1.2.3\n"));
    EXPECT_EQ(created_by_version(dir_.path()), "v1.2.3");
}

}  // namespace
}  // namespace lima::store
