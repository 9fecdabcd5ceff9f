#include "core/base/fd.hpp"

#include "core/base/fs.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace lima {
namespace {

using std::chrono::milliseconds;

bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(Fd, ClosesAndMoves) {
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    const int number = pipe->read.get();
    Fd moved = std::move(pipe->read);
    EXPECT_EQ(moved.get(), number);
    EXPECT_FALSE(pipe->read);
    moved.reset();
    EXPECT_FALSE(is_open(number));
    const int released = pipe->write.release();
    pipe->write.reset();
    EXPECT_TRUE(is_open(released));
    close(released);
}

TEST(Fd, PipesAreCloseOnExec) {
    const auto pipe = make_pipe();
    EXPECT_EQ(fcntl(pipe->read.get(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(fcntl(pipe->write.get(), F_GETFD), FD_CLOEXEC);
}

TEST(Fd, LargeDataThroughAPipe) {
    auto pipe = make_pipe();
    const std::string data(1 << 20, 'd');
    std::thread writer([&] {
        EXPECT_TRUE(write_all(pipe->write.get(), data));
        pipe->write.reset();
    });
    const auto text = read_all(pipe->read.get());
    writer.join();
    ASSERT_TRUE(text);
    EXPECT_EQ(text->size(), data.size());
}

TEST(Fd, NonBlockingEndsAreWaitedFor) {
    auto pipe = make_pipe();
    for (const Fd* fd : {&pipe->read, &pipe->write}) {
        fcntl(fd->get(), F_SETFL, O_NONBLOCK);
    }
    std::thread writer([&] {
        EXPECT_TRUE(write_all(pipe->write.get(), std::string(300000, 'n')));
        pipe->write.reset();
    });
    const auto text = read_all(pipe->read.get());
    writer.join();
    EXPECT_EQ(text->size(), 300000U);
}

TEST(Fd, WritingToAClosedPipeIsAnErrorAndNoSignal) {
    struct sigaction old{};
    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    sigaction(SIGPIPE, &standard, &old);
    auto pipe = make_pipe();
    pipe->read.reset();
    const auto written = write_all(pipe->write.get(), "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code(), Code::kUnavailable);
    sigset_t pending;
    sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
    sigaction(SIGPIPE, &old, nullptr);
}

TEST(Fd, WaitReadable) {
    auto pipe = make_pipe();
    EXPECT_FALSE(*wait_readable(pipe->read.get(), milliseconds(10)));
    ASSERT_TRUE(write_all(pipe->write.get(), "x"));
    EXPECT_TRUE(*wait_readable(pipe->read.get(), milliseconds(-1)));
    char c = 0;
    ASSERT_EQ(read(pipe->read.get(), &c, 1), 1);
    pipe->write.reset();
    EXPECT_TRUE(*wait_readable(pipe->read.get(), milliseconds(1000)));  // its end
    EXPECT_FALSE(wait_readable(1000, milliseconds(0)));
}

TEST(Fd, ConnectUnix) {
    const auto dir = fs::TempDir::create("fd-");
    const std::string path = (dir->path() / "s").string();
    EXPECT_EQ(connect_unix(path).error().code(), Code::kNotFound);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(listen(listener.get(), 1), 0);
    const auto connected = connect_unix(path);
    ASSERT_TRUE(connected) << connected.error().text();
    EXPECT_EQ(fcntl(connected->get(), F_GETFD), FD_CLOEXEC);
    listener.reset();
    EXPECT_EQ(connect_unix(path).error().code(), Code::kUnavailable);
    const auto too_long = connect_unix("/" + std::string(108, 'x'));
    EXPECT_EQ(too_long.error().code(), Code::kInvalidArgument);
    EXPECT_NE(too_long.error().text().find("at most 107 bytes"), std::string::npos);
}

}  // namespace
}  // namespace lima
