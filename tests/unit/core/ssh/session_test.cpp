#include "core/ssh/session.hpp"

#include "core/base/fs.hpp"
#include "core/base/host.hpp"
#include "core/base/process.hpp"
#include "core/ssh/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <csignal>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace lima::ssh {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A TCP listener on a free port of the loopback, that accepts and then says nothing.
class Listener {
public:
    Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(fd_.get(), 5), 0);
        EXPECT_EQ(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
    }
    int port() const { return port_; }
    int fd() const { return fd_.get(); }
    void close() { fd_.reset(); }

private:
    Fd fd_;
    int port_ = 0;
};

/// OpenSSH's server for our own user, with a key of its own and one that may log in.
class Server {
public:
    static Server& instance() {
        static Server server;
        return server;
    }
    bool usable() const { return child_.pid() != 0; }
    const std::string& why_not() const { return why_not_; }
    SessionTarget target() const {
        SessionTarget target;
        target.port = port_;
        target.user = user_;
        target.identity = dir_ / "config" / "user";
        return target;
    }
    const std::filesystem::path& dir() const { return dir_; }

    ~Server() {
        if (usable()) {
            EXPECT_TRUE(child_.terminate(5s));
        }
    }

private:
    Server() {
        const auto started = start();
        if (!started) {
            why_not_ = started.error().text();
            child_ = {};
        }
    }
    Result<void> start() {
        auto temp = fs::TempDir::create("lima-sshd");
        if (!temp) {
            return fail(temp.error());
        }
        temp_.emplace(std::move(*temp));
        dir_ = temp_->path();
        std::filesystem::path program = "/usr/sbin/sshd";
        if (!fs::exists(program)) {
            LIMA_TRY(program, find_program("sshd"));
        }
        LIMA_TRY(const HostFacts host, host_facts());
        user_ = host.user;
        if (host.uid == 0) {
            LIMA_DO(fs::make_dirs("/run/sshd"));  // it insists when it is root
        }
        LIMA_DO(ensure_identity(dir_ / "config"));
        LIMA_DO(ensure_identity(dir_ / "host"));
        port_ = Listener().port();
        const std::string config =
            "ListenAddress 127.0.0.1\nPort " + std::to_string(port_) + "\nHostKey " +
            (dir_ / "host" / "user").native() + "\nAuthorizedKeysFile " +
            (dir_ / "config" / "user.pub").native() +
            "\nStrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\n";
        LIMA_DO(fs::write_file_atomic(dir_ / "sshd_config", config));
        SpawnOptions spawn;
        spawn.argv = {program.native(), "-D", "-e", "-f", (dir_ / "sshd_config").native()};
        LIMA_TRY(child_, lima::spawn(spawn));
        return wait_until_it_listens();
    }
    Result<void> wait_until_it_listens() {
        for (int tries = 0; tries < 100; ++tries) {
            auto session = Session::connect(target(), 10s);
            if (session) {
                return {};
            }
            if (session.error().code() != Code::kUnavailable) {
                return fail(session.error());
            }
            LIMA_TRY(const auto ended, child_.wait_for(50ms));
            if (ended) {
                child_ = {};
                return failf(Code::kFailedPrecondition, "sshd ended with {}", ended->text());
            }
        }
        return fail(Code::kDeadlineExceeded, "sshd does not listen");
    }

    std::optional<fs::TempDir> temp_;
    std::filesystem::path dir_;
    std::string user_;
    int port_ = 0;
    Child child_;
    std::string why_not_;
};

class SshSession : public testing::Test {
protected:
    void SetUp() override {
        if (!Server::instance().usable()) {
            GTEST_SKIP() << "no sshd for tests: " << Server::instance().why_not();
        }
    }
    static Session open() {
        auto session = Session::connect(Server::instance().target(), 20s);
        EXPECT_TRUE(session) << session.error().text();
        return std::move(session.value());
    }
};

TEST_F(SshSession, RunsCommandsOneAfterTheOther) {
    Session session = open();
    for (int i = 0; i < 5; ++i) {
        const auto result =
            session.run("echo out " + std::to_string(i) + "; echo err >&2; exit 7", "", 20s);
        ASSERT_TRUE(result) << result.error().text();
        EXPECT_EQ(result->exit_code, 7);
        EXPECT_EQ(result->out, "out " + std::to_string(i) + "\n");
        EXPECT_EQ(result->err, "err\n");
    }
}

TEST_F(SshSession, TellsTheSignalThatEndedACommand) {
    const auto result = open().run("kill -9 $$", "", 20s);
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_EQ(result->exit_code, 128 + SIGKILL);
}

TEST_F(SshSession, GivesInput) {
    const auto result = open().run("/bin/sh", "echo \"from stdin: $((6 * 7))\"\nexit 3\n", 20s);
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_EQ(result->out, "from stdin: 42\n");
    EXPECT_EQ(result->exit_code, 3);
}

