#include "core/cli/kit/guest_script.hpp"

#include <gtest/gtest.h>

namespace lima::cli {
namespace {

config::Config config_with_mount(const char* location) {
    config::Config config;
    config.user.shell = "/bin/bash";
    config::Mount mount;
    mount.location = location;
    config.mounts.push_back(mount);
    return config;
}

GuestScriptInput base(const config::Config& config) {
    GuestScriptInput input;
    input.config = &config;
    input.host_cwd = "/home/me/project";
    input.host_home = "/home/me";
    return input;
}

TEST(GuestScript, GoesToTheHostsDirectoryWhenItIsMounted) {
    const auto config = config_with_mount("/home/me");
    EXPECT_EQ(guest_script(base(config)), "cd /home/me/project || cd /home/me ; exec /bin/bash -l");
}

TEST(GuestScript, GoesHomeWhenOnlyTheHomeIsMounted) {
    const auto config = config_with_mount("/home/me");
    auto input = base(config);
    input.host_cwd = "/srv";
    EXPECT_EQ(guest_script(input), "cd /home/me ; exec /bin/bash -l");
}

TEST(GuestScript, StaysWhereLoginPutsItWithoutMounts) {
    config::Config config;
    EXPECT_EQ(guest_script(base(config)), "false ; exec \"$SHELL\" -l");
}

TEST(GuestScript, ANeighbourWithTheSamePrefixIsNotMounted) {
    const auto config = config_with_mount("/home/me");
    auto input = base(config);
    input.host_cwd = "/home/melanie";
    input.host_home = "/home/melanie";
    EXPECT_EQ(guest_script(input), "false ; exec /bin/bash -l");
}

TEST(GuestScript, WorkdirMustBeEnterable) {
    config::Config config;
    auto input = base(config);
    input.workdir = "/tmp/a b";
    input.shell = "/bin/zsh";
    EXPECT_EQ(guest_script(input), "cd '/tmp/a b' || exit 1 ; exec /bin/zsh -l");
}

TEST(GuestScript, CommandsAreQuotedTwice) {
    config::Config config;
    auto input = base(config);
    input.shell = "/bin/sh";
    input.command = {"sh", "-c", "exit 7"};
    EXPECT_EQ(guest_script(input), "false ; exec /bin/sh -l -c 'sh -c '\"'\"'exit 7'\"'\"''");
}

TEST(GuestScript, LeadingAssignmentsStayAssignments) {
    config::Config config;
    auto input = base(config);
    input.shell = "/bin/sh";
    input.command = {"A=1 2", "env", "B=3 4"};
    EXPECT_EQ(guest_script(input),
              "false ; exec /bin/sh -l -c 'A='\"'\"'1 2'\"'\"' env '\"'\"'B=3 4'\"'\"''");
}

TEST(GuestScript, TheEnvironmentIsSetBeforeTheLoginShell) {
    config::Config config;
    auto input = base(config);
    input.shell = "/bin/sh";
    input.env = {"LANG=C", "X=a b"};
    EXPECT_EQ(guest_script(input), "false ; exec env LANG=C X='a b' /bin/sh -l");
}

}  // namespace
}  // namespace lima::cli
