#include "core/base/process.hpp"
#include "core/base/version.hpp"
#include "tests/unit/core/instance/fixture.hpp"

#include <sys/stat.h>

namespace lima::instance {
namespace {

class CreateTest : public InstanceTest {
protected:
    static mode_t mode_of(const Path& path) {
        struct stat status{};
        EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
        return status.st_mode & 07777;
    }
    void expect_nothing_left() { EXPECT_FALSE(fs::exists_nofollow(dir())); }
};

TEST_F(CreateTest, WritesTheTextAsItIs) {
    const std::string yaml = null_yaml("cpus: 2   # two\nmemory: 1GiB\n");
    const auto instance = make(yaml);
    ASSERT_TRUE(instance) << instance.error().text();
    EXPECT_EQ(instance->status, store::status::kStopped);
    EXPECT_EQ(instance->cpus, 2);
    EXPECT_TRUE(instance->errors.empty());
    EXPECT_EQ(text_of(file("lima.yaml")), yaml);
    EXPECT_EQ(text_of(file("lima-version")), version());
    EXPECT_EQ(mode_of(dir()), 0700U);
    EXPECT_EQ(mode_of(file("lima.yaml")), 0644U);
    EXPECT_EQ(mode_of(file("lima-version")), 0444U);
    EXPECT_EQ(fs::list_names(dir()).value(),
              (std::vector<std::string>{".lock", "lima-version", "lima.yaml"}));
}

TEST_F(CreateTest, MakesTheHomeForTheOwnerOnly) {
    ASSERT_TRUE(fs::remove_tree(home_.lima_home()));
    ASSERT_TRUE(make(null_yaml()));
    EXPECT_EQ(mode_of(home_.lima_home()), 0700U);
}

TEST_F(CreateTest, AGuestGetsItsReadableCloudConfig) {
    if (!find_program("ssh-keygen")) {
        GTEST_SKIP() << "no ssh-keygen";
    }
    const auto instance =
        make(disk_yaml("https://example.com/a.img", "vmOpts: {testdisk: {guest: true}}\n"));
    ASSERT_TRUE(instance) << instance.error().text();
    EXPECT_EQ(mode_of(file("cloud-config.yaml")), 0444U);
    EXPECT_NE(text_of(file("cloud-config.yaml")).find("#cloud-config"), std::string::npos);
    EXPECT_TRUE(fs::exists(home_.lima_home() / "_config" / "user.pub"));
}

TEST_F(CreateTest, AnExistingOneIsRefusedAndLeftAlone) {
    ASSERT_TRUE(make(null_yaml()));
    const auto again = make(null_yaml("cpus: 3\n"));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), Code::kAlreadyExists);
    EXPECT_EQ(text_of(file("lima.yaml")), null_yaml());
    ASSERT_TRUE(fs::make_dirs(dir("strange")));
    write(dir("strange") / "mine", "x");
    EXPECT_EQ(make(null_yaml(), "strange").error().code(), Code::kAlreadyExists);
    EXPECT_EQ(text_of(dir("strange") / "mine"), "x");
    write(home_.lima_home() / "plain", "x");
    EXPECT_FALSE(make(null_yaml(), "plain"));
    EXPECT_EQ(text_of(home_.lima_home() / "plain"), "x");
}

TEST_F(CreateTest, MistakesLeaveNothing) {
    EXPECT_EQ(make("").error().code(), Code::kInvalidArgument);
    const auto broken = make("cpus: [1\n");
    ASSERT_FALSE(broken);
    EXPECT_NE(broken.error().text().find("given.yaml"), std::string::npos) << broken.error().text();
    const auto wrong = make(null_yaml("memory: 4XB\n"));
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().text().find("memory"), std::string::npos);
    const auto unknown = make("vmType: hyperdrive\n");
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().text().find("hyperdrive"), std::string::npos);
    const auto imageless = make("vmType: testdisk\n");
    ASSERT_FALSE(imageless);
    EXPECT_NE(imageless.error().text().find("images"), std::string::npos);
    EXPECT_FALSE(make(null_yaml(), "a..b"));
    const auto deep = make(null_yaml(), std::string(76, 'a'));
    ASSERT_FALSE(deep);
    EXPECT_NE(deep.error().text().find("socket"), std::string::npos);
    EXPECT_TRUE(context_.home.instance_names()->empty());
}

