#include "core/base/process.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "tests/support/temp_home.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lima {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Words = std::vector<std::string>;

Output shell(const std::string& script, SpawnOptions options = {}, std::string_view input = {}) {
    options.argv = {"sh", "-c", script};
    auto output = run(std::move(options), input, std::chrono::seconds(30));
    EXPECT_TRUE(output) << output.error().text();
    return output ? std::move(*output) : Output{};
}

const char* const kListFds =
    "for f in /proc/$$/fd/*; do [ -e \"$f\" ] && printf '%s ' \"${f##*/}\"; done";

TEST(Run, CapturesBothAndTheStatus) {
    const Output output = shell("echo out; echo err >&2; exit 3");
    EXPECT_EQ(output.out, "out\n");
    EXPECT_EQ(output.err, "err\n");
    EXPECT_EQ(output.status, (ExitStatus{3, 0}));
    EXPECT_EQ(output.status.text(), "exit status 3");
    EXPECT_EQ(output.status.shell_code(), 3);
    EXPECT_FALSE(output.status.ok());
}

TEST(Run, Signals) {
    const Output output = shell("kill -9 $$");
    EXPECT_EQ(output.status, (ExitStatus{0, 9}));
    EXPECT_EQ(output.status.text(), "signal 9 (Killed)");
    EXPECT_EQ(output.status.shell_code(), 137);
}

TEST(Run, MuchInputAndOutputAtOnce) {
    const std::string data(2 << 20, 'q');
    EXPECT_EQ(shell("cat", {}, data).out, data);
    EXPECT_EQ(shell("cat >&2; echo done", {}, data).err.size(), data.size());
}

TEST(Run, AChildThatDoesNotReadIsNoHarm) {
    const Output output = shell("exec <&-; echo deaf", {}, std::string(1 << 20, 'x'));
    EXPECT_EQ(output.out, "deaf\n");
    EXPECT_TRUE(output.status.ok());
}

TEST(Run, NoInputIsEndOfFile) {
    EXPECT_EQ(shell("cat; readlink /proc/self/fd/0").out, "/dev/null\n");
}

TEST(Run, AGrandchildThatKeepsThePipeIsNotWaitedFor) {
    const auto start = steady_clock::now();
    const Output output = shell("sleep 20 & echo $!");
    EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(10));
    kill(std::stoi(output.out), SIGKILL);
}

TEST(Run, TimeoutKillsTheWholeGroup) {
    const auto dir = fs::TempDir::create("run-");
    const std::string pid_path = (dir->path() / "pid").string();
    const auto start = steady_clock::now();
    const auto output = run({.argv = {"sh", "-c", "sleep 100 & echo $! >" + pid_path + "; wait"}},
                            {}, milliseconds(400));
    EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(10));
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code(), Code::kDeadlineExceeded);
    EXPECT_EQ(output.error().text(), "`sh` did not end within 400 ms");
    const pid_t grandchild = std::stoi(*fs::read_file(pid_path));
    if (const auto process = ForeignProcess::open(grandchild)) {
        EXPECT_TRUE(*process->wait_for(milliseconds(5000)));
    }
}

TEST(Run, TimeoutEndsAChildThatNeverStopsWriting) {
    const auto start = steady_clock::now();
    const auto output = run({.argv = {"yes"}}, {}, milliseconds(100));
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code(), Code::kDeadlineExceeded);
    EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(Run, CapturesOnlyWhatTheCallerLeftOpen) {
    auto pipe = make_pipe();
    SpawnOptions options;
    options.stdout_fd = pipe->write.get();
    const Output output = shell("echo out; echo err >&2", options);
    pipe->write.reset();
    EXPECT_EQ(output.out, "");
    EXPECT_EQ(output.err, "err\n");
    EXPECT_EQ(*read_all(pipe->read.get()), "out\n");
}

TEST(Spawn, MissingProgramsAreNamed) {
    const auto missing = spawn({.argv = {"no-such-program-here"}});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Code::kNotFound);
    EXPECT_EQ(missing.error().text(), "executable file `no-such-program-here` not found in $PATH");
    EXPECT_NE(missing.error().hint().find("PATH"), std::string::npos);
    EXPECT_EQ(spawn({.argv = {"/no/such/file"}}).error().code(), Code::kNotFound);
    EXPECT_EQ(spawn({.argv = {"/etc/passwd"}}).error().code(), Code::kPermissionDenied);
    EXPECT_FALSE(spawn({.argv = {"/"}}));
    EXPECT_FALSE(spawn({}));
}

