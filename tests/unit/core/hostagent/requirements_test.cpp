#include "core/hostagent/requirements.hpp"

#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

namespace lima::hostagent {
namespace {

PlanInput linux_guest() {
    PlanInput input;
    input.config.os = "Linux";
    input.instance_id = "iid-1700000000";
    return input;
}

std::vector<std::string> names(const std::vector<Requirement>& requirements) {
    std::vector<std::string> out;
    for (const Requirement& requirement : requirements) {
        out.push_back(requirement.description);
    }
    return out;
}

std::string describe(const Plan& plan) {
    std::string out;
    for (const auto* group : {&plan.essential, &plan.optional, &plan.final}) {
        for (const Requirement& it : *group) {
            out += fmt::format("== {} / {} / {}{}{}{}\nhint: {}\nrun: {}\n{}\n", it.group, it.phase,
                               it.description, it.fatal ? " fatal" : "",
                               it.uses_master ? " master" : "", it.with_params ? " params" : "",
                               it.hint, remote_command(it), it.script);
        }
    }
    for (const std::string& notice : plan.notices) {
        out += "notice: " + notice + "\n";
    }
    return out;
}

using List = std::vector<std::string>;

TEST(Requirements, LinuxGuest) {
    const Plan plan = plan_requirements(linux_guest());
    EXPECT_EQ(names(plan.essential),
              (List{"ssh", "user session is ready for ssh", "Explicitly start ssh ControlMaster"}));
    EXPECT_TRUE(plan.optional.empty());
    EXPECT_EQ(names(plan.final), List{"boot scripts must have finished"});
    EXPECT_FALSE(plan.essential[0].uses_master);
    EXPECT_FALSE(plan.essential[1].uses_master);
    EXPECT_TRUE(plan.essential[2].uses_master);
}

TEST(Requirements, EverythingAtOnce) {
    PlanInput input = linux_guest();
    input.config.mount_type = "reverse-sshfs";
    input.config.mounts.resize(1);
    input.config.containerd.user = true;
    input.config.guest_install_prefix = "/opt/it's";
    input.containerd_archive = true;
    config::Probe probe;
    probe.script = "#!/usr/bin/env python3\nimport sys\n";
    probe.hint = "look at it";
    config::Probe ignored;
    ignored.mode = "other";
    input.config.probes = {probe, ignored};
    const Plan plan = plan_requirements(input);
    EXPECT_EQ(names(plan.essential),
              (List{"ssh", "user session is ready for ssh", "sshfs binary to be installed",
                    "fuse to allow_other as user"}));
    EXPECT_EQ(names(plan.optional),
              (List{"systemd must be available", "containerd binaries to be installed",
                    "user probe 1/2"}));
    EXPECT_TRUE(plan.optional[0].fatal);
    test::expect_golden("core/hostagent/plan-everything.txt", describe(plan));
}

TEST(Requirements, ContainerdWithoutItsArchiveIsANotice) {
    PlanInput input = linux_guest();
    input.config.containerd.system = true;
    const Plan plan = plan_requirements(input);
    EXPECT_TRUE(plan.optional.empty());
    ASSERT_EQ(plan.notices.size(), 1U);
    EXPECT_NE(plan.notices[0].find("containerd"), std::string::npos);
}

TEST(Requirements, PlainLooksOnlyAtSshAndTheBootScripts) {
    PlanInput input = linux_guest();
    input.config.plain = true;
    input.config.containerd.user = true;
    input.containerd_archive = true;
    const Plan plan = plan_requirements(input);
    EXPECT_EQ(names(plan.essential), (List{"ssh", "Explicitly start ssh ControlMaster"}));
    EXPECT_TRUE(plan.optional.empty());
    EXPECT_TRUE(plan.notices.empty());
    EXPECT_EQ(plan.final.size(), 1U);
}

TEST(Requirements, OtherSystems) {
    PlanInput input = linux_guest();
    input.config.os = "FreeBSD";
    Plan plan = plan_requirements(input);
    EXPECT_EQ(plan.essential.size(), 2U);
    EXPECT_NE(plan.final[0].script.find("/var/run/lima-boot-done"), std::string::npos);
    input.config.os = "Windows";
    plan = plan_requirements(input);
    EXPECT_EQ(names(plan.essential), List{"ssh"});
    EXPECT_TRUE(plan.optional.empty() && plan.final.empty());
}

TEST(Requirements, InterpreterIsTheFirstLine) {
    EXPECT_EQ(interpreter_of("#!/bin/bash -eu\ntrue\n"), "/bin/bash -eu");
    EXPECT_EQ(interpreter_of("#! /bin/sh"), "/bin/sh");
    EXPECT_EQ(interpreter_of("true\n"), "/bin/sh");
}

/// The scripts are run here for what they do, with paths of this host in place of the guest's.
class Scripts : public testing::Test {
protected:
    Output run_script(Requirement requirement) {
        requirement.script =
            replace_all(requirement.script, "/run/lima-boot-done", marker_.string());
        requirement.script = replace_all(requirement.script, "tries=100", "tries=3");
        SpawnOptions options;
        options.argv = {"sh", "-c", remote_command(requirement)};
        return *run(options, requirement.script, std::chrono::seconds(20));
    }

    fs::TempDir dir_ = *fs::TempDir::create("req");
    std::filesystem::path marker_ = dir_.path() / "done";
};

TEST_F(Scripts, AMarkerMustHoldTheId) {
    const Requirement boot = plan_requirements(linux_guest()).final[0];
    Output output = run_script(boot);
    EXPECT_EQ(output.status.code, 1);
    EXPECT_EQ(output.err, marker_.string() + " is not there yet\n");
    ASSERT_TRUE(fs::write_file_atomic(marker_, "iid-1600000000\n"));
    output = run_script(boot);
    EXPECT_EQ(output.status.code, 1);
    EXPECT_EQ(output.err, marker_.string() + " holds 'iid-1600000000', not iid-1700000000\n");
    ASSERT_TRUE(fs::write_file_atomic(marker_, "iid-1700000000\n"));
    EXPECT_EQ(run_script(boot).status.code, 0);
    ASSERT_TRUE(fs::write_file_atomic(marker_, "iid-1700000000"));  // without newline
    EXPECT_EQ(run_script(boot).status.code, 0);
}

TEST_F(Scripts, AProbeRunsInItsInterpreterWithItsStdin) {
    Requirement probe;
    probe.with_params = true;
    probe.script =
        "#!/bin/bash\n[ -n \"$BASH_VERSION\" ] || exit 9\necho \"it's $((6 * 7))%\"\nexit 3\n";
    const Output output = run_script(probe);
    EXPECT_EQ(output.status.code, 3);
    EXPECT_EQ(output.out, "it's 42%\n");
}

}  // namespace
}  // namespace lima::hostagent
