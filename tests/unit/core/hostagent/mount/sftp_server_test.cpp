#include "core/hostagent/mount/sftp_server.hpp"

#include "core/base/fs.hpp"
#include "tests/support/temp_home.hpp"

#include <gtest/gtest.h>

namespace lima::hostagent {
namespace {

using Argv = std::vector<std::string>;

TEST(SftpServer, ArgvDoublesPercentAndSaysReadOnly) {
    EXPECT_EQ(sftp_server_argv("/x/sftp-server", "/home/a b/100%", true),
              (Argv{"/x/sftp-server", "-e", "-d", "/home/a b/100%%"}));
    EXPECT_EQ(sftp_server_argv("/x/sftp-server", "/d", false),
              (Argv{"/x/sftp-server", "-e", "-d", "/d", "-R"}));
}

class FindSftpServer : public testing::Test {
protected:
    static void make_program(const std::filesystem::path& path) {
        ASSERT_TRUE(fs::make_dirs(path.parent_path()));
        ASSERT_TRUE(fs::write_file_atomic(path, "#!/bin/sh\n", 0755));
    }
    fs::TempDir dir_ = *fs::TempDir::create("lima-sftp");
};

TEST_F(FindSftpServer, InPathBeforeThePlaces) {
    make_program(dir_.path() / "bin/sftp-server");
    make_program(dir_.path() / "lib/sftp-server");
    const test::ScopedEnv path("PATH", (dir_.path() / "bin").string());
    EXPECT_EQ(*find_sftp_server({dir_.path() / "lib/sftp-server"}),
              dir_.path() / "bin/sftp-server");
}

TEST_F(FindSftpServer, TheFirstPlaceThatHasIt) {
    make_program(dir_.path() / "b/sftp-server");
    make_program(dir_.path() / "c/sftp-server");
    const test::ScopedEnv path("PATH", dir_.path().string());
    EXPECT_EQ(*find_sftp_server({dir_.path() / "a/sftp-server", dir_.path() / "b/sftp-server",
                                 dir_.path() / "c/sftp-server"}),
              dir_.path() / "b/sftp-server");
}

TEST_F(FindSftpServer, NowhereIsAnErrorWithAHint) {
    const test::ScopedEnv path("PATH", dir_.path().string());
    const auto found = find_sftp_server({dir_.path() / "a/sftp-server"});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), Code::kNotFound);
    EXPECT_NE(found.error().hint().find("install"), std::string::npos);
}

}  // namespace
}  // namespace lima::hostagent