TEST(Spawn, BadInterpreterAndDirectory) {
    const auto dir = fs::TempDir::create("spawn-");
    const auto script = dir->path() / "script";
    ASSERT_TRUE(fs::write_file_atomic(script, "#!/no/such/interpreter\n", 0755));
    const auto started = spawn({.argv = {script.string()}});
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().text().find("interpreter"), std::string::npos);
    SpawnOptions options{.argv = {"true"}};
    options.cwd = dir->path() / "missing";
    const auto nowhere = spawn(options);
    ASSERT_FALSE(nowhere);
    EXPECT_NE(nowhere.error().text().find("no directory " + options.cwd->string()),
              std::string::npos);
}

TEST(Spawn, WorkingDirectory) {
    const auto dir = fs::TempDir::create("spawn-");
    SpawnOptions options;
    options.cwd = dir->path();
    EXPECT_EQ(shell("pwd", options).out, fs::real_path(dir->path())->string() + "\n");
}

TEST(Spawn, ARelativeProgramIsRelativeToUs) {
    const auto dir = fs::TempDir::create("spawn-");
    SpawnOptions options{.argv = {std::filesystem::relative("/bin/true").string()}};
    options.cwd = dir->path();
    auto child = spawn(options);
    ASSERT_TRUE(child) << child.error().text();
    EXPECT_TRUE(child->wait()->ok());
}

TEST(Spawn, Environment) {
    const test::ScopedEnv ours("LIMA_TEST_OURS", "inherited");
    SpawnOptions options;
    options.extra_env = {{"EXTRA", "a b"}, {"LIMA_TEST_OURS", "replaced"}};
    EXPECT_EQ(shell("echo $LIMA_TEST_OURS").out, "inherited\n");
    EXPECT_EQ(shell("echo $LIMA_TEST_OURS-$EXTRA", options).out, "replaced-a b\n");
    SpawnOptions whole{.argv = {"env"}};
    whole.env = Words{"A=1", "B=2", "A_LONGER=3"};
    whole.extra_env = {{"A", "9"}};
    EXPECT_EQ(run(whole)->out, "B=2\nA_LONGER=3\nA=9\n");
}

TEST(Spawn, NothingIsInheritedButWhatIsNamed) {
    // A descriptor that somebody forgot to mark close-on-exec.
    const Fd leak(fcntl(open("/dev/null", O_RDONLY | O_CLOEXEC), F_DUPFD, 50));
    ASSERT_EQ(fcntl(leak.get(), F_GETFD), 0);
    EXPECT_EQ(shell(kListFds).out, "0 1 2 ");
    SpawnOptions options;
    options.inherit = {{leak.get(), 7}};
    EXPECT_EQ(shell(kListFds, options).out, "0 1 2 7 ");
}

