#include "core/hostagent/copy_to_host.hpp"

#include "core/base/fs.hpp"
#include "tests/unit/core/hostagent/fake_guest.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace lima::hostagent {
namespace {

class CopyToHost : public testing::Test {
protected:
    std::vector<Error> copy(config::CopyToHost rule) {
        rules_ = {std::move(rule)};
        return copy_to_host(rules_, guest_, dir_.path());
    }
    static config::CopyToHost rule(std::string host) {
        config::CopyToHost out;
        out.guest = "/etc/it's.conf";
        out.host = std::move(host);
        return out;
    }

    fs::TempDir dir_ = *fs::TempDir::create("copy");
    FakeGuest guest_;
    std::vector<config::CopyToHost> rules_;
};

TEST_F(CopyToHost, WritesPrivateFilesAndMakesTheDirectory) {
    guest_.answers = {FakeGuest::exits(0, "secret\n")};
    EXPECT_TRUE(copy(rule("conf/kube.yaml")).empty());
    const auto path = dir_.path() / "conf" / "kube.yaml";
    EXPECT_EQ(*fs::read_file(path), "secret\n");
    struct stat status{};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_EQ(guest_.commands.front(), R"(env LANG=C LC_ALL=C cat '/etc/it'"'"'s.conf')");
}

TEST_F(CopyToHost, AsksSudoWhenDenied) {
    guest_.answers = {FakeGuest::exits(1, "", "cat: x: Permission denied\n"),
                      FakeGuest::exits(0, "text")};
    EXPECT_TRUE(copy(rule("f")).empty());
    EXPECT_EQ(*fs::read_file(dir_.path() / "f"), "text");
    EXPECT_TRUE(guest_.commands.back().starts_with("sudo -n env "));
}

TEST_F(CopyToHost, MissingIsAnErrorUnlessAllowed) {
    guest_.answers = {FakeGuest::exits(1, "", "cat: x: No such file or directory\n")};
    const auto errors = copy(rule("f"));
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_NE(errors[0].text().find("No such file"), std::string::npos);
    config::CopyToHost allowed = rule("f");
    allowed.skip_if_missing = true;
    EXPECT_TRUE(copy(allowed).empty());
    EXPECT_FALSE(fs::exists(dir_.path() / "f"));
}

TEST_F(CopyToHost, ALinkIsReplacedAndNotFollowed) {
    const auto victim = dir_.path() / "victim";
    ASSERT_TRUE(fs::write_file_atomic(victim, "old"));
    std::filesystem::create_symlink(victim, dir_.path() / "f");
    guest_.answers = {FakeGuest::exits(0, "new")};
    EXPECT_TRUE(copy(rule("f")).empty());
    EXPECT_EQ(*fs::read_file(victim), "old");
    EXPECT_EQ(*fs::read_file(dir_.path() / "f"), "new");
}

TEST_F(CopyToHost, DeletesOnlyWhatSaysSo) {
    guest_.answers = {FakeGuest::exits(0, "x")};
    copy(rule("f"));
    delete_copies(rules_, dir_.path());
    EXPECT_TRUE(fs::exists(dir_.path() / "f"));
    rules_[0].delete_on_stop = true;
    delete_copies(rules_, dir_.path());
    EXPECT_FALSE(fs::exists(dir_.path() / "f"));
}

}  // namespace
}  // namespace lima::hostagent
