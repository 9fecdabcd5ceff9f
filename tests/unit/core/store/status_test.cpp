#include "core/store/status.hpp"

#include "core/base/fs.hpp"
#include "core/base/lock.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace lima::store {
namespace {

class StatusTest : public ::testing::Test {
protected:
    void touch(const char* name, const std::string& text = "x") {
        ASSERT_TRUE(fs::write_file_atomic(dir_.path() / name, text));
    }
    /// A socket file; the descriptor listens on it for as long as it lives.
    Fd listen_on(const char* name) {
        Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = (dir_.path() / name).string();
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(fd.get(), 1), 0);
        return fd;
    }
    fs::TempDir dir_ = fs::TempDir::create("lima-status-").value();
};

TEST_F(StatusTest, NoFilesIsStopped) {
    const Liveness state = liveness(dir_.path(), "qemu");
    EXPECT_EQ(state.status, status::kStopped);
    EXPECT_TRUE(state.errors.empty());
}

TEST_F(StatusTest, BothHeldIsRunning) {
    const PidFile agent = PidFile::create(dir_.path() / "ha.pid").value();
    const PidFile driver = PidFile::create(dir_.path() / "qemu.pid").value();
    const Liveness state = liveness(dir_.path(), "qemu");
    EXPECT_EQ(state.status, status::kRunning);
    EXPECT_EQ(state.host_agent_pid, getpid());
    EXPECT_EQ(state.driver_pid, getpid());
    EXPECT_EQ(liveness(dir_.path(), "vz").status, status::kBroken);
}

TEST_F(StatusTest, AnAgentAloneIsBrokenAndSaysToWait) {
    const PidFile agent = PidFile::create(dir_.path() / "ha.pid").value();
    const Liveness state = liveness(dir_.path(), "qemu");
    EXPECT_EQ(state.status, status::kBroken);
    ASSERT_EQ(state.errors.size(), 1U);
    EXPECT_NE(state.errors[0].find("host agent is running"), std::string::npos);
    EXPECT_NE(state.errors[0].find("limactl stop -f"), std::string::npos);
}

TEST_F(StatusTest, AVmAloneIsBrokenAndSaysHowToAdoptIt) {
    const PidFile driver = PidFile::create(dir_.path() / "qemu.pid").value();
    const Liveness state = liveness(dir_.path(), "qemu");
    EXPECT_EQ(state.status, status::kBroken);
    ASSERT_EQ(state.errors.size(), 1U);
    EXPECT_NE(state.errors[0].find("limactl start " + dir_.path().filename().string()),
              std::string::npos);
}

TEST_F(StatusTest, AStaleFileThatNamesALivingStrangerIsStopped) {
    touch("ha.pid", std::to_string(getpid()) + "\n");
    touch("qemu.pid", std::to_string(getppid()) + "\n");
    const Liveness state = liveness(dir_.path(), "qemu");
    EXPECT_EQ(state.status, status::kStopped);
    EXPECT_EQ(state.host_agent_pid, 0);
    EXPECT_EQ(state.driver_pid, 0);
}

TEST_F(StatusTest, AnUnreadableFileIsBroken) {
    touch("ha.pid", "garbage\n");
    const Liveness state = liveness(dir_.path(), "qemu");
    EXPECT_EQ(state.status, status::kBroken);
    ASSERT_EQ(state.errors.size(), 1U);
    EXPECT_NE(state.errors[0].find("ha.pid"), std::string::npos);
}

TEST_F(StatusTest, TheSweepTakesOnlyWhatNobodyHolds) {
    const PidFile held = PidFile::create(dir_.path() / "ha.pid").value();
    touch("qemu.pid", "999999999\n");
    touch("odd.pid", "garbage");
    touch("image.tmp");
    touch("lima.yaml");
    const Fd alive = listen_on("ha.sock");
    {
        const Fd dead = listen_on("ssh.sock");
    }
    ASSERT_TRUE(fs::make_dirs(dir_.path() / "dir.tmp"));
    const auto removed = clean_stale(dir_.path());
    ASSERT_TRUE(removed);
    EXPECT_EQ(*removed, (std::vector<std::string>{"image.tmp", "odd.pid", "qemu.pid", "ssh.sock"}));
    EXPECT_EQ(fs::list_names(dir_.path()).value(),
              (std::vector<std::string>{"dir.tmp", "ha.pid", "ha.sock", "lima.yaml"}));
}

}  // namespace
}  // namespace lima::store