TEST(Spawn, DescriptorsMayChangePlaces) {
    // Numbers of the child that are sources of others: 3 <-> 4, and stdout from a low number.
    const auto dir = fs::TempDir::create("spawn-");
    std::vector<Fd> files;
    std::string expected;
    SpawnOptions options;
    for (int i = 0; i < 4; ++i) {
        const fs::Path path = dir->path() / std::to_string(i);
        ASSERT_TRUE(fs::write_file_atomic(path, ""));
        files.emplace_back(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        // Rotate the numbers that we happen to have.
        options.inherit.emplace_back(files[i].get(), files[(i + 1) % files.size()].get());
    }
    std::string script;
    for (std::size_t i = 0; i < files.size(); ++i) {
        script += fmt::format("readlink /proc/$$/fd/{};", files[(i + 1) % files.size()].get());
        expected += fmt::format("{}/{}\n", fs::real_path(dir->path())->string(), i);
    }
    EXPECT_EQ(shell(script, options).out, expected);
    options.inherit = {{files[0].get(), 5}, {files[1].get(), 5}};
    options.argv = {"true"};
    EXPECT_FALSE(spawn(options));
    options.inherit = {{1000, 5}};
    EXPECT_FALSE(spawn(options));
}

TEST(Spawn, AnInheritedDescriptorAtItsOwnNumber) {
    auto pipe = make_pipe();
    const int number = pipe->write.get();
    SpawnOptions options;
    options.inherit = {{number, number}};
    shell(fmt::format("echo same >&{}", number), options);
    pipe->write.reset();
    EXPECT_EQ(*read_all(pipe->read.get()), "same\n");
}

TEST(Spawn, SignalsAreReset) {
    struct sigaction ignore{};
    struct sigaction old{};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &old);
    sigset_t block;
    sigset_t previous;
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &block, &previous);
    const Output output =
        shell("grep -E 'SigBlk|SigIgn' /proc/self/status; kill -PIPE $$; echo no");
    const Output terminated = shell("kill -TERM $$; echo no");
    pthread_sigmask(SIG_SETMASK, &previous, nullptr);
    sigaction(SIGPIPE, &old, nullptr);
    // Signals 32 and 33 are the C library's own; posix_spawn leaves them ignored.
    constexpr unsigned long long kOurs = 0x7FFFFFFF;
    const auto masks = lines(output.out);
    ASSERT_EQ(masks.size(), 2U) << output.out;
    for (const std::string_view mask : masks) {
        const std::string hex(mask.substr(mask.find('\t') + 1));
        EXPECT_EQ(std::stoull(hex, nullptr, 16) & kOurs, 0U) << mask;
    }
    EXPECT_EQ(output.status.signal, SIGPIPE);
    EXPECT_EQ(terminated.status.signal, SIGTERM);
}

/// Process group and session of a child that was started with these options, read from outside.
std::pair<pid_t, pid_t> group_and_session(SpawnOptions options) {
    options.argv = {"sleep", "100"};
    auto child = spawn(options);
    EXPECT_TRUE(child);
    const std::pair<pid_t, pid_t> result = {getpgid(child->pid()), getsid(child->pid())};
    EXPECT_EQ(child->terminate(milliseconds(2000))->signal, SIGTERM);
    return {result.first == child->pid() ? 0 : result.first,
            result.second == child->pid() ? 0 : result.second};
}

TEST(Spawn, GroupsAndSessions) {
    // 0 stands for "its own".
    EXPECT_EQ(group_and_session({}), std::pair(0, getsid(0)));
    EXPECT_EQ(group_and_session({.new_group = false}), std::pair(getpgrp(), getsid(0)));
    EXPECT_EQ(group_and_session({.new_session = true}), std::pair(0, 0));
}

TEST(Child, PidfdAndTimedWait) {
    auto pipe = make_pipe();
    SpawnOptions options{.argv = {"cat"}};
    options.stdin_fd = pipe->read.get();
    auto child = spawn(options);
    ASSERT_TRUE(child);
    pipe->read.reset();
    EXPECT_EQ(*child->wait_for(milliseconds(20)), std::nullopt);
    EXPECT_FALSE(*wait_readable(child->pidfd(), milliseconds(0)));
    EXPECT_EQ(fcntl(child->pidfd(), F_GETFD), FD_CLOEXEC);
    pipe->write.reset();
    EXPECT_TRUE(*wait_readable(child->pidfd(), milliseconds(5000)));
    EXPECT_EQ(*child->wait_for(milliseconds(0)), ExitStatus{});
    EXPECT_EQ(child->signal(SIGTERM).error().code(), Code::kNotFound);
}

TEST(Child, TerminateEscalates) {
    auto pipe = make_pipe();
    SpawnOptions options{
        .argv = {"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"}};
    options.stdout_fd = pipe->write.get();
    auto child = spawn(options);
    ASSERT_TRUE(child);
    ASSERT_TRUE(*wait_readable(pipe->read.get(), milliseconds(5000)));
    EXPECT_EQ(child->terminate(milliseconds(100))->signal, SIGKILL);
}

