#include "core/ssh/keys.hpp"

#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <sys/stat.h>
#include <thread>

namespace lima::ssh {
namespace {

using testing::ElementsAre;

class SshKeys : public testing::Test {
protected:
    void SetUp() override {
        auto dir = fs::TempDir::create("lima-keys");
        ASSERT_TRUE(dir) << dir.error().text();
        temp_.emplace(std::move(*dir));
        config_ = temp_->path() / "home" / "_config";
    }
    static mode_t mode_of(const std::filesystem::path& path) {
        struct stat st{};
        EXPECT_EQ(::stat(path.c_str(), &st), 0) << path;
        return st.st_mode & 07777;
    }
    std::string text_of(const std::filesystem::path& path) const {
        return fs::read_file(path).value_or("");
    }
    void write(const std::string& name, const std::string& text) const {
        ASSERT_TRUE(fs::make_dirs((temp_->path() / name).parent_path()));
        ASSERT_TRUE(fs::write_file_atomic(temp_->path() / name, text));
    }

    std::optional<fs::TempDir> temp_;
    std::filesystem::path config_;
};

TEST_F(SshKeys, AreMadeOnce) {
    ASSERT_TRUE(ensure_identity(config_));
    EXPECT_EQ(mode_of(config_), 0700U);
    EXPECT_EQ(mode_of(config_ / "user"), 0600U);
    const std::string key = text_of(config_ / "user");
    EXPECT_THAT(key, testing::StartsWith("-----BEGIN OPENSSH PRIVATE KEY-----"));
    EXPECT_THAT(text_of(config_ / "user.pub"), testing::StartsWith("ssh-ed25519 AAAA"));
    EXPECT_THAT(text_of(config_ / "user.pub"), testing::EndsWith(" lima\n"));
    ASSERT_TRUE(ensure_identity(config_));
    EXPECT_EQ(text_of(config_ / "user"), key);
    const auto names = fs::list_names(config_);
    ASSERT_TRUE(names);
    EXPECT_THAT(*names, ElementsAre("user", "user.pub"));
}

TEST_F(SshKeys, AreTheSameForManyAtOnce) {
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] { good += ensure_identity(config_) ? 1 : 0; });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(good, 4);
    // both halves belong together
    SpawnOptions spawn;
    spawn.argv = {"ssh-keygen", "-y", "-f", (config_ / "user").native()};
    const auto output = run(std::move(spawn));
    ASSERT_TRUE(output);
    EXPECT_EQ(split(text_of(config_ / "user.pub"), ' ')[1], split(output->out, ' ')[1]);
}

TEST_F(SshKeys, GetTheirPublicHalfBack) {
    ASSERT_TRUE(ensure_identity(config_));
    const std::string before = split(text_of(config_ / "user.pub"), ' ')[1];
    std::filesystem::remove(config_ / "user.pub");
    ASSERT_TRUE(ensure_identity(config_));
    EXPECT_EQ(split(text_of(config_ / "user.pub"), ' ')[1], before);
}

TEST_F(SshKeys, BrokenPrivateKeyIsNamed) {
    write("home/_config/user", "not a key\n");
    const auto result = ensure_identity(config_);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().text(), testing::HasSubstr("ssh-keygen"));
}

TEST_F(SshKeys, PublicOnesStartWithOurs) {
    ASSERT_TRUE(ensure_identity(config_));
    const std::string own(trim(text_of(config_ / "user.pub")));
    const std::string blob = split(own, ' ')[1];
    write("me/.ssh/b.pub", "ssh-ed25519 " + blob + " b@host\n");
    write("me/.ssh/a.pub", "ssh-ed25519 " + blob + "\n");
    write("me/.ssh/wrong-algorithm.pub", "ssh-rsa " + blob + "\n");
    write("me/.ssh/two-lines.pub", "ssh-ed25519 " + blob + "\nssh-ed25519 " + blob + "\n");
    write("me/.ssh/noise.pub", "hello\n");
    write("me/.ssh/short.pub", "ssh-ed25519 AAAA\n");
    write("me/.ssh/private", "ssh-ed25519 " + blob + "\n");

    auto keys = public_keys(config_, false, temp_->path() / "me");
    ASSERT_TRUE(keys) << keys.error().text();
    EXPECT_THAT(*keys, ElementsAre(own));

    keys = public_keys(config_, true, temp_->path() / "me");
    ASSERT_TRUE(keys) << keys.error().text();
    EXPECT_THAT(*keys, ElementsAre(own, "ssh-ed25519 " + blob, "ssh-ed25519 " + blob + " b@host"));

    keys = public_keys(config_, true, temp_->path() / "nobody");
    ASSERT_TRUE(keys) << keys.error().text();
    EXPECT_THAT(*keys, ElementsAre(own));
}

TEST_F(SshKeys, MissingOrBrokenPublicKeyIsAnError) {
    EXPECT_FALSE(public_keys(config_, false, temp_->path()));
    write("home/_config/user.pub", "\n");
    const auto keys = public_keys(config_, false, temp_->path());
    ASSERT_FALSE(keys);
    EXPECT_EQ(keys.error().code(), Code::kFailedPrecondition);
}

}  // namespace
}  // namespace lima::ssh
