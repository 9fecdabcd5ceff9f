// The guest's scripts, run under the shells that guests have, with their state below a directory of
// the test's own.
#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

namespace lima::cidata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Path = std::filesystem::path;
using Shell = std::vector<std::string>;

const Path kScripts = Path(LIMA_SOURCE_DIR) / "core" / "cidata" / "guest";

std::vector<Path> all_scripts() {
    std::vector<Path> out;
    for (const auto& item : std::filesystem::recursive_directory_iterator(kScripts)) {
        if (item.is_regular_file()) {
            out.push_back(item.path());
        }
    }
    EXPECT_GT(out.size(), 25U);
    return out;
}

/// A seed of a few modules, a user's home, and a root for the state.
class Boot : public testing::TestWithParam<Shell> {
protected:
    void SetUp() override {
        if (!find_program(GetParam().front())) {
            GTEST_SKIP() << "no " << GetParam().front();
        }
        auto dir = fs::TempDir::create("lima-boot");
        ASSERT_TRUE(dir) << dir.error().text();
        temp_.emplace(std::move(*dir));
        seed_ = temp_->path() / "seed";
        root_ = temp_->path() / "root";
        bin_ = temp_->path() / "bin";
        for (const char* name : {"run", "etc"}) {
            ASSERT_TRUE(fs::make_dirs(root_ / name));
        }
        ASSERT_TRUE(fs::make_dirs(home()));
        for (const char* name : {"boot.sh", "util/compare_version.sh", "util/escape_fstab.sh",
                                 "util/unescape_fstab.sh"}) {
            take(name);
        }
        env_ = {"LIMA_CIDATA_IID=iid-42",
                "LIMA_CIDATA_PLAIN=",
                "LIMA_CIDATA_USER=" + user(),
                "LIMA_CIDATA_UID=" + std::to_string(::getuid()),
                "LIMA_CIDATA_HOME=" + home().native(),
                "LIMA_CIDATA_PASSWORDLESS_SUDO=1",
                "LIMA_CIDATA_GUEST_INSTALL_PREFIX=" + (root_ / "usr/local").native(),
                "LIMA_CIDATA_SLIRP_GATEWAY=192.168.5.2",
                "LIMA_CIDATA_MOUNTTYPE=reverse-sshfs",
                "LIMA_CIDATA_UDP_DNS_LOCAL_PORT=0",
                "LIMA_CIDATA_TCP_DNS_LOCAL_PORT=0"};
        put("param.env", "");
        put("etc_environment", "#LIMA-START\n#LIMA-END\n");
        // what the guest has: sudo -iu USER [--preserve-env=LIST] [VARIABLE=VALUE] COMMAND
        program("sudo",
                "shift 2\nwhile :; do case $1 in --preserve-env=*) shift ;; *=*) export \"$1\"; "
                "shift ;; "
                "*) break ;; esac; done\nHOME=" +
                    home().native() + " exec \"$@\"\n");
    }

    Path home() const { return temp_->path() / "home"; }
    static std::string user() { return std::to_string(::getuid()); }  // chown takes numbers too
    void take(const std::string& name) const {
        put(name, fs::read_file(kScripts / name).value_or(""), 0755);
    }
    void put(const std::string& name, const std::string& text, mode_t mode = 0644) const {
        const Path path = seed_ / name;
        ASSERT_TRUE(fs::make_dirs(path.parent_path()));
        ASSERT_TRUE(fs::write_file_atomic(path, text, mode));
    }
    /// A script of the seed, to run with the shell under test.
    void script(const std::string& name, const std::string& text) const {
        put(name, "#!/bin/sh\n" + text, 0755);
    }
    void program(const std::string& name, const std::string& text) const {
        ASSERT_TRUE(fs::make_dirs(bin_));
        ASSERT_TRUE(fs::write_file_atomic(bin_ / name, "#!/bin/sh\n" + text, 0755));
    }
    std::string state(const std::string& name) const {
        return fs::read_file(root_ / name).value_or("(none)");
    }

