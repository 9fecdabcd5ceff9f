#include "core/instance/launch.hpp"

#include "tests/unit/core/instance/fixture.hpp"

#include <unistd.h>

namespace lima::instance {
namespace {

using LaunchTest = InstanceTest;
using Words = std::vector<std::string>;

store::Instance instance_at(const std::filesystem::path& dir) {
    store::Instance instance;
    instance.name = "x";
    instance.dir = dir.string();
    instance.config.emplace();
    instance.config->os = "Linux";
    instance.config->arch = "x86_64";
    return instance;
}

TEST_F(LaunchTest, CommandLine) {
    context_.hostagent = "/p/libexec/lima/lima-hostagent";
    const store::Instance instance = instance_at("/h/x");
    EXPECT_EQ(hostagent_argv(context_, instance, {}, false),
              (Words{"/p/libexec/lima/lima-hostagent", "--pidfile", "/h/x/ha.pid", "--socket",
                     "/h/x/ha.sock", "x"}));
    context_.debug = true;
    EXPECT_EQ(
        hostagent_argv(context_, instance, {.guest_agent = "/g", .nerdctl_archive = "/n"}, true),
        (Words{"/p/libexec/lima/lima-hostagent", "--debug", "--pidfile", "/h/x/ha.pid", "--socket",
               "/h/x/ha.sock", "--guestagent", "/g", "--nerdctl-archive", "/n", "--progress",
               "x"}));
}

TEST_F(LaunchTest, FindsTheGuestAgentOfThePrefix) {
    const auto prefix = home_.home() / "prefix";
    context_.self = prefix / "bin" / "limactl";
    const auto agent = prefix / "share" / "lima" / "lima-guestagent.Linux-x86_64.gz";
    store::Instance instance = instance_at(dir());
    EXPECT_EQ(find_launch_files(context_, instance).guest_agent, "");
    ASSERT_TRUE(fs::make_dirs(agent.parent_path()));
    write(agent, "gz");
    EXPECT_EQ(find_launch_files(context_, instance).guest_agent, agent);
    instance.config->plain = true;
    EXPECT_EQ(find_launch_files(context_, instance).guest_agent, "");
}

TEST_F(LaunchTest, FindsTheArchiveInTheCacheOnlyWhenItIsWanted) {
    store::Instance instance = instance_at(dir());
    const std::string url = "https://example.invalid/nerdctl-full.tgz";
    instance.config->containerd.archives = {{.location = url, .arch = "aarch64", .digest = ""},
                                            {.location = url, .arch = "x86_64", .digest = ""}};
    const auto entry = fetch::cache_entry(*fetch::default_cache_dir(), url);
    ASSERT_TRUE(fs::make_dirs(entry));
    write(entry / "data", "tgz");
    EXPECT_EQ(find_launch_files(context_, instance).nerdctl_archive, "");
    instance.config->containerd.user = true;
    EXPECT_EQ(find_launch_files(context_, instance).nerdctl_archive, entry / "data");
}

TEST_F(LaunchTest, LogsAreMadeAnew) {
    ASSERT_TRUE(fs::make_dirs(dir()));
    write(file("ha.stdout.log"), "old");
    const auto logs = fresh_logs(dir());
    ASSERT_TRUE(logs);
    EXPECT_EQ(text_of(file("ha.stdout.log")), "");
    ASSERT_TRUE(write_all(logs->err.get(), "new"));
    EXPECT_EQ(text_of(file("ha.stderr.log")), "new");
}

}  // namespace
}  // namespace lima::instance
