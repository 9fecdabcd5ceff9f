#include "core/hostagent/rest.hpp"

#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/hostapi/client.hpp"
#include "core/hostapi/http.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <thread>

namespace lima::hostagent {
namespace {

RestState some_state() {
    RestState state;
    state.ssh_local_port = 60022;
    state.status.running = true;
    state.status.phase = hostapi::PhaseEvent{.name = "boot", .state = "begin", .detail = "d"};
    return state;
}

RestAnswer route(const std::string& method, const std::string& target, const RestState& state) {
    auto routed = route(RestRequest{.method = method, .target = target}, state);
    const auto* answer = std::get_if<RestAnswer>(&routed);
    EXPECT_NE(answer, nullptr) << "a call of the driver";
    return answer != nullptr ? *answer : RestAnswer{};
}

std::string called(const std::string& method, const std::string& target,
                   const std::string& body = "") {
    const auto routed = route(RestRequest{.method = method, .target = target, .body = body}, {});
    if (const auto* answer = std::get_if<RestAnswer>(&routed)) {
        return std::to_string(answer->status) + answer->allow;
    }
    const auto& call = std::get<RestCall>(routed);
    constexpr const char* kNames[] = {"screenshot", "list", "create", "apply", "delete"};
    return std::string(kNames[static_cast<int>(call.kind)]) + " " + call.argument;
}

TEST(Route, Info) {
    EXPECT_EQ(route("GET", "/v1/info", some_state()).body, R"({"sshLocalPort":60022})");
    EXPECT_EQ(route("GET", "/v1/info", {}).body, "{}");
    RestState state = some_state();
    state.auto_started_identifier = "lima-vm@x.service";
    const RestAnswer answer = route("GET", "/v1/info?x=1", state);
    EXPECT_EQ(answer.body, R"({"autoStartedIdentifier":"lima-vm@x.service","sshLocalPort":60022})");
    EXPECT_EQ(answer.content_type, "application/json");
}

TEST(Route, OtherMethodsOfInfoAre405WithoutBody) {
    const RestAnswer answer = route("POST", "/v1/info", some_state());
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.body, "");
}

TEST(Route, Screenshot) {
    EXPECT_EQ(called("GET", "/v1/screenshot"), "screenshot png");
    EXPECT_EQ(called("GET", "/v1/screenshot?format=BMP"), "screenshot bmp");
    EXPECT_EQ(route("GET", "/v1/screenshot?format=gif", {}).status, 400);
    const RestAnswer answer = route("PUT", "/v1/screenshot", {});
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.allow, "GET");
    EXPECT_TRUE(answer.body.starts_with(R"({"message":")"));
    EXPECT_TRUE(answer.body.ends_with("\"}\n"));
}

TEST(Route, Snapshots) {
    EXPECT_EQ(called("GET", "/v1/snapshots"), "list ");
    EXPECT_EQ(called("POST", "/v1/snapshots"), "405GET");
    EXPECT_EQ(called("POST", "/v1/snapshots/create", R"({"tag":"a b"})"), "create a b");
    EXPECT_EQ(called("POST", "/v1/snapshots/apply", R"({"tag":"x"})"), "apply x");
    EXPECT_EQ(called("POST", "/v1/snapshots/delete", R"({"tag":"x"})"), "delete x");
    EXPECT_EQ(called("GET", "/v1/snapshots/create"), "405POST");
    EXPECT_EQ(called("POST", "/v1/snapshots/other", R"({"tag":"x"})"), "404");
    EXPECT_EQ(called("POST", "/v1/snapshotsx"), "404");
    for (const char* body : {"", "{}", "[]", R"({"tag":1})", R"({"tag":""})"}) {
        EXPECT_EQ(called("POST", "/v1/snapshots/create", body), "400") << body;
    }
}

TEST(Route, ErrorsOfTheDriverKeepTheirCodeAndHint) {
    const auto answer = error_answer(Error(Code::kAlreadyExists, "there is one").with_hint("h"));
    EXPECT_EQ(answer.status, 409);
    EXPECT_EQ(answer.body, "{\"message\":\"there is one\",\"code\":6,\"hint\":\"h\"}\n");
    EXPECT_EQ(error_answer(Error(Code::kUnimplemented, "x")).status, 501);
    EXPECT_EQ(error_answer(Error(Code::kFailedPrecondition, "x")).status, 422);
    EXPECT_EQ(error_answer(Error(Code::kInternal, "x")).body, "{\"message\":\"x\",\"code\":13}\n");
}

TEST(Route, UnknownIs404) { EXPECT_EQ(route("GET", "/v2/info", {}).status, 404); }

TEST(Route, StatusTellsThePhase) {
    const RestAnswer answer = route("GET", "/v1/status", some_state());
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.body.find(R"("phase":{"name":"boot","state":"begin","detail":"d")"),
              std::string::npos)
        << answer.body;
}