TEST(Foreign, PinsAProcess) {
    auto child = spawn({.argv = {"sleep", "100"}});
    const auto process = ForeignProcess::open(child->pid());
    ASSERT_TRUE(process) << process.error().text();
    EXPECT_EQ(process->id(), *process_id(child->pid()));
    EXPECT_GT(process->id().start_ticks, 0U);
    EXPECT_FALSE(*process->wait_for(milliseconds(10)));
    ASSERT_TRUE(process->signal(SIGTERM));
    EXPECT_TRUE(*process->wait_for(milliseconds(5000)));
    // Dead and not yet waited for: gone, for who asks now.
    EXPECT_EQ(ForeignProcess::open(child->pid()).error().code(), Code::kNotFound);
    EXPECT_EQ(child->wait()->signal, SIGTERM);
    EXPECT_EQ(process_id(child->pid()).error().code(), Code::kNotFound);
    EXPECT_EQ(process->signal(SIGTERM).error().code(), Code::kNotFound);
    EXPECT_FALSE(ForeignProcess::open(0));
    EXPECT_FALSE(ForeignProcess::open(-1));
}

TEST(Foreign, NamesWithBracketsAndSpaces) {
    const auto dir = fs::TempDir::create("name-");
    const fs::Path program = dir->path() / "a ) R 1 (";
    std::filesystem::copy_file(*find_program("sleep"), program);
    auto child = spawn({.argv = {program.string(), "100"}});
    ASSERT_TRUE(child) << child.error().text();
    const auto ours = process_id(getpid());
    const auto id = process_id(child->pid());
    ASSERT_TRUE(id) << id.error().text();
    EXPECT_GE(id->start_ticks, ours->start_ticks);
    ASSERT_TRUE(child->terminate(milliseconds(2000)));
}

TEST(FindProgram, LooksInPath) {
    const auto dir = fs::TempDir::create("path-");
    ASSERT_TRUE(
        fs::make_dirs(dir->path() / "a" / "tool"));  // a directory of that name is no program
    ASSERT_TRUE(fs::make_dirs(dir->path() / "b"));
    ASSERT_TRUE(fs::make_dirs(dir->path() / "c"));
    ASSERT_TRUE(fs::write_file_atomic(dir->path() / "b" / "tool", "", 0644));
    ASSERT_TRUE(fs::write_file_atomic(dir->path() / "c" / "tool", "", 0755));
    const std::string base = dir->path().string();
    const test::ScopedEnv path("PATH", base + "/a:" + base + "/b:" + base + "/c");
    EXPECT_EQ(*find_program("tool"), dir->path() / "c" / "tool");
    EXPECT_EQ(find_program("sh").error().code(), Code::kNotFound);
    EXPECT_EQ(*find_program("/bin/sh"), "/bin/sh");
    EXPECT_FALSE(find_program(""));
}

TEST(SplitShellWords, Table) {
    const std::pair<const char*, Words> table[] = {
        {"", {}},
        {"  \t\n ", {}},
        {"a b  c", {"a", "b", "c"}},
        {"'a b' \"c d\"", {"a b", "c d"}},
        {R"(a\ b)", {"a b"}},
        {R"("a\"b\\c\d")", {"a\"b\\c\\d"}},
        {R"('a\b')", {"a\\b"}},
        {R"(pre'mid'"post")", {"premidpost"}},
        {"'' x \"\"", {"", "x", ""}},
        {"a\\\nb", {"ab"}},
        {R"(ssh -o "ProxyCommand=nc -U '/x y'")", {"ssh", "-o", "ProxyCommand=nc -U '/x y'"}},
        {"$HOME *", {"$HOME", "*"}},
    };
    for (const auto& [text, words] : table) {
        const auto result = split_shell_words(text);
        ASSERT_TRUE(result) << text;
        EXPECT_EQ(*result, words) << text;
    }
    for (const char* bad : {"'a", "\"a", "a\\", "\"a\\\""}) {
        EXPECT_FALSE(split_shell_words(bad)) << bad;
    }
}

TEST(SplitShellWords, UndoesShellQuote) {
    for (const std::string& word : Words{"", "a b", "it's", "\"x\"", "\\", "$(y)", "new\nline"}) {
        EXPECT_EQ(*split_shell_words(shell_quote(word)), Words{word});
    }
}

TEST(Self, ExecutableAndInvocation) {
    EXPECT_EQ(self_executable().filename(), "base_test");
    EXPECT_TRUE(self_executable().is_absolute());
    EXPECT_TRUE(self_invocation().is_absolute());
    EXPECT_TRUE(std::filesystem::equivalent(self_invocation(), self_executable()));
}

}  // namespace
}  // namespace lima
