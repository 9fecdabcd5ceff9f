#include "core/store/lock.hpp"

#include "core/base/fs.hpp"
#include "core/base/process.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <unistd.h>

namespace lima::store {
namespace {

class LockTest : public ::testing::Test {
protected:
    fs::TempDir dir_ = fs::TempDir::create("lima-lock-").value();
};

TEST_F(LockTest, SaysWhoHoldsIt) {
    const auto lock = InstanceLock::acquire(dir_.path(), "limactl start x");
    ASSERT_TRUE(lock);
    EXPECT_EQ(fs::read_file(dir_.path() / ".lock").value(),
              fmt::format("{} limactl start x\n", getpid()));
    EXPECT_TRUE(is_locked(dir_.path()));
}

TEST_F(LockTest, IsBorrowedByTheProcessThatHoldsIt) {
    const auto outer = InstanceLock::acquire(dir_.path(), "start");
    ASSERT_TRUE(outer);
    {
        const auto inner = InstanceLock::acquire(dir_.path(), "prepare");
        ASSERT_TRUE(inner);
    }
    EXPECT_TRUE(is_locked(dir_.path()));
}

TEST_F(LockTest, EndsWithItsObject) {
    {
        const auto lock = InstanceLock::acquire(dir_.path(), "start");
    }
    EXPECT_FALSE(is_locked(dir_.path()));
    EXPECT_TRUE(InstanceLock::acquire(dir_.path(), "stop"));
}

TEST_F(LockTest, AMissingDirectoryIsNotFound) {
    const auto lock = InstanceLock::acquire(dir_.path() / "none", "start");
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code(), Code::kNotFound);
    EXPECT_FALSE(is_locked(dir_.path() / "none"));
}

TEST_F(LockTest, TheLoserNamesTheWinner) {
    // Another process holds it: flock(1) writes nothing, so the content is ours to choose.
    const std::string file = (dir_.path() / ".lock").string();
    ASSERT_TRUE(fs::write_file_atomic(file, "4711 limactl stop x\n"));
    const Pipe pipe = make_pipe().value();
    SpawnOptions options;
    options.argv = {"flock", file, "sh", "-c", "echo held; exec sleep 60"};
    const int out = pipe.write.get();
    options.stdout_fd = out;
    Child child = spawn(options).value();
    ASSERT_TRUE(wait_readable(pipe.read.get(), std::chrono::seconds(10)).value());
    const auto lock = InstanceLock::acquire(dir_.path(), "limactl start x");
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code(), Code::kFailedPrecondition);
    EXPECT_NE(lock.error().text().find("`limactl stop x` (process 4711)"), std::string::npos)
        << lock.error().text();
    EXPECT_EQ(fs::read_file(file).value(), "4711 limactl stop x\n");
    const auto later =
        InstanceLock::acquire_after(dir_.path(), "limactl delete", std::chrono::milliseconds(1));
    EXPECT_FALSE(later);
    // Its whole group: flock(1) waits for the shell.
    kill(-child.pid(), SIGKILL);
    ASSERT_TRUE(child.wait());
}

TEST_F(LockTest, AHolderThatDiedWhileItStartedAProgramIsWaitedFor) {
    const std::string file = (dir_.path() / ".lock").string();
    const Pipe pipe = make_pipe().value();
    SpawnOptions options;
    // No process has that number: pid_max is 2^22 at most.
    options.argv = {"sh", "-c",
                    "exec 9<>\"$0\"; flock 9; echo '4194305 limactl start x' >\"$0\"; echo held; "
                    "sleep 0.2",
                    file};
    options.stdout_fd = pipe.write.get();
    Child child = spawn(options).value();
    ASSERT_TRUE(wait_readable(pipe.read.get(), std::chrono::seconds(10)).value());
    EXPECT_TRUE(InstanceLock::acquire(dir_.path(), "limactl stop"));
    ASSERT_TRUE(child.wait());
}

TEST_F(LockTest, WaitsForTheEndOfTheHolder) {
    const std::string file = (dir_.path() / ".lock").string();
    const Pipe pipe = make_pipe().value();
    SpawnOptions options;
    // The shell holds the lock itself and writes its number as we do.
    options.argv = {
        "sh", "-c",
        "exec 9<>\"$0\"; flock 9; echo \"$$ limactl stop x\" >\"$0\"; echo held; sleep 0.2", file};
    options.stdout_fd = pipe.write.get();
    Child child = spawn(options).value();
    ASSERT_TRUE(wait_readable(pipe.read.get(), std::chrono::seconds(10)).value());
    EXPECT_FALSE(InstanceLock::acquire(dir_.path(), "limactl delete"));
    std::thread reaper([&] { EXPECT_TRUE(child.wait()); });
    const auto lock =
        InstanceLock::acquire_after(dir_.path(), "limactl delete", std::chrono::seconds(10));
    reaper.join();
    EXPECT_TRUE(lock);
}

}  // namespace
}  // namespace lima::store
