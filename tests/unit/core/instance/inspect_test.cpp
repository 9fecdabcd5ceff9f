#include "core/base/lock.hpp"
#include "tests/unit/core/instance/fixture.hpp"

#include <unistd.h>

namespace lima::instance {
namespace {

class InspectTest : public InstanceTest {
protected:
    store::Instance look() {
        auto instance = inspect(context_, "x");
        EXPECT_TRUE(instance) << instance.error().text();
        return instance ? *instance : store::Instance();
    }
};

TEST_F(InspectTest, AMissingOneIsNotFound) {
    for (const char* name : {"x", "odd"}) {
        ASSERT_TRUE(fs::make_dirs(dir("odd")));
        const auto instance = inspect(context_, name);
        ASSERT_FALSE(instance);
        EXPECT_EQ(instance.error().code(), Code::kNotFound);
        EXPECT_NE(instance.error().text().find(name), std::string::npos);
    }
    EXPECT_EQ(inspect(context_, "a..b").error().code(), Code::kInvalidArgument);
}

TEST_F(InspectTest, TellsWhatTheConfigSays) {
    ASSERT_TRUE(make(
        null_yaml("arch: aarch64\ncpus: 3\nmemory: 1GiB\ndisk: 10GiB\nssh: {localPort: 60099}\n"
                  "param: {k: v}\nenv: {A: \"{{.Param.k}} $PARAM_k\"}\nmessage: |\n  {{.Name}} "
                  "{{.Param.k}} {{.Status}} "
                  "{{.Instance.CPUs}}\nprobes: [{script: \"#!/bin/sh\\n$PARAM_k\"}]\n")));
    const store::Instance instance = look();
    EXPECT_EQ(instance.hostname, "lima-x");
    EXPECT_EQ(instance.dir, dir().string());
    EXPECT_EQ(instance.vm_type, "null");
    EXPECT_EQ(instance.arch, "aarch64");
    EXPECT_EQ(instance.cpus, 3);
    EXPECT_EQ(instance.memory, std::int64_t{1} << 30);
    EXPECT_EQ(instance.disk, std::int64_t{10} << 30);
    EXPECT_EQ(instance.ssh_local_port, 60099);
    EXPECT_EQ(instance.ssh_address, "127.0.0.1");
    EXPECT_EQ(instance.ssh_config_file, file("ssh.config").string());
    EXPECT_EQ(instance.param, (config::StringMap{{"k", "v"}}));
    EXPECT_EQ(instance.message, "x v Stopped 3\n");
    EXPECT_EQ(instance.status, store::status::kStopped);
    EXPECT_FALSE(instance.is_protected);
    ASSERT_TRUE(instance.config);
    EXPECT_EQ(instance.config->vm_type, "null");
    EXPECT_TRUE(instance.errors.empty());
}

TEST_F(InspectTest, DefaultAndOverrideCountAtEveryLook) {
    ASSERT_TRUE(make(null_yaml()));
    const Path config = home_.lima_home() / "_config";
    ASSERT_TRUE(fs::make_dirs(config));
    write(config / "default.yaml", "cpus: 1\n");
    EXPECT_EQ(look().cpus, 1);
    write(config / "override.yaml", "cpus: 2\n");
    EXPECT_EQ(look().cpus, 2);
    write(config / "override.yaml", "cpus: [\n");
    const store::Instance broken = look();
    ASSERT_EQ(broken.errors.size(), 1U);
    EXPECT_NE(broken.errors[0].find("override.yaml"), std::string::npos) << broken.errors[0];
}

TEST_F(InspectTest, ABrokenFileIsToldAndNotFatal) {
    ASSERT_TRUE(make(null_yaml()));
    write(file("lima.yaml"), "- no map\n");
    write(file("protected"), "");
    const PidFile agent = PidFile::create(file("ha.pid")).value();
    const store::Instance instance = look();
    EXPECT_EQ(instance.status, store::status::kUnknown);
    EXPECT_FALSE(instance.config);
    EXPECT_EQ(instance.hostname, "lima-x");
    EXPECT_EQ(instance.dir, dir().string());
    EXPECT_EQ(instance.errors.size(), 1U);
    EXPECT_TRUE(instance.is_protected);
    EXPECT_EQ(instance.host_agent_pid, getpid());
}

TEST_F(InspectTest, StatusComesFromTheLocks) {
    ASSERT_TRUE(make(null_yaml()));
    write(file("ha.pid"), std::to_string(getppid()) + "\n");
    EXPECT_EQ(look().status, store::status::kStopped);
    ASSERT_TRUE(fs::remove_if_exists(file("ha.pid")));
    const PidFile agent = PidFile::create(file("ha.pid")).value();
    EXPECT_EQ(look().status, store::status::kBroken);
    const PidFile driver = PidFile::create(file("null.pid")).value();
    const store::Instance running = look();
    EXPECT_EQ(running.status, store::status::kRunning);
    EXPECT_EQ(running.host_agent_pid, getpid());
    EXPECT_EQ(running.driver_pid, getpid());
    EXPECT_TRUE(running.errors.empty());
}

TEST_F(InspectTest, ThePortComesFromTheSshConfigWhenTheYamlHasNone) {
    ASSERT_TRUE(make(null_yaml()));
    EXPECT_EQ(look().ssh_local_port, 0);
    write(file("ssh.config"), "Host lima-x\n  IdentityFile x\n  Port 61234\n");
    EXPECT_EQ(look().ssh_local_port, 61234);
}

TEST_F(InspectTest, ABadMessageBreaksTheInstanceAndSaysSo) {
    ASSERT_TRUE(make(null_yaml("message: \"{{.Nonsense}}\"\n")));
    const store::Instance instance = look();
    EXPECT_EQ(instance.status, store::status::kBroken);
    ASSERT_EQ(instance.errors.size(), 1U);
    EXPECT_NE(instance.errors[0].find("Nonsense"), std::string::npos);
}

TEST_F(InspectTest, AnUnknownDriverBreaksTheInstance) {
    ASSERT_TRUE(make(disk_yaml("https://example.com/a.img")));
    const test::ScopedEnv none("LIMA_DRIVERS_PATH", home_.home().string());
    const store::Instance instance = look();
    EXPECT_FALSE(instance.errors.empty());
    EXPECT_NE(instance.errors[0].find("testdisk"), std::string::npos);
}

TEST_F(InspectTest, NetworksAreCheckedAgainstTheirFile) {
    EXPECT_TRUE(make(null_yaml("networks: [{lima: user-v2}]\n")));
    EXPECT_FALSE(fs::exists(home_.lima_home() / "_config" / "networks.yaml"));
    const auto wrong = make(null_yaml("networks: [{lima: nowhere}]\n"), "y");
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().text().find("nowhere"), std::string::npos);
}

}  // namespace
}  // namespace lima::instance
