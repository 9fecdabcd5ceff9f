#include "core/hostagent/mount/mounts.hpp"

#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <csignal>

namespace lima::hostagent {
namespace {

using std::chrono::milliseconds;

/// ssh and the guest are shell scripts here: `ssh` runs what it is given on this host, where the
/// programs of the guest are ours and /proc/mounts can be written.
class MountsTest : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(fs::make_dirs(path("bin")));
        ASSERT_TRUE(fs::write_file_atomic(path("mounts"), ""));
        // The remote command is the last argument. `down` stands for a guest that does not answer.
        program("ssh", "[ ! -e " + path("down") + " ] || { echo 'ssh: refused' >&2; exit 255; }\n" +
                           "echo $$ >>" + path("ssh.pids") + "\nPATH=" + path("bin") +
                           ":$PATH exec sh -c \"$1\"");
        program("sudo", "shift; exec \"$@\"");
        program("fusermount3", "echo \"$@\" >>" + path("detached") + "; : >$MOUNTS");
        program("sshfs", "echo \"$@\" >>" + path("sshfs.args") +
                             "\necho \"x $2 fuse.sshfs rw 0 0\" >>$MOUNTS\n"
                             "while read -r line; do echo \"guest:$line\"; done");
        program("sftp-server", "echo $$ >>" + path("sftp.pids") + "\necho \"$@\" >>" +
                                   path("sftp.args") +
                                   "\necho ping\nread -r line\necho \"$line\" >>" +
                                   path("sftp.got") + "\nexec cat >/dev/null");
        setup_.timing.grace = milliseconds(300);
        setup_.timing.first_pause = milliseconds(20);
        setup_.timing.max_pause = milliseconds(100);
        setup_.timing.settled = milliseconds(0);
        setup_.config.mount_type = "reverse-sshfs";
        setup_.sftp_server_places = {path("bin/sftp-server")};
        setup_.shell_argv = [this](const std::string& command) {
            const std::string text = replace_all(command, "/proc/mounts", path("mounts"));
            return std::vector<std::string>{path("bin/ssh"), text};
        };
    }
    void TearDown() override { pool_.join(); }

    std::string path(const std::string& name) const { return (dir_.path() / name).string(); }
    void program(const std::string& name, const std::string& body) const {
        ASSERT_TRUE(fs::write_file_atomic(
            path("bin/" + name), "#!/bin/sh\nMOUNTS=" + path("mounts") + "\n" + body + "\n", 0755));
    }
    void add(const std::string& location, const std::string& point, bool writable = false) {
        config::Mount mount;
        mount.location = path(location);
        mount.mount_point = path(point);
        mount.writable = writable;
        setup_.config.mounts.push_back(std::move(mount));
    }
    std::vector<std::string> lines_of(const std::string& name) const {
        const std::string text = fs::read_file(path(name)).value_or(std::string());
        std::vector<std::string> out;
        for (const std::string_view line : lines(text)) {
            out.emplace_back(line);
        }
        return out;
    }
    static bool alive(const std::string& pid) { return process_id(std::stoi(pid)).has_value(); }

    /// Until the condition holds, ten seconds at most.
    asio::awaitable<bool> until(std::function<bool()> condition) {
        asio::steady_timer timer(loop_);
        for (int tries = 0; tries < 1000; ++tries) {
            if (condition()) {
                co_return true;
            }
            timer.expires_after(milliseconds(10));
            co_await timer.async_wait(asio::use_awaitable);
        }
        co_return false;
    }
    asio::awaitable<bool> lines_in(std::string name, std::size_t count) {
        std::function<bool()> condition = [this, name, count] {
            return lines_of(name).size() >= count;
        };
        co_return co_await until(std::move(condition));
    }
    /// Runs a test's body with the mounts, and closes them.
    using Body = asio::awaitable<void> (*)(MountsTest&, Mounts&);
    void run_test(Body body) {
        Mounts mounts(loop_.get_executor(), pool_, setup_);
        bool done = false;
        std::exception_ptr escaped;
        asio::co_spawn(loop_, whole(*this, mounts, body, &done),
                       [&escaped](const std::exception_ptr& error) { escaped = error; });
        loop_.run();
        EXPECT_FALSE(escaped);
        EXPECT_TRUE(done);
        for (const char* file : {"ssh.pids", "sftp.pids"}) {
            for (const std::string& pid : lines_of(file)) {
                EXPECT_FALSE(alive(pid)) << file << ": " << pid << " was left behind";
            }
        }
    }
    static asio::awaitable<void> whole(MountsTest& test, Mounts& mounts, Body body, bool* done) {
        co_await body(test, mounts);
        co_await mounts.close(test.guest_gone_);
        *done = true;
    }

    fs::TempDir dir_ = *fs::TempDir::create("lima-mounts");
    asio::io_context loop_{1};
    asio::thread_pool pool_{2};
    MountSetup setup_;
    bool guest_gone_ = false;

