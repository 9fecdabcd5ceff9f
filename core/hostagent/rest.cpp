#include "core/hostagent/rest.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <fcntl.h>

namespace lima::hostagent {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::local::stream_protocol;

constexpr const char* kJson = "application/json";
constexpr std::chrono::seconds kIdle(30);
constexpr std::size_t kMaxRequest = 16384;

RestAnswer error_answer(int status, std::string_view message) {
    Json body = Json::object();
    body["message"] = message;
    return {.status = status, .content_type = kJson, .body = dump_json(body) + "\n", .allow = {}};
}

RestAnswer json_answer(const Json& body) {
    return {.status = 200, .content_type = kJson, .body = dump_json(body), .allow = {}};
}

RestAnswer info_answer(const RestState& state) {
    Json body = Json::object();
    if (!state.auto_started_identifier.empty()) {
        body["autoStartedIdentifier"] = state.auto_started_identifier;
    }
    if (state.ssh_local_port != 0) {
        body["sshLocalPort"] = state.ssh_local_port;
    }
    return json_answer(body);
}

RestAnswer status_answer(const RestState& state) {
    Json body = Json::object();
    body["running"] = state.status.running;
    body["degraded"] = state.status.degraded;
    body["exiting"] = state.status.exiting;
    body["stopping"] = state.stopping || state.status.exiting;
    body["errors"] = state.status.errors;
    body["sshLocalPort"] = state.ssh_local_port;
    if (const auto& phase = state.status.phase) {
        body["phase"]["name"] = phase->name;
        body["phase"]["state"] = phase->state;
        body["phase"]["detail"] = phase->detail;
        body["phase"]["hint"] = phase->hint;
    }
    body["apiExtensions"] = {"status"};
    return json_answer(body);
}

RestAnswer screenshot_answer(const std::string& method, std::string_view query) {
    if (method != "GET") {
        RestAnswer answer = error_answer(405, "method not allowed");
        answer.allow = "GET";
        return answer;
    }
    std::string format = "png";
    for (const std::string& pair : split(query, '&')) {
        if (pair.starts_with("format=") && pair.size() > 7) {
            format = to_lower(pair.substr(7));
        }
    }
    if (format != "png" && format != "bmp") {
        return error_answer(400, "unsupported screenshot format " + go_quote(format));
    }
    return error_answer(501, "the driver of this instance makes no screenshots");
}

}  // namespace

RestAnswer route(const std::string& method, const std::string& target, const RestState& state) {
    const std::size_t mark = target.find('?');
    const std::string path = target.substr(0, mark);
    const std::string query = mark == std::string::npos ? "" : target.substr(mark + 1);
    const bool info = path == "/v1/info";
    if (info || path == "/v1/status") {
        if (method != "GET") {
            return {.status = 405, .content_type = {}, .body = {}, .allow = {}};
        }
        return info ? info_answer(state) : status_answer(state);
    }
    if (path == "/v1/screenshot") {
        return screenshot_answer(method, query);
    }
    return error_answer(404, "no such endpoint: " + path);
}

RestServer::RestServer(const asio::any_io_executor& executor, std::function<RestState()> state)
    : state_(std::move(state)), acceptor_(executor), tasks_(executor) {}

RestServer::~RestServer() = default;

Result<void> RestServer::listen(const std::filesystem::path& path) {
    LIMA_DO(fs::remove_if_exists(path));
    boost::system::error_code error;
    const auto fail_with = [&](std::string_view what) {
        return failf(Code::kUnavailable, "cannot {} `{}`: {}", what, path.string(),
                     error.message());
    };
    if (path.string().size() > 107) {
        return failf(Code::kInvalidArgument, "`{}` is too long for a unix socket", path.string());
    }
    const stream_protocol::endpoint endpoint(path.string());
    if (acceptor_.open(endpoint.protocol(), error); error) {
        return fail_with("open");
    }
    fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);
    if (acceptor_.bind(endpoint, error); error) {
        return fail_with("bind");
    }
    path_ = path;
    if (acceptor_.listen(asio::socket_base::max_listen_connections, error); error) {
        return fail_with("listen on");
    }
    tasks_.spawn(accept(), "the API's listener");
    return {};
}

asio::awaitable<void> RestServer::accept() {
    for (;;) {
        boost::system::error_code error;
        stream_protocol::socket socket =
            co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (error == asio::error::operation_aborted || !acceptor_.is_open()) {
            co_return;
        }
        if (error) {
            log::warn("cannot accept a connection on {}: {}", path_.string(), error.message());
            // Out of descriptors, most likely: let others give some back.
            asio::steady_timer pause(acceptor_.get_executor(), std::chrono::milliseconds(200));
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
            continue;
        }
        fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
        tasks_.spawn(serve(std::move(socket)), "an API connection");
    }
}

asio::awaitable<void> RestServer::serve(stream_protocol::socket socket) {
    beast::basic_stream<stream_protocol> stream(std::move(socket));
    beast::flat_buffer buffer(kMaxRequest);
    boost::system::error_code error;
    for (bool more = true; more;) {
        http::request<http::string_body> request;
        stream.expires_after(kIdle);
        co_await http::async_read(stream, buffer, request,
                                  asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            co_return;
        }
        const RestAnswer answer =
            route(std::string(request.method_string()), std::string(request.target()), state_());
        http::response<http::string_body> response(static_cast<http::status>(answer.status),
                                                   request.version());
        if (!answer.content_type.empty()) {
            response.set(http::field::content_type, answer.content_type);
        }
        if (!answer.allow.empty()) {
            response.set(http::field::allow, answer.allow);
        }
        more = request.keep_alive();
        response.keep_alive(more);
        response.body() = answer.body;
        response.prepare_payload();
        co_await http::async_write(stream, response,
                                   asio::redirect_error(asio::use_awaitable, error));
        more = more && !error;
    }
}

asio::awaitable<void> RestServer::close() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    tasks_.cancel();
    co_await tasks_.join();
    if (!path_.empty()) {
        if (const auto removed = fs::remove_if_exists(path_); !removed) {
            log::warn("{}", removed.error().text());
        }
        path_.clear();
    }
}

}  // namespace lima::hostagent
