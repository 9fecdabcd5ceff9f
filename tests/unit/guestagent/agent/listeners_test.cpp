#include "guestagent/agent/listeners.hpp"

#include "guestagent/agent/clock.hpp"
#include "guestagent/agent/event_state.hpp"
#include "tests/unit/guestagent/agent/agent_support.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace lima::guestagent {
namespace {

class FilesTest : public ::testing::Test {
protected:
    FilesTest() : dir_(std::move(*fs::TempDir::create("lima-files"))) {}
    std::filesystem::path path(const char* name) const { return dir_.path() / name; }
    fs::TempDir dir_;
};

using UnixSocket = FilesTest;
using RuntimeDir = FilesTest;

TEST_F(UnixSocket, IsForItsOwnerAlone) {
    const mode_t old = ::umask(0);
    const uid_t owner = ::geteuid() == 0 ? 501 : ::geteuid();
    ASSERT_TRUE(fs::write_file_atomic(path("s"), "in the way"));
    const auto socket = listen_unix(path("s"), owner);
    ::umask(old);
    ASSERT_TRUE(socket) << socket.error().text();
    struct stat info{};
    ASSERT_EQ(::lstat(path("s").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode, static_cast<mode_t>(S_IFSOCK | 0600));
    EXPECT_EQ(info.st_uid, owner);
    EXPECT_TRUE(connect_unix(path("s")));
    EXPECT_FALSE(listen_unix(path(std::string(200, 'x').c_str()), owner));
}

TEST_F(UnixSocket, TakesOnlyWhoIsWelcome) {
    asio::io_context loop{1};
    auto socket = listen_unix(path("s"), ::geteuid());
    ASSERT_TRUE(socket);
    int asked = 0;
    std::vector<Fd> taken;
    Listener listener(
        loop.get_executor(), std::move(*socket), [&](int) { return ++asked != 1; },
        [&](Fd fd) {
            taken.push_back(std::move(fd));
            loop.stop();
        });
    listener.start();
    const auto first = connect_unix(path("s"));
    const auto second = connect_unix(path("s"));
    loop.run_for(std::chrono::seconds(10));
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(taken.size(), 1U);
    char byte = 0;
    EXPECT_EQ(::recv(first->get(), &byte, 1, 0), 0);  // refused: closed
    EXPECT_EQ(::recv(second->get(), &byte, 1, MSG_DONTWAIT), -1);
}

TEST(Vsock, IsOnlyForTheHost) {
    const auto pair = test::socket_pair();
    EXPECT_FALSE(is_from_host(pair.ours.get()));
}

TEST_F(RuntimeDir, IsMadeAndMustBeOurs) {
    ASSERT_TRUE(prepare_runtime_dir(path("new")));
    struct stat info{};
    ASSERT_EQ(::stat(path("new").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0755U);
    ASSERT_EQ(::chmod(path("new").c_str(), 0777), 0);
    EXPECT_EQ(prepare_runtime_dir(path("new")).error().code(), Code::kPermissionDenied);
    ASSERT_EQ(::chmod(path("new").c_str(), 0755), 0);
    std::filesystem::create_directory_symlink(path("new"), path("link"));
    EXPECT_FALSE(prepare_runtime_dir(path("link")));
    if (::geteuid() == 0) {
        ASSERT_EQ(::chown(path("new").c_str(), 501, 501), 0);
        EXPECT_EQ(prepare_runtime_dir(path("new")).error().code(), Code::kPermissionDenied);
    }
}

TEST_F(RuntimeDir, KeepsTheStateAndFollowsNoLink) {
    const EventState state(dir_.path());
    EXPECT_TRUE(state.load().empty());
    const std::vector<Port> ports{{"tcp", "::", 80}};
    state.save(ports);
    EXPECT_EQ(state.load(), ports);
    struct stat info{};
    ASSERT_EQ(::stat(path("event-state.json").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0644U);
    std::filesystem::rename(path("event-state.json"), path("other"));
    std::filesystem::create_symlink(path("other"), path("event-state.json"));
    EXPECT_TRUE(state.load().empty());
    state.save({});  // replaces the link, not what it leads to
    EXPECT_FALSE(std::filesystem::is_symlink(path("event-state.json")));
    EXPECT_NE(fs::read_file(path("other"))->find("80"), std::string::npos);
    ASSERT_TRUE(fs::write_file_atomic(path("event-state.json"), "{nonsense"));
    EXPECT_TRUE(state.load().empty());
}

TEST(Clock, IsSetWhenItIsFarOff) {
    using namespace std::chrono_literals;
    Nanoseconds set{};
    const ClockSetter setter = [&](Nanoseconds time) -> Result<void> {
        set = time;
        return {};
    };
    EXPECT_FALSE(sync_clock(10s, 10s + 100ms, setter).adjusted);
    EXPECT_EQ(sync_clock(10s, 10s - 100ms, setter).drift_ms, -100);
    EXPECT_EQ(set, Nanoseconds(0));
    const ClockSync ahead = sync_clock(10s, 10s + 100ms + 1ns, setter);
    EXPECT_TRUE(ahead.adjusted);
    EXPECT_EQ(ahead.drift_ms, 100);
    EXPECT_EQ(set, Nanoseconds(10s));
    const ClockSync refused = sync_clock(10s, 5s, [](Nanoseconds) -> Result<void> {
        return fail(Code::kPermissionDenied, "not root");
    });
    EXPECT_FALSE(refused.adjusted);
    EXPECT_EQ(refused.error, "not root");
    EXPECT_EQ(refused.drift_ms, -5000);
}

}  // namespace
}  // namespace lima::guestagent