    friend asio::awaitable<void> carries(MountsTest&, Mounts&);
    friend asio::awaitable<void> refused(MountsTest&, Mounts&);
    friend asio::awaitable<void> comes_back(MountsTest&, Mounts&);
    friend asio::awaitable<void> later(MountsTest&, Mounts&);
    friend asio::awaitable<void> given_up(MountsTest&, Mounts&);
    friend asio::awaitable<void> much(MountsTest&, Mounts&);
    friend asio::awaitable<void> no_errors(MountsTest&, Mounts&);
    friend asio::awaitable<void> hangs(MountsTest&, Mounts&);
    friend asio::awaitable<void> checked(MountsTest&, Mounts&);
};

asio::awaitable<void> carries(MountsTest& test, Mounts& mounts) {
    const auto errors = co_await mounts.start();
    EXPECT_TRUE(errors.empty()) << (errors.empty() ? "" : errors[0].text());
    EXPECT_TRUE(co_await test.lines_in("sftp.got", 2));
}

TEST_F(MountsTest, BytesGoBothWaysAndTheEndIsClean) {
    add("host dir", "point");
    add("100%", "two", true);
    run_test(carries);
    EXPECT_EQ(lines_of("sftp.got"), (std::vector<std::string>{"guest:ping", "guest:ping"}));
    EXPECT_TRUE(std::filesystem::is_directory(path("host dir")));
    EXPECT_EQ(lines_of("sftp.args")[0], "-e -d " + path("host dir") + " -R");
    EXPECT_EQ(lines_of("sftp.args")[1], "-e -d " + path("100%%"));
    EXPECT_TRUE(lines_of("sshfs.args")[0].starts_with(":" + path("host dir")));
    // The last that was made is unmounted first.
    EXPECT_EQ(lines_of("detached"),
              (std::vector<std::string>{"-u -- " + path("two"), "-u -- " + path("point")}));
}

TEST_F(MountsTest, AGuestThatIsGoneIsNotAskedToUnmount) {
    add("host", "point");
    add("other", "two");
    guest_gone_ = true;
    run_test(carries);
    EXPECT_EQ(lines_of("detached"), std::vector<std::string>());
}

asio::awaitable<void> refused(MountsTest& test, Mounts& mounts) {
    const auto errors = co_await mounts.start();
    EXPECT_EQ(errors.size(), 2U);
    for (const Error& error : errors) {
        EXPECT_EQ(error.phase(), "mounts");
        EXPECT_FALSE(error.hint().empty());
    }
    EXPECT_NE(errors.at(0).text().find("fusermount3: mount failed: No such device"),
              std::string::npos);
    EXPECT_NE(errors.at(0).text().find("\"" + test.path("one") + "\""), std::string::npos);
    EXPECT_NE(errors.at(0).text().find("\"" + test.path("point") + "\""), std::string::npos);
    EXPECT_NE(errors.at(1).text().find("not a directory"), std::string::npos);
}

TEST_F(MountsTest, ARefusalNamesTheMountAndTheCause) {
    program("sshfs", "echo 'fusermount3: mount failed: No such device' >&2; exit 1");
    ASSERT_TRUE(fs::write_file_atomic(path("file"), ""));
    add("one", "point");
    add("file", "point2");
    run_test(refused);
}

asio::awaitable<void> comes_back(MountsTest& test, Mounts& mounts) {
    EXPECT_TRUE((co_await mounts.start()).empty());
    EXPECT_TRUE(co_await test.lines_in("sftp.got", 1));
    ::kill(std::stoi(test.lines_of("ssh.pids").at(0)), SIGKILL);
    EXPECT_TRUE(co_await test.lines_in("sftp.got", 2));
    ::kill(std::stoi(test.lines_of("sftp.pids").at(1)), SIGKILL);
    EXPECT_TRUE(co_await test.lines_in("sftp.got", 3));
    EXPECT_EQ(test.lines_of("sftp.pids").size(), 3U);
}

TEST_F(MountsTest, WhicheverSideEndsTheMountIsMadeAgain) {
    add("host", "point");
    run_test(comes_back);
    // What the dead sshfs left was detached before each new one.
    EXPECT_EQ(lines_of("detached")[0], "-u -z -- " + path("point"));
}

asio::awaitable<void> later(MountsTest& test, Mounts& mounts) {
    const auto errors = co_await mounts.start();
    EXPECT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors.at(0).code(), Code::kUnavailable);
    EXPECT_NE(errors.at(0).text().find("ssh: refused"), std::string::npos);
    std::filesystem::remove(test.path("down"));
    EXPECT_TRUE(co_await test.lines_in("sftp.got", 1));
}

TEST_F(MountsTest, AConnectionThatCannotBeMadeIsTriedAgain) {
    ASSERT_TRUE(fs::write_file_atomic(path("down"), ""));
    add("host", "point");
    run_test(later);
}

