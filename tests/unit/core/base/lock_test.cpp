#include "core/base/lock.hpp"

#include "core/base/fs.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace lima {
namespace {

using std::chrono::milliseconds;

class LockTest : public ::testing::Test {
protected:
    LockTest() : dir_(std::move(*fs::TempDir::create("lock-"))), path_(dir_.path() / "x.pid") {}

    /// A process that does nothing until it is killed.
    static Child sleeper(const std::vector<std::pair<int, int>>& inherit = {}) {
        SpawnOptions options{.argv = {"sleep", "1000"}};
        options.inherit = inherit;
        return std::move(*spawn(options));
    }
    static void end(Child& child) { ASSERT_TRUE(child.terminate(milliseconds(2000))); }
    void set_age(std::chrono::seconds age) {
        timespec times[2] = {{time(nullptr) - age.count(), 0}, {time(nullptr) - age.count(), 0}};
        utimensat(AT_FDCWD, path_.c_str(), times, 0);
    }

    fs::TempDir dir_;
    fs::Path path_;
};

TEST_F(LockTest, FileLockExcludes) {
    auto lock = FileLock::acquire(path_);
    ASSERT_TRUE(lock);
    auto second = FileLock::try_acquire(path_);
    ASSERT_TRUE(second);
    EXPECT_FALSE(*second);
    std::atomic<bool> entered = false;
    std::thread waiter([&] {
        const auto third = FileLock::acquire(path_);
        EXPECT_TRUE(third);
        entered = true;
    });
    EXPECT_FALSE(entered);
    {
        const FileLock dropped = std::move(*lock);
    }
    waiter.join();
    EXPECT_TRUE(entered);
    EXPECT_TRUE(FileLock::try_acquire(path_)->has_value());
}

TEST_F(LockTest, FileLockOnADirectory) {
    const auto lock = FileLock::acquire(dir_.path());
    ASSERT_TRUE(lock) << lock.error().text();
    EXPECT_FALSE(*FileLock::try_acquire(dir_.path()));
    EXPECT_FALSE(FileLock::acquire(dir_.path() / "no" / "where"));
}

TEST_F(LockTest, PidFileNamesUsAndIsHeld) {
    auto file = PidFile::create(path_);
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_EQ(*fs::read_file(path_), std::to_string(getpid()) + "\n");
    struct stat status{};
    ASSERT_EQ(stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0644U);
    auto state = read_pid_file(path_);
    EXPECT_EQ(state->pid, getpid());
    EXPECT_TRUE(state->held);

    const auto second = PidFile::create(path_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Code::kAlreadyExists);
    EXPECT_NE(second.error().text().find(std::to_string(getpid())), std::string::npos);

    file->remove();
    EXPECT_FALSE(fs::exists(path_));
    state = read_pid_file(path_);
    EXPECT_EQ(state->pid, 0);
    EXPECT_FALSE(state->held);
}

TEST_F(LockTest, AShorterPidLeavesNothingOfALongerOne) {
    auto file = PidFile::create(path_);
    ASSERT_TRUE(file->set_pid(4194303));
    ASSERT_TRUE(file->set_pid(7));
    EXPECT_EQ(*fs::read_file(path_), "7\n");
    EXPECT_EQ(read_pid_file(path_)->pid, 7);
}

TEST_F(LockTest, AChildThatInheritsTheLockOutlivesThePidFile) {
    auto file = PidFile::create(path_);
    Child child = sleeper({{file->fd(), 3}});
    ASSERT_TRUE(file->set_pid(child.pid()));
    file->release();
    const auto state = read_pid_file(path_);
    EXPECT_TRUE(state->held);
    EXPECT_EQ(state->pid, child.pid());
    EXPECT_EQ(PidFile::create(path_).error().code(), Code::kAlreadyExists);
    end(child);
    EXPECT_FALSE(read_pid_file(path_)->held);
    EXPECT_EQ(read_pid_file(path_)->pid, 0);
    EXPECT_TRUE(PidFile::create(path_));  // a stale file is taken over
}

TEST_F(LockTest, AnHeirIsFoundEvenWhenItsNumberWasNeverWritten) {
    auto file = PidFile::create(path_);
    Child child = sleeper({{file->fd(), 3}});
    // As after the death of the creator between its spawn and its set_pid.
    Child dead = sleeper();
    end(dead);
    ASSERT_TRUE(file->set_pid(dead.pid()));
    file->release();
    const auto state = read_pid_file(path_);
    ASSERT_TRUE(state);
    EXPECT_TRUE(state->held);
    EXPECT_EQ(state->pid, child.pid());
    end(child);
    EXPECT_FALSE(read_pid_file(path_)->held);
}

TEST_F(LockTest, AChildThatDoesNotInheritDoesNotHold) {
    auto file = PidFile::create(path_);
    Child child = sleeper();
    file->release();
    EXPECT_FALSE(read_pid_file(path_)->held);
    end(child);
}

TEST_F(LockTest, StaleFilesAreRecognisedAndKept) {
    ASSERT_TRUE(fs::write_file_atomic(path_, "4194200\n"));
    EXPECT_EQ(read_pid_file(path_, {"sleep"})->pid, 0);
    EXPECT_TRUE(fs::exists(path_));
    ASSERT_TRUE(fs::write_file_atomic(path_, ""));
    EXPECT_EQ(read_pid_file(path_)->pid, 0);
    ASSERT_TRUE(fs::write_file_atomic(path_, "nonsense\n"));
    const auto nonsense = read_pid_file(path_);
    ASSERT_FALSE(nonsense);
    EXPECT_NE(nonsense.error().text().find("\"nonsense\" is not a process id"), std::string::npos);
}

TEST_F(LockTest, AnUnrelatedLiveProcessIsNoOwner) {
    Child child = sleeper();
    ASSERT_TRUE(fs::write_file_atomic(path_, std::to_string(child.pid())));
    EXPECT_EQ(read_pid_file(path_)->pid, 0);
    EXPECT_EQ(read_pid_file(path_, {"limactl"})->pid, 0);
    // The same file of a program that we know and that does not lock.
    const auto foreign = read_pid_file(path_, {"limactl", "sleep"});
    EXPECT_EQ(foreign->pid, child.pid());
    EXPECT_FALSE(foreign->held);
    end(child);
    EXPECT_EQ(read_pid_file(path_, {"sleep"})->pid, 0);
}

TEST_F(LockTest, ARecycledPidIsNoOwner) {
    Child child = sleeper();
    ASSERT_TRUE(fs::write_file_atomic(path_, std::to_string(child.pid()) + "\n"));
    set_age(std::chrono::hours(1));  // written before this process began
    EXPECT_EQ(read_pid_file(path_, {"sleep"})->pid, 0);
    end(child);
}

TEST_F(LockTest, RemoveLeavesAFileOfSomebodyElse) {
    auto file = PidFile::create(path_);
    ASSERT_TRUE(fs::write_file_atomic(path_, "1\n"));  // replaced behind our back
    file->remove();
    EXPECT_EQ(*fs::read_file(path_), "1\n");
}

TEST_F(LockTest, ManyCreatorsOneOwner) {
    // Created, removed and read by many at once: never two owners, never a lock on a file that has
    // no name any more.
    std::atomic<int> owners = 0;
    std::atomic<int> wins = 0;
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 300; ++round) {
                auto file = PidFile::create(path_);
                if (file) {
                    EXPECT_EQ(++owners, 1);
                    const auto state = read_pid_file(path_);
                    EXPECT_TRUE(state && state->held);
                    ++wins;
                    --owners;
                    file->remove();
                } else {
                    EXPECT_EQ(file.error().code(), Code::kAlreadyExists) << file.error().text();
                }
            }
        });
    }
    std::thread reader([&] {
        while (!stop) {
            EXPECT_TRUE(read_pid_file(path_));
        }
    });
    for (std::thread& thread : threads) {
        thread.join();
    }
    stop = true;
    reader.join();
    EXPECT_GT(wins, 0);
    EXPECT_FALSE(fs::exists(path_));
}

TEST_F(LockTest, AReaderDoesNotKeepACreatorOut) {
    ASSERT_TRUE(fs::write_file_atomic(path_, ""));
    std::atomic<bool> stop = false;
    std::thread reader([&] {
        while (!stop) {
            EXPECT_TRUE(read_pid_file(path_));
        }
    });
    for (int i = 0; i < 500; ++i) {
        auto file = PidFile::create(path_);
        ASSERT_TRUE(file) << file.error().text();
        file->release();
    }
    stop = true;
    reader.join();
}

}  // namespace
}  // namespace lima
