#include "core/cli/kit/edit_flags.hpp"

#include "core/cli/kit/complete_set.hpp"

#include <gtest/gtest.h>

namespace lima::cli {
namespace {

EditInput input() {
    EditInput in;
    in.home = "/home/me";
    in.params = {"rootful"};
    return in;
}

std::vector<std::string> expressions(const EditFlags& flags, const EditInput& in = input()) {
    auto edits = edit_expressions(flags, in);
    EXPECT_TRUE(edits) << edits.error().text();
    return edits ? edits->expressions : std::vector<std::string>{};
}

std::string error_of(const EditFlags& flags) {
    auto edits = edit_expressions(flags, input());
    return edits ? "" : edits.error().text();
}

TEST(EditFlags, NothingGivenIsNothing) { EXPECT_TRUE(expressions({}).empty()); }

TEST(EditFlags, SizesAreTheShortestDecimal) {
    EditFlags flags;
    flags.memory = 2;
    flags.disk = 0.5;
    EXPECT_EQ(expressions(flags),
              (std::vector<std::string>{".memory = \"2GiB\"", ".disk= \"0.5GiB\""}));
    flags.memory = 1e6;
    EXPECT_EQ(expressions(flags)[0], ".memory = \"1e+06GiB\"");
    flags.memory = 1.1;
    EXPECT_EQ(expressions(flags)[0], ".memory = \"1.1GiB\"");
}

TEST(EditFlags, OrderIsTheTablesNotTheCommandLines) {
    EditFlags flags;
    flags.shell = "/bin/zsh";
    flags.cpus = 3;
    flags.set = {".a=1", ".b=2"};
    flags.plain = true;
    EXPECT_EQ(expressions(flags),
              (std::vector<std::string>{".cpus = 3", ".a=1", ".b=2", ".plain = true",
                                        ".user.shell = \"/bin/zsh\""}));
}

TEST(EditFlags, MountsAreReversedAndMadeAbsolute) {
    EditFlags flags;
    flags.mount = Args{"~/a", "/b:w"};
    EXPECT_EQ(expressions(flags)[0],
              ".mounts = [{\"location\": \"/b\", \"mountPoint\": \"/b\", \"writable\": true},"
              "{\"location\": \"/home/me/a\", \"mountPoint\": \"/home/me/a\", \"writable\": "
              "false}] + .mounts");
}

TEST(EditFlags, MountFlagsThatContradictAreRefused) {
    EditFlags flags;
    flags.mount = Args{"/a"};
    flags.mount_none = true;
    EXPECT_EQ(
        error_of(flags),
        "error while processing flag `mount-none`: cannot be used with --mount or --mount-only");
    flags.mount_none = false;  // given as =false: as if not given
    EXPECT_EQ(error_of(flags), "");
    flags.mount_only = Args{"/b"};
    EXPECT_EQ(error_of(flags),
              "error while processing flag `mount`: cannot be used with --mount-only");
}

TEST(EditFlags, ParamsMustBeDefined) {
    EditFlags flags;
    flags.param = {"rootful=yes=no"};
    EXPECT_EQ(expressions(flags)[0], ".param[\"rootful\"] = \"yes=no\"");
    flags.param = {"other=1"};
    EXPECT_EQ(error_of(flags),
              "error while processing flag `param`: template does not define param `other`");
    flags.param = {"rootful"};
    EXPECT_NE(error_of(flags).find("NAME=VALUE"), std::string::npos);
}

TEST(EditFlags, Networks) {
    EditFlags flags;
    flags.network = Args{"lima:user-v2", "vzNAT"};
    EXPECT_EQ(
        expressions(flags)[0],
        ".networks += [{\"lima\": \"user-v2\"},{\"vzNAT\": true}] | .networks |= unique_by(.lima)");
    flags.network = Args{"bridged"};
    EXPECT_NE(error_of(flags).find("`network`"), std::string::npos);
}

TEST(EditFlags, PortForwards) {
    EditFlags flags;
    flags.port_forward = {"8080:80", "3000:3000, static=true"};
    EXPECT_EQ(
        expressions(flags)[0],
        ".portForwards += [{\"guestPort\": \"80\", \"hostPort\": \"8080\", \"static\": false},"
        "{\"guestPort\": \"3000\", \"hostPort\": \"3000\", \"static\": true}]");
    for (const char* bad : {"80", "1:2:3", ":80", "8080:80,udp"}) {
        flags.port_forward = {bad};
        EXPECT_NE(error_of(flags).find("`port-forward`"), std::string::npos) << bad;
    }
}

TEST(EditFlags, CreationFlagsAreIgnoredOnAnExistingInstance) {
    EditFlags flags;
    flags.arch = "aarch64";
    flags.containerd = "none";
    flags.cpus = 1;
    EditInput in = input();
    in.new_instance = false;
    const auto edits = edit_expressions(flags, in);
    ASSERT_TRUE(edits);
    EXPECT_EQ(edits->expressions, (std::vector<std::string>{".cpus = 1"}));
    EXPECT_EQ(edits->warnings.size(), 2U);
}

TEST(EditFlags, ContainerdModes) {
    EditFlags flags;
    flags.containerd = "system+user";
    EXPECT_EQ(expressions(flags)[0], ".containerd.user = true | .containerd.system = true");
    flags.containerd = "docker";
    EXPECT_NE(error_of(flags).find("user system user+system none"), std::string::npos);
}

TEST(EditFlags, AppliedToATextTheyChangeOnlyTheirLines) {
    EditFlags flags;
    flags.cpus = 2;
    flags.set = {".ssh.localPort=60022"};
    const std::string before = "# mine\nimages: [] # none\ncpus: 4  # many\nssh:\n  localPort: 0\n";
    const auto after = apply_edit_flags(flags, input(), before, "lima.yaml");
    ASSERT_TRUE(after) << after.error().text();
    EXPECT_EQ(*after, "# mine\nimages: [] # none\ncpus: 2  # many\nssh:\n  localPort: 60022\n");
}

TEST(EditFlags, MemorySizesToChooseFrom) {
    constexpr std::int64_t kGiB = std::int64_t(1) << 30;
    using Words = std::vector<std::string>;
    EXPECT_EQ(memory_sizes(16 * kGiB), (Words{"1.0", "2.0", "4.0", "8.0"}));
    EXPECT_EQ(memory_sizes(12 * kGiB), (Words{"1.0", "2.0", "4.0", "6.0"}));
    EXPECT_EQ(memory_sizes(2 * kGiB), (Words{"1.0"}));
    EXPECT_EQ(memory_sizes(kGiB), (Words{"0.5"}));
}

}  // namespace
}  // namespace lima::cli
