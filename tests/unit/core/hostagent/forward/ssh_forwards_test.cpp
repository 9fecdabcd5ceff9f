#include "core/hostagent/forward/ssh_forwards.hpp"

#include "core/base/fd.hpp"
#include "core/base/fs.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <mutex>
#include <sys/socket.h>
#include <sys/un.h>

namespace lima::hostagent {
namespace {

using testing::ElementsAre;

ssh::Client client() {
    ssh::Client out;
    out.command = {"ssh"};
    return out;
}

ssh::Target target() {
    ssh::Target out;
    out.hostname = "lima-x";
    out.port = 2222;
    out.control_path = "/tmp/ssh.sock";
    return out;
}

/// From -T on, in one line.
std::string tail(const std::vector<std::string>& argv) {
    std::string out;
    bool found = false;
    for (const std::string& word : argv) {
        found = found || word == "-T" || word == "--";
        if (found) {
            out += (out.empty() ? "" : " ") + word;
        }
    }
    return out;
}

TEST(SshForwardArgv, ForwardCancelAndReverse) {
    const SshForward tcp{"127.0.0.1:8080", "127.0.0.1:80", false};
    EXPECT_EQ(tail(ssh_forward_argv(client(), target(), SshVerb::kForward, tcp)),
              "-T -O forward -L 127.0.0.1:8080:127.0.0.1:80 -N -f -p 2222 127.0.0.1 --");
    EXPECT_EQ(tail(ssh_forward_argv(client(), target(), SshVerb::kCancel, tcp)),
              "-T -O cancel -L 127.0.0.1:8080:127.0.0.1:80 -N -f -p 2222 127.0.0.1 --");
    const SshForward back{"/host.sock", "/guest.sock", true};
    EXPECT_EQ(tail(ssh_forward_argv(client(), target(), SshVerb::kForward, back)),
              "-T -O forward -R /guest.sock:/host.sock -N -f -p 2222 127.0.0.1 --");
}

class SshForwardsTest : public testing::Test {
protected:
    void run(asio::awaitable<void> work) {
        asio::co_spawn(loop_, std::move(work),
                       [](const std::exception_ptr& escaped) { EXPECT_FALSE(escaped); });
        loop_.restart();
        loop_.run();
    }
    SshForwards::Runner recorder() {
        return [this](const std::vector<std::string>& argv) -> Result<void> {
            const std::lock_guard lock(mutex_);
            calls_.push_back(tail(argv));
            return result_;
        };
    }

    asio::io_context loop_;
    asio::thread_pool pool_{1};
    std::mutex mutex_;
    std::vector<std::string> calls_;
    Result<void> result_;
};

TEST_F(SshForwardsTest, InOrderAgainAndCancelled) {
    SshForwards forwards(loop_.get_executor(), pool_, client(), target(), recorder());
    forwards.make_all();
    forwards.add({"127.0.0.1:1", "127.0.0.1:2", false});
    forwards.add({"127.0.0.1:3", "127.0.0.1:4", false});
    forwards.cancel("127.0.0.1:1");
    run(forwards.settle());
    forwards.make_all();
    run(forwards.settle());
    run(forwards.close());
    const std::string end = " -N -f -p 2222 127.0.0.1 --";
    EXPECT_THAT(calls_, ElementsAre("-T -O forward -L 127.0.0.1:1:127.0.0.1:2" + end,
                                    "-T -O forward -L 127.0.0.1:3:127.0.0.1:4" + end,
                                    "-T -O cancel -L 127.0.0.1:1:127.0.0.1:2" + end,
                                    "-T -O forward -L 127.0.0.1:3:127.0.0.1:4" + end,
                                    "-T -O cancel -L 127.0.0.1:3:127.0.0.1:4" + end));
    pool_.join();
}

TEST_F(SshForwardsTest, WithoutAMasterTheyWait) {
    SshForwards forwards(loop_.get_executor(), pool_, client(), target(), recorder());
    forwards.add({"127.0.0.1:1", "127.0.0.1:2", false});
    forwards.add({"127.0.0.1:3", "127.0.0.1:4", false});
    forwards.cancel("127.0.0.1:1");
    run(forwards.settle());
    EXPECT_TRUE(calls_.empty());
    forwards.make_all();
    run(forwards.settle());
    EXPECT_THAT(calls_, ElementsAre("-T -O forward -L 127.0.0.1:3:127.0.0.1:4 -N -f -p 2222 "
                                    "127.0.0.1 --"));
    pool_.join();
}

TEST_F(SshForwardsTest, StaleSocketsGoAndOtherFilesStay) {
    auto temp = fs::TempDir::create("fwd");
    ASSERT_TRUE(temp);
    const auto socket_path = temp->path() / "sub" / "a.sock";
    const auto file_path = temp->path() / "b.sock";
    ASSERT_TRUE(fs::make_dirs(socket_path.parent_path()));
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strcpy(name.sun_path, socket_path.c_str());
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    ASSERT_TRUE(fs::write_file_atomic(file_path, "mine"));

    SshForwards forwards(loop_.get_executor(), pool_, client(), target(), recorder());
    forwards.make_all();
    forwards.add({socket_path.string(), "/run/a.sock", false});
    forwards.add({file_path.string(), "/run/b.sock", false});
    run(forwards.settle());
    EXPECT_FALSE(fs::exists_nofollow(socket_path));
    EXPECT_TRUE(fs::exists_nofollow(file_path));
    pool_.join();
}

TEST_F(SshForwardsTest, SocketsOfAnEarlierAgentAreCancelledFirst) {
    SshForwards forwards(loop_.get_executor(), pool_, client(), target(), recorder());
    forwards.make_all();
    forwards.add({"/tmp/nowhere/a.sock", "/run/a.sock", false});
    run(forwards.settle());
    const std::string end = " -L /tmp/nowhere/a.sock:/run/a.sock -N -f -p 2222 127.0.0.1 --";
    EXPECT_THAT(calls_, ElementsAre("-T -O cancel" + end, "-T -O forward" + end));
    pool_.join();
}

TEST_F(SshForwardsTest, ReverseRemovesTheSocketInTheGuestFirst) {
    SshForwards forwards(loop_.get_executor(), pool_, client(), target(), recorder());
    forwards.make_all();
    forwards.add({"/host.sock", "/run/my socket", true});
    run(forwards.settle());
    EXPECT_THAT(calls_, ElementsAre("-T -O cancel -R /run/my socket:/host.sock -N -f -p 2222 "
                                    "127.0.0.1 --",
                                    "-- rm -f '/run/my socket'",
                                    "-T -O forward -R /run/my socket:/host.sock -N -f -p 2222 "
                                    "127.0.0.1 --"));
    pool_.join();
}

}  // namespace
}  // namespace lima::hostagent