    Output boot() {
        put("lima.env", join(env_, "\n") + "\n");
        return start({(seed_ / "boot.sh").native()}, {});
    }
    /// One module alone, with the variables.
    Output module(const std::string& name) {
        take(name);
        std::map<std::string, std::string> variables;
        for (const std::string& line : env_) {
            variables[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
        }
        return start({(seed_ / name).native()}, variables);
    }
    Output start(const Shell& command, const std::map<std::string, std::string>& variables) {
        SpawnOptions spawn;
        spawn.argv = GetParam();
        spawn.argv.insert(spawn.argv.end(), command.begin(), command.end());
        spawn.extra_env = variables;
        spawn.extra_env["LIMA_BOOT_ROOT"] = root_.native();
        spawn.extra_env["LIMA_CIDATA_MNT"] = seed_.native();
        spawn.extra_env["PATH"] =
            bin_.native() + ":" + (seed_ / "util").native() + ":/usr/bin:/bin:/usr/sbin:/sbin";
        auto output = run(std::move(spawn), {}, std::chrono::seconds(30));
        EXPECT_TRUE(output) << output.error().text();
        return output ? std::move(*output) : Output{};
    }

    std::optional<fs::TempDir> temp_;
    Path seed_;
    Path root_;
    Path bin_;
    std::vector<std::string> env_;
};

TEST_P(Boot, RunsEverythingInOrder) {
    const std::string log = "echo \"$(basename \"$0\")\" >>\"$LIMA_BOOT_ROOT/order\"\n";
    script("boot.essential.Linux/10-b.sh", log);
    script("boot.essential.Linux/00-a.sh", log);
    script("boot.Linux/05-c.sh", log);
    script("boot.Linux/notes.txt", log);
    script("provision.system/00000002", log);
    script("provision.user/00000001", log);
    put("provision.data/00000000", "data\n");
    env_.insert(env_.end(),
                {"LIMA_CIDATA_DATAFILE_00000000_PATH=" + (root_ / "new dir/file").native(),
                 "LIMA_CIDATA_DATAFILE_00000000_OWNER=" + user() + ":" + std::to_string(::getgid()),
                 "LIMA_CIDATA_DATAFILE_00000000_PERMISSIONS=640",
                 "LIMA_CIDATA_DATAFILE_00000000_OVERWRITE=true"});
    const Output output = boot();
    EXPECT_TRUE(output.status.ok()) << output.out << output.err;
    EXPECT_EQ(state("order"), "00-a.sh\n10-b.sh\n05-c.sh\n00000002\n.lima-user-script\n");
    EXPECT_EQ(state("new dir/file"), "data\n");
    struct stat st{};
    ASSERT_EQ(::stat((root_ / "new dir/file").c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0640U);
    EXPECT_EQ(state("run/lima-boot-done"), "iid-42\n");
    EXPECT_EQ(state("run/lima-boot-failed"), "(none)");
    EXPECT_EQ(state("run/lima-boot-progress"), "");
    EXPECT_THAT(state("run/lima-boot-steps"), testing::HasSubstr(" begin boot."));
    EXPECT_THAT(state("run/lima-boot-steps"),
                testing::ContainsRegex("[0-9]+[.][0-9]+ end boot[^ ]+ 0"));
    EXPECT_FALSE(fs::exists(home() / ".lima-user-script"));
    EXPECT_THAT(output.out, testing::ContainsRegex(
                                "LIMA 20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:"
                                "[0-5][0-9]Z\\| executing boot.Linux/05-c.sh\n"));
}

TEST_P(Boot, GoesOnAfterAFailureAndTellsIt) {
    ASSERT_TRUE(fs::write_file_atomic(root_ / "run/lima-boot-done", "iid-old\n"));
    ASSERT_TRUE(fs::write_file_atomic(root_ / "run/lima-boot-failed", "old 1\n"));
    script("boot.Linux/01-fails.sh", "exit 3\n");
    put("boot.Linux/02-no-interpreter.sh", "#!/no/such/shell\n", 0755);
    script("boot.Linux/03-looks.sh",
           "cat \"$LIMA_BOOT_ROOT/run/lima-boot-progress\" >\"$LIMA_BOOT_ROOT/seen\"\n"
           "test ! -e \"$LIMA_BOOT_ROOT/run/lima-boot-done\"\n");
    script("provision.system/00000000", "kill -9 $$\n");
    script("provision.user/00000001", "exit 4\n");
    const Output output = boot();
    EXPECT_EQ(output.status.code, 1) << output.err;
    EXPECT_EQ(state("seen"), "boot.Linux/03-looks.sh\n");
    const std::string failed = state("run/lima-boot-failed");
    EXPECT_THAT(failed, testing::StartsWith(
                            "boot.Linux/01-fails.sh 3\nboot.Linux/02-no-interpreter.sh 12"));
    EXPECT_THAT(failed,
                testing::EndsWith("\nprovision.system/00000000 137\nprovision.user/00000001 4\n"));
    EXPECT_EQ(state("run/lima-boot-done"), "iid-42\n");
    EXPECT_THAT(output.err, HasSubstr("WARNING: boot.Linux/01-fails.sh ended with status 3\n"));
}

TEST_P(Boot, ExportsWhatTheFilesSay) {
    env_.push_back("LIMA_CIDATA_COMMENT= spaces \"and\" $(quotes) ");
    put("param.env", "PARAM_ONE=1 'x'\nPARAM_TWO=\n");
    put("etc_environment",
        "#LIMA-START\nFOO=bar baz\n  export QUOTED=\"a b\" \nAPOSTROPHES='c d'\n# "
        "comment\nBAD-NAME=1\nnonsense\n"
        "LIMA_BOOT_ROOT=/\n#LIMA-END\n");
    script("boot.Linux/00-env.sh",
           "printf '%s|' \"$LIMA_CIDATA_COMMENT\" \"$PARAM_ONE\" \"$PARAM_TWO\" \"$FOO\" "
           "\"$APOSTROPHES\" \"$QUOTED\" >\"$LIMA_BOOT_ROOT/env\"\n"
           "command -v compare_version.sh >>\"$LIMA_BOOT_ROOT/env\"\n");
    const Output output = boot();
    EXPECT_TRUE(output.status.ok()) << output.err;
    EXPECT_EQ(state("env"), " spaces \"and\" $(quotes) |1 'x'||bar baz|c d|a b|" +
                                (seed_ / "util/compare_version.sh").native() + "\n");
    EXPECT_THAT(output.err, HasSubstr("not a variable: BAD-NAME=1\n"));
}

TEST_P(Boot, PlainSkipsOurModulesOnly) {
    env_.push_back("LIMA_CIDATA_PLAIN=1");
    script("boot.essential.Linux/00-a.sh", "echo a >>\"$LIMA_BOOT_ROOT/order\"\n");
    script("boot.Linux/00-b.sh", "echo b >>\"$LIMA_BOOT_ROOT/order\"\n");
    script("provision.system/00000000", "echo c >>\"$LIMA_BOOT_ROOT/order\"\n");
    EXPECT_TRUE(boot().status.ok());
    EXPECT_EQ(state("order"), "a\nc\n");
    EXPECT_EQ(state("run/lima-boot-done"), "iid-42\n");
}

TEST_P(Boot, GivesTheUserTheParametersAndNothingElse) {
    put("param.env", "PARAM_ONE=eins\nPARAM_TWO=zwei drei\n");
    program("sudo", "echo \"$*\" >>\"$LIMA_BOOT_ROOT/sudo\"\n");
    script("provision.user/00000000", "true\n");
    EXPECT_TRUE(boot().status.ok());
    EXPECT_THAT(state("sudo"),
                testing::StartsWith("-iu " + user() + " --preserve-env=PARAM_ONE,PARAM_TWO "));
    EXPECT_THAT(state("sudo"),
                testing::EndsWith(" " + (home() / ".lima-user-script").native() + "\n"));
}

TEST_P(Boot, KeepsAFileThatMayNotBeOverwritten) {
    const Path target = root_ / "etc/kept";
    ASSERT_TRUE(fs::write_file_atomic(target, "mine\n"));
    put("provision.data/00000000", "theirs\n");
    env_.insert(env_.end(), {"LIMA_CIDATA_DATAFILE_00000000_PATH=" + target.native(),
                             "LIMA_CIDATA_DATAFILE_00000000_OWNER=" + user(),
                             "LIMA_CIDATA_DATAFILE_00000000_PERMISSIONS=600",
                             "LIMA_CIDATA_DATAFILE_00000000_OVERWRITE=false"});
    EXPECT_TRUE(boot().status.ok());
    EXPECT_EQ(state("etc/kept"), "mine\n");
}

TEST_P(Boot, YqNeedsTheAgent) {
    put("provision.yq/00000000", ".a = 1");
    const Path target = root_ / "etc/conf.json";
    env_.insert(env_.end(), {"LIMA_CIDATA_YQ_PROVISION_00000000_PATH=" + target.native(),
                             "LIMA_CIDATA_YQ_PROVISION_00000000_OWNER=" + user(),
                             "LIMA_CIDATA_YQ_PROVISION_00000000_PERMISSIONS=600",
                             "LIMA_CIDATA_YQ_PROVISION_00000000_FORMAT=auto"});
    EXPECT_EQ(boot().status.code, 1);
    EXPECT_EQ(state("run/lima-boot-failed"), "provision.yq/00000000 1\n");
    // an agent that tells how it was called
    ASSERT_TRUE(fs::make_dirs(root_ / "usr/local/bin"));
    ASSERT_TRUE(fs::write_file_atomic(root_ / "usr/local/bin/lima-guestagent",
                                      "#!/bin/sh\necho \"$*\"\n", 0755));
    EXPECT_TRUE(boot().status.ok());
    EXPECT_EQ(state("etc/conf.json"), "yq --null-input --from-file " +
                                          (seed_ / "provision.yq/00000000").native() +
                                          " --output-format json\n");
}

TEST_P(Boot, SaysNothingIsDoneBeforeARestart) {
    script("boot.Linux/00-reboot.sh", ": >\"$LIMA_REBOOT_REQUIRED\"\n");
    boot();
    EXPECT_EQ(state("run/lima-boot-done"), "(none)");
}

TEST_P(Boot, ABrokenSeedStillEnds) {
    ASSERT_TRUE(fs::remove_if_exists(seed_ / "param.env"));
    const Output output = boot();
    EXPECT_NE(output.status.code, 0);
    EXPECT_THAT(state("run/lima-boot-failed"), testing::StartsWith("boot.sh "));
    EXPECT_EQ(state("run/lima-boot-done"), "iid-42\n");
}

TEST_P(Boot, HostsFileLeadsToTheHost) {
    const std::string before =
        "127.0.0.1 localhost\n10.0.0.9\thost.lima.internal\n::1 localhost\n# end";
    ASSERT_TRUE(fs::write_file_atomic(root_ / "etc/hosts", before));
    const std::string after =
        "127.0.0.1 localhost\n::1 localhost\n# end\n192.168.5.2 host.lima.internal\n";
    for (int i = 0; i < 2; ++i) {
        const Output output = module("boot.Linux/06-etc-hosts.sh");
        EXPECT_TRUE(output.status.ok()) << output.err;
        EXPECT_EQ(state("etc/hosts"), after);
    }
}

TEST_P(Boot, EnvironmentFileHasOurBlockOnce) {
    ASSERT_TRUE(fs::write_file_atomic(root_ / "etc/environment",
                                      "PATH=/bin\n#LIMA-START\nOLD=1\n#LIMA-END\nX=\"y\"\n"));
    put("etc_environment", "#LIMA-START\nFOO=bar baz\nBACK=\\slash\n#LIMA-END\n");
    for (int i = 0; i < 2; ++i) {
        const Output output = module("boot.Linux/07-etc-environment.sh");
        EXPECT_TRUE(output.status.ok()) << output.err;
        EXPECT_EQ(state("etc/environment"),
                  "PATH=/bin\nX=\"y\"\n#LIMA-START\nFOO=bar baz\nBACK=\\slash\n#LIMA-END\n");
        EXPECT_EQ(state("run/lima-ssh-ready"), "iid-42\n");
    }
    // without variables nothing of ours stays
    put("etc_environment", "#LIMA-START\n#LIMA-END\n");
    module("boot.Linux/07-etc-environment.sh");
    EXPECT_EQ(state("etc/environment"), "PATH=/bin\nX=\"y\"\n");
}

TEST_P(Boot, EnvironmentFileThatIsNotThereIsNotMade) {
    module("boot.Linux/07-etc-environment.sh");
    EXPECT_EQ(state("etc/environment"), "(none)");
    EXPECT_EQ(state("run/lima-ssh-ready"), "iid-42\n");
}

TEST_P(Boot, FuseLetsOtherUsersIn) {
    ASSERT_TRUE(fs::write_file_atomic(root_ / "etc/fuse.conf", "#user_allow_other\n"));
    for (int i = 0; i < 2; ++i) {
        const Output output = module("boot.Linux/35-setup-packages.sh");
        EXPECT_TRUE(output.status.ok()) << output.err;
        EXPECT_EQ(state("etc/fuse.conf"), "#user_allow_other\nuser_allow_other\n");
        EXPECT_EQ(state("run/lima-fuse-ready"), "iid-42\n");
    }
}

TEST_P(Boot, VersionsCompare) {
    const auto holds = [&](const std::string& a, const std::string& op, const std::string& b) {
        return start({(seed_ / "util/compare_version.sh").native(), a, op, b}, {}).status.code == 0;
    };
    EXPECT_TRUE(holds("6.1.0-18-amd64", "-ge", "5.13"));
    EXPECT_TRUE(holds("5.9", "-lt", "5.13"));
    EXPECT_TRUE(holds("1.2.0", "-eq", "1.2"));
    EXPECT_TRUE(holds("1.2.1", "-gt", "1.2"));
    EXPECT_TRUE(holds("10", "-ne", "9"));
    EXPECT_FALSE(holds("1.2", "-gt", "1.2.0"));
    EXPECT_FALSE(holds("5.13", "-lt", "5.13.0"));
}

TEST_P(Boot, FstabFieldsGoThereAndBack) {
    for (const std::string text :
         {"/plain", "/with space", "/tab\tand\\back", "/lit\\040eral", "/end\\"}) {
        const Output there = start({(seed_ / "util/escape_fstab.sh").native(), text}, {});
        const std::string field(trim(there.out));
        EXPECT_EQ(field.find_first_of(" \t"), std::string::npos) << field;
        const Output back = start({(seed_ / "util/unescape_fstab.sh").native(), field}, {});
        EXPECT_EQ(back.out, text + "\n");
    }
}

TEST_P(Boot, EveryScriptIsOfThisLanguage) {
    for (const Path& path : all_scripts()) {
        SpawnOptions spawn;
        spawn.argv = GetParam();
        spawn.argv.insert(spawn.argv.end(), {"-n", path.native()});
        const auto output = run(std::move(spawn));
        ASSERT_TRUE(output) << output.error().text();
        EXPECT_TRUE(output->status.ok()) << path << ": " << output->err;
    }
}

std::string shell_name(const testing::TestParamInfo<Shell>& info) { return info.param.front(); }

INSTANTIATE_TEST_SUITE_P(Shells, Boot, testing::Values(Shell{"dash"}, Shell{"busybox", "sh"}),
                         shell_name);

TEST(BootScripts, AreExecutableAndPassShellcheck) {
    const auto scripts = all_scripts();
    for (const Path& path : scripts) {
        struct stat st{};
        ASSERT_EQ(::stat(path.c_str(), &st), 0);
        EXPECT_EQ(st.st_mode & 0111, 0111U) << path;
        EXPECT_THAT(fs::read_file(path).value(), testing::StartsWith("#!/bin/sh\n")) << path;
        EXPECT_LE(path.filename().native().size(), 40U) << path;
    }
    if (!find_program("shellcheck")) {
        GTEST_SKIP() << "no shellcheck";
    }
    SpawnOptions spawn;
    spawn.argv = {"shellcheck", "-s", "sh"};
    for (const Path& path : scripts) {
        spawn.argv.push_back(path.native());
    }
    const auto output = run(std::move(spawn));
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_TRUE(output->status.ok()) << output->out;
}

}  // namespace
}  // namespace lima::cidata