TEST(Route, StatusTellsThatItShutsDown) {
    RestState state = some_state();
    EXPECT_NE(route("GET", "/v1/status", state).body.find(R"("stopping":false)"),
              std::string::npos);
    state.stopping = true;
    EXPECT_NE(route("GET", "/v1/status", state).body.find(R"("stopping":true)"), std::string::npos);
}

/// A server on a thread of its own, asked by the client that limactl uses.
class Server : public testing::Test {
protected:
    void start() {
        const auto listening = server_.listen(socket_);
        ASSERT_TRUE(listening) << listening.error().text();
        thread_ = std::thread([this] { loop_.run(); });
    }
    void stop() {
        if (thread_.joinable()) {
            asio::post(loop_, [this] { closing_.spawn(server_.close(), "close"); });
            thread_.join();
        }
    }
    ~Server() override { stop(); }

    fs::TempDir dir_ = *fs::TempDir::create("rest");
    std::filesystem::path socket_ = dir_.path() / "ha.sock";
    asio::io_context loop_{1};
    /// A driver whose snapshots are called "there", and whose pictures are large.
    static asio::awaitable<RestAnswer> call(RestCall call) {
        if (call.kind == RestCall::Kind::kScreenshot) {
            RestAnswer picture;
            picture.content_type = "image/png";
            picture.body = std::string(5 << 20, 'p');
            co_return picture;
        }
        if (call.kind == RestCall::Kind::kListSnapshots) {
            co_return RestAnswer{
                .content_type = "application/json", .body = R"({"text":"T\n"})", .allow = {}};
        }
        if (call.argument != "there") {
            co_return error_answer(Error(Code::kNotFound, "no such snapshot").with_hint("list"));
        }
        co_return RestAnswer{.content_type = "application/json", .body = "{}", .allow = {}};
    }

    RestServer server_{loop_.get_executor(), some_state, call};
    aio::TaskScope closing_{loop_.get_executor()};
    std::thread thread_;
};

TEST_F(Server, AnswersTheClientAndUnlinksItsSocket) {
    ASSERT_TRUE(fs::write_file_atomic(socket_, "left behind"));
    start();
    const auto info = hostapi::get_info(socket_);
    ASSERT_TRUE(info) << info.error().text();
    EXPECT_EQ(info->ssh_local_port, 60022);
    const auto nothing = hostapi::http_get(socket_, "/nothing", std::chrono::seconds(3));
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().code(), Code::kUnimplemented);
    stop();
    EXPECT_FALSE(fs::exists_nofollow(socket_));
}

TEST_F(Server, AsksTheDriverForSnapshotsAndPictures) {
    start();
    const auto list = hostapi::list_snapshots(socket_);
    ASSERT_TRUE(list) << list.error().text();
    EXPECT_EQ(*list, "T\n");
    EXPECT_TRUE(hostapi::change_snapshot(socket_, hostapi::SnapshotVerb::kApply, "there"));
    const auto missing =
        hostapi::change_snapshot(socket_, hostapi::SnapshotVerb::kDelete, "ab\"sent");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Code::kNotFound);
    EXPECT_EQ(missing.error().text(), "no such snapshot");
    EXPECT_EQ(missing.error().hint(), "list");
    const auto picture = hostapi::get_screenshot(socket_, "png");
    ASSERT_TRUE(picture) << picture.error().text();
    EXPECT_EQ(*picture, std::string(5 << 20, 'p'));
}

TEST_F(Server, KeepsAConnectionForSeveralRequests) {
    start();
    const auto connection = connect_unix(socket_.string());
    ASSERT_TRUE(connection);
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(write_all(connection->get(), "GET /v1/info HTTP/1.1\r\nHost: x\r\n\r\n"));
        std::string reply;
        while (!hostapi::is_complete_response(reply)) {
            ASSERT_TRUE(*wait_readable(connection->get(), std::chrono::seconds(5)));
            char buffer[512];
            const ssize_t got = read(connection->get(), buffer, sizeof buffer);
            ASSERT_GT(got, 0);
            reply.append(buffer, static_cast<std::size_t>(got));
        }
        EXPECT_EQ(hostapi::parse_response(reply)->body, R"({"sshLocalPort":60022})");
    }
}

TEST_F(Server, ClosesWithASilentConnectionOpen) {
    start();
    const auto connection = connect_unix(socket_.string());
    ASSERT_TRUE(connection);
    ASSERT_TRUE(hostapi::get_info(socket_));
    stop();  // hangs if the connection is not cancelled
    EXPECT_FALSE(fs::exists_nofollow(socket_));
}

TEST_F(Server, NonsenseDoesNotDisturbOthers) {
    start();
    const auto connection = connect_unix(socket_.string());
    ASSERT_TRUE(write_all(connection->get(), "\x16\x03\x01 what is this\r\n\r\n"));
    EXPECT_TRUE(hostapi::get_info(socket_));
}

TEST_F(Server, ATooLongPathIsNamed) {
    const auto listening = server_.listen(dir_.path() / std::string(120, 'a'));
    ASSERT_FALSE(listening);
    EXPECT_NE(listening.error().text().find("too long"), std::string::npos);
}

}  // namespace
}  // namespace lima::hostagent