asio::awaitable<void> given_up(MountsTest& test, Mounts& mounts) {
    EXPECT_EQ((co_await mounts.start()).size(), 1U);
    asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds(400));
    co_await timer.async_wait(asio::use_awaitable);
    std::filesystem::remove(test.path("down"));
    timer.expires_after(milliseconds(300));
    co_await timer.async_wait(asio::use_awaitable);
    EXPECT_TRUE(test.lines_of("ssh.pids").empty());
    mounts.retry_now();
    EXPECT_TRUE(co_await test.lines_in("sftp.got", 1));
}

TEST_F(MountsTest, TryingHasAnEndUntilThereIsReasonToTryAgain) {
    ASSERT_TRUE(fs::write_file_atomic(path("down"), ""));
    setup_.timing.give_up_after = milliseconds(150);
    add("host", "point");
    run_test(given_up);
}

asio::awaitable<void> no_errors(MountsTest&, Mounts& mounts) {
    const auto errors = co_await mounts.start();
    EXPECT_TRUE(errors.empty()) << (errors.empty() ? "" : errors[0].text());
}

TEST_F(MountsTest, AnSshfsOfOldIsToldNonempty) {
    program("sshfs",
            "case $4 in *nonempty*) ;; *) echo 'fuse: if you are sure this is safe, use "
            "the nonempty mount option' >&2; exit 1 ;; esac\n"
            "echo \"x $2 fuse.sshfs rw 0 0\" >>$MOUNTS\nexec cat");
    add("host", "point");
    run_test(no_errors);
}

asio::awaitable<void> much(MountsTest& test, Mounts& mounts) {
    EXPECT_TRUE((co_await mounts.start()).empty());
    EXPECT_TRUE(co_await test.lines_in("sum", 1));
}

TEST_F(MountsTest, MuchDataArrivesWhole) {
    program("sshfs",
            "echo \"x $2 fuse.sshfs rw 0 0\" >>$MOUNTS\n"
            "head -c 50000000 | sha256sum >" +
                path("sum.tmp") + "\nmv " + path("sum.tmp") + " " + path("sum") +
                "\ncat >/dev/null");
    program("sftp-server", "head -c 50000000 /dev/zero | tr '\\0' x; exec cat >/dev/null");
    add("host", "point");
    run_test(much);
    EXPECT_TRUE(lines_of("sum").at(0).starts_with(
        "6e937662ccf4d140384f3153eb14d256794ed5091cbcea50931704bc7ed54f7f"))
        << lines_of("sum").at(0);
}

asio::awaitable<void> hangs(MountsTest&, Mounts& mounts) {
    const auto errors = co_await mounts.start();
    EXPECT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors.at(0).code(), Code::kDeadlineExceeded);
}

TEST_F(MountsTest, AnSshThatHangsIsEnded) {
    program("ssh", "echo $$ >>" + path("ssh.pids") + "; trap '' TERM; while :; do sleep 0.1; done");
    setup_.timing.mount = milliseconds(100);
    add("host", "point");
    run_test(hangs);
}

asio::awaitable<void> checked(MountsTest& test, Mounts& mounts) {
    const auto errors = co_await mounts.start();
    EXPECT_EQ(errors.size(), 1U);
    EXPECT_NE(errors.at(0).text().find(test.path("two")), std::string::npos);
    EXPECT_NE(errors.at(0).text().find("unknown filesystem type"), std::string::npos);
    EXPECT_NE(errors.at(0).hint().find("mountType"), std::string::npos);
}

TEST_F(MountsTest, ThoseOfTheDriverAreLookedFor) {
    setup_.config.mount_type = "9p";
    program("mount", "echo \"mount: unknown filesystem type '9p'.\" >&2; exit 32");
    program("dmesg", "true");
    ASSERT_TRUE(fs::write_file_atomic(path("mounts"), "lima-1 " + path("one") + " 9p rw 0 0\n"));
    add("h1", "one");
    add("h2", "two");
    run_test(checked);
}

TEST_F(MountsTest, PlainAndEmptyDoNothing) {
    program("ssh", "echo $$ >>" + path("called"));
    run_test(no_errors);
    setup_.config.plain = true;
    add("host", "point");
    loop_.restart();
    run_test(no_errors);
    EXPECT_TRUE(lines_of("called").empty());
}

TEST_F(MountsTest, TheBuiltinServerIsRefusedWithAHint) {
    add("host", "point");
    setup_.config.mounts[0].sshfs.sftp_driver = "builtin";
    static std::string hint;
    Body body = [](MountsTest&, Mounts& mounts) -> asio::awaitable<void> {
        const auto errors = co_await mounts.start();
        hint = errors.at(0).hint();
    };
    run_test(body);
    EXPECT_NE(hint.find("sftpDriver"), std::string::npos);
}

}  // namespace
}  // namespace lima::hostagent