TEST_F(SshSession, MovesMegabytesBothWays) {
    std::string data(3 * 1024 * 1024 + 5, '\0');
    std::uint32_t state = 1;
    for (char& c : data) {
        state = state * 1664525 + 1013904223;
        c = static_cast<char>(state >> 24);
    }
    const auto result = open().run("tee /dev/stderr", data, 60s);
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_EQ(result->exit_code, 0);
    EXPECT_TRUE(result->out == data);
    EXPECT_TRUE(result->err == data);
}

TEST_F(SshSession, CommandNeedNotReadItsInput) {
    Session session = open();
    const auto result = session.run("echo no; exit 5", std::string(8 * 1024 * 1024, 'x'), 30s);
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_EQ(result->exit_code, 5);
    EXPECT_EQ(result->out, "no\n");
    const auto next = session.run("echo yes", "", 20s);
    ASSERT_TRUE(next) << next.error().text();
    EXPECT_EQ(next->out, "yes\n");
}

TEST_F(SshSession, CommandThatTakesTooLongIsADeadline) {
    Session session = open();
    const auto begin = std::chrono::steady_clock::now();
    const auto result = session.run("sleep 100", "", 300ms);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kDeadlineExceeded);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
    const auto next = session.run("true", "", 1s);
    ASSERT_FALSE(next);
    EXPECT_EQ(next.error().code(), Code::kUnavailable);
}

TEST_F(SshSession, EndlessOutputDoesNotOutrunTheDeadline) {
    const auto result = open().run("yes", "", 300ms);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kDeadlineExceeded);
}

TEST_F(SshSession, IsInterruptedFromAnotherThread) {
    Session session = open();
    std::thread other([&] {
        std::this_thread::sleep_for(200ms);
        session.interrupt();
    });
    const auto begin = std::chrono::steady_clock::now();
    const auto result = session.run("sleep 100", "", 60s);
    other.join();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kCancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST_F(SshSession, ConnectionLostInACommandIsNotAnExitStatus) {
    // the command ends the server process of its own connection
    const auto result = open().run("kill -9 $PPID; sleep 5", "", 30s);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kUnavailable) << result.error().text();
}

TEST_F(SshSession, RefusedKeyIsPermissionDenied) {
    SessionTarget target = Server::instance().target();
    const auto other = Server::instance().dir() / "other";
    ASSERT_TRUE(ensure_identity(other));
    target.identity = other / "user";
    const auto session = Session::connect(target, 20s);
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().code(), Code::kPermissionDenied) << session.error().text();
    EXPECT_THAT(session.error().text(), HasSubstr("other/user"));
}

TEST_F(SshSession, MissingKeyIsNamed) {
    SessionTarget target = Server::instance().target();
    target.identity = "/nonexistent/key";
    const auto session = Session::connect(target, 20s);
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().code(), Code::kFailedPrecondition) << session.error().text();
    EXPECT_THAT(session.error().text(), HasSubstr("/nonexistent/key"));
}

SessionTarget nobody(int port) {
    SessionTarget target;
    target.port = port;
    target.user = "nobody";
    target.identity = "/nonexistent/key";
    return target;
}

TEST(SshConnect, NobodyListensIsUnavailable) {
    Listener listener;
    listener.close();
    const auto session = Session::connect(nobody(listener.port()), 5s);
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().code(), Code::kUnavailable);
    EXPECT_THAT(session.error().text(),
                HasSubstr("127.0.0.1 port " + std::to_string(listener.port())));
}

TEST(SshConnect, BannerThatNeverComesIsADeadline) {
    const Listener listener;
    const auto begin = std::chrono::steady_clock::now();
    const auto session = Session::connect(nobody(listener.port()), 200ms);
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().code(), Code::kDeadlineExceeded);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

// What QEMU's user network does when no sshd runs in the guest yet: it accepts, then hangs up.
TEST(SshConnect, HangingUpBeforeTheBannerIsUnavailable) {
    Listener listener;
    std::thread peer([&] {
        const Fd connection(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
        EXPECT_TRUE(connection);
    });
    const auto session = Session::connect(nobody(listener.port()), 10s);
    peer.join();
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().code(), Code::kUnavailable) << session.error().text();
}

TEST(SshConnect, IsCancelledByADescriptor) {
    const Listener listener;
    const Fd cancel(::eventfd(0, EFD_CLOEXEC));
    std::thread other([&] {
        std::this_thread::sleep_for(100ms);
        const std::uint64_t one = 1;
        EXPECT_EQ(::write(cancel.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
    });
    const auto session = Session::connect(nobody(listener.port()), 60s, cancel.get());
    other.join();
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().code(), Code::kCancelled);
}

}  // namespace
}  // namespace lima::ssh