TEST_F(CreateTest, OptionsOfTheDriverAreCheckedAgainstItsSchema) {
    const auto wrong = make(null_yaml("vmOpts:\n  \"null\":\n    exitCode: 300\n    oops: 1\n"));
    ASSERT_FALSE(wrong);
    const std::string& text = wrong.error().text();
    EXPECT_NE(text.find("given.yaml:4:15: field `vmOpts.null.exitCode` must be at most 255, got "
                        "300"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("given.yaml:5:11: field `vmOpts.null.oops` is unknown"), std::string::npos)
        << text;
    expect_nothing_left();
    // A template is checked too; another driver's options are not.
    EXPECT_FALSE(check_yaml(context_, "", null_yaml("vmOpts: {\"null\": {hangStop: 1}}\n"), "f"));
    EXPECT_TRUE(make(null_yaml("vmOpts: {\"null\": {exitCode: null}, other: {oops: 1}}\n")));
}

TEST_F(CreateTest, ADriverThatFailsLeavesNothing) {
    for (const char* step : {"configure", "validate", "create"}) {
        SCOPED_TRACE(step);
        const auto made =
            make(disk_yaml("https://example.com/a.img",
                           fmt::format("vmOpts: {{testdisk: {{fail: {}}}}}\n", step)));
        ASSERT_FALSE(made);
        EXPECT_NE(made.error().text().find(fmt::format("no {} today", step)), std::string::npos)
            << made.error().text();
        expect_nothing_left();
    }
}

TEST_F(CreateTest, AMissingDriverIsNamedWithThePlacesTried) {
    const test::ScopedEnv none("LIMA_DRIVERS_PATH", home_.home().string());
    const auto made =
        make("vmType: qemu\nimages: [{location: \"https://example.com/a.img\", arch: x86_64}]\n");
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().text().find(home_.home().string()), std::string::npos)
        << made.error().text();
    expect_nothing_left();
}

TEST_F(CreateTest, WhatAKilledCreateLeftIsTakenOver) {
    ASSERT_TRUE(fs::make_dirs(dir()));
    write(file(".unfinished"), "");
    write(file("lima.yaml"), "old: 1\n");
    write(file("vz-identifier"), "x");
    EXPECT_EQ(inspect(context_, "x").error().code(), Code::kNotFound);
    ASSERT_TRUE(make(null_yaml()));
    EXPECT_EQ(fs::list_names(dir()).value(),
              (std::vector<std::string>{".lock", "lima-version", "lima.yaml"}));
    // Killed even before it could set the mark.
    ASSERT_TRUE(fs::make_dirs(dir("blank")));
    EXPECT_NE(inspect(context_, "blank").error().text().find("is not complete"), std::string::npos);
    EXPECT_TRUE(make(null_yaml(), "blank"));
    ASSERT_TRUE(fs::make_dirs(dir("gone")));
    EXPECT_TRUE(remove(context_, "gone", false));
    EXPECT_FALSE(fs::exists(dir("gone")));
}

TEST_F(CreateTest, OfTwoAtOnceOneWins) {
    ASSERT_TRUE(fs::make_dirs(dir()));
    const Path lock = file(".lock");
    const Pipe pipe = make_pipe().value();
    SpawnOptions options;
    options.argv = {
        "sh", "-c",
        "exec 9<>\"$0\"; flock 9; echo \"$$ limactl create\" >\"$0\"; echo held; exec sleep 60",
        lock.string()};
    options.stdout_fd = pipe.write.get();
    Child child = spawn(options).value();
    ASSERT_TRUE(wait_readable(pipe.read.get(), std::chrono::seconds(10)).value());
    const auto made = make(null_yaml());
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), Code::kFailedPrecondition);
    EXPECT_NE(made.error().text().find("another command"), std::string::npos);
    EXPECT_TRUE(fs::exists(lock));
    ASSERT_TRUE(child.terminate(std::chrono::seconds(5)));
}

TEST_F(CreateTest, CheckYamlTouchesNothing) {
    EXPECT_TRUE(check_yaml(context_, "x", null_yaml(), "f.yaml"));
    const auto wrong = check_yaml(context_, "x", null_yaml("cpus: many\n"), "f.yaml");
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().text().find("f.yaml:2"), std::string::npos) << wrong.error().text();
    EXPECT_FALSE(check_yaml(context_, "x",
                            disk_yaml("/a", "vmOpts: {testdisk: {fail: validate}}\n"), "f.yaml"));
    // A template may be for a machine with other drivers.
    EXPECT_TRUE(check_yaml(
        context_, "", "images: [{location: \"https://example.com/a\", arch: x86_64}]\n", "f.yaml"));
    expect_nothing_left();
}

}  // namespace
}  // namespace lima::instance
