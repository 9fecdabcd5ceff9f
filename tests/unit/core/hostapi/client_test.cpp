#include "core/hostapi/client.hpp"

#include "core/base/fd.hpp"
#include "core/base/fs.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

namespace lima::hostapi {
namespace {

/// Answers one connection with a fixed text.
class OneAnswer {
public:
    OneAnswer(const std::filesystem::path& path, std::string answer) : answer_(std::move(answer)) {
        listener_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(listener_.get(), 1), 0);
        thread_ = std::thread([this] {
            const Fd peer(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            char buffer[1024];
            const ssize_t got = recv(peer.get(), buffer, sizeof buffer, 0);
            request_.assign(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
            if (!answer_.empty()) {
                EXPECT_TRUE(write_all(peer.get(), answer_));
            } else {
                EXPECT_EQ(recv(peer.get(), buffer, sizeof buffer, 0), 0);  // until the client goes
            }
        });
    }
    std::string request() {
        if (thread_.joinable()) {
            thread_.join();
        }
        return request_;
    }
    ~OneAnswer() { request(); }

private:
    Fd listener_;
    std::string answer_;
    std::string request_;
    std::thread thread_;
};

class Client : public testing::Test {
protected:
    fs::TempDir dir_ = *fs::TempDir::create("hostapi");
    std::filesystem::path socket_ = dir_.path() / "ha.sock";
};

TEST_F(Client, ReadsInfo) {
    OneAnswer server(socket_,
                     "HTTP/1.1 200 OK\r\nContent-Length: 63\r\n\r\n"
                     R"({"autoStartedIdentifier":"lima-vm@x.service","sshLocalPort":22})");
    const auto info = get_info(socket_);
    ASSERT_TRUE(info) << info.error().text();
    EXPECT_EQ(info->ssh_local_port, 22);
    EXPECT_EQ(info->auto_started_identifier, "lima-vm@x.service");
    EXPECT_EQ(server.request().substr(0, 23), "GET /v1/info HTTP/1.1\r\n");
}

TEST_F(Client, GivesUpInTime) {
    OneAnswer server(socket_, "");
    const auto info = get_info(socket_, std::chrono::milliseconds(50));
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().code(), Code::kDeadlineExceeded);
}

TEST_F(Client, OtherStatusIsAnError) {
    OneAnswer server(socket_, "HTTP/1.1 500 Oops\r\nContent-Length: 15\r\n\r\n{\"message\":\"m\"}");
    const auto info = get_info(socket_);
    ASSERT_FALSE(info);
    EXPECT_NE(info.error().text().find("500"), std::string::npos) << info.error().text();
}

TEST_F(Client, AnAgentSaysThatItStops) {
    const std::string body = R"({"stopping":true})";
    OneAnswer server(socket_, "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n" + body);
    EXPECT_TRUE(is_stopping(dir_.path()));
    EXPECT_EQ(server.request().substr(0, 25), "GET /v1/status HTTP/1.1\r\n");
}

TEST_F(Client, OnceItsApiIsGoneItsLastEventCounts) {
    EXPECT_FALSE(is_stopping(dir_.path()));
    const std::filesystem::path log = dir_.path() / "ha.stdout.log";
    const std::string running = R"({"time":"2023-11-14T22:13:20Z","status":{"running":true}})";
    const std::string exiting = R"({"time":"2023-11-14T22:13:20Z","status":{"exiting":true}})";
    ASSERT_TRUE(fs::write_file_atomic(log, running + "\n"));
    EXPECT_FALSE(is_stopping(dir_.path()));
    ASSERT_TRUE(fs::write_file_atomic(log, running + "\n" + exiting + "\n"));
    EXPECT_TRUE(is_stopping(dir_.path()));
}

TEST_F(Client, NobodyThere) {
    const auto info = get_info(socket_);
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace lima::hostapi
