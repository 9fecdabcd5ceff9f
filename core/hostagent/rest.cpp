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
constexpr const char* kSnapshots = "/v1/snapshots";
constexpr std::size_t kMaxRequest = 16384;

RestAnswer error_of(int status, const Json& body) {
    return {.status = status, .content_type = kJson, .body = dump_json(body) + "\n", .allow = {}};
}

RestAnswer error_with(int status, std::string_view message) {
    Json body = Json::object();
    body["message"] = message;
    return error_of(status, body);
}

RestAnswer not_allowed(const char* method) {
    RestAnswer answer = error_with(405, "method not allowed");
    answer.allow = method;
    return answer;
}

int status_of(Code code) {
    switch (code) {
        case Code::kInvalidArgument:
            return 400;
        case Code::kNotFound:
            return 404;
        case Code::kAlreadyExists:
            return 409;
        case Code::kFailedPrecondition:
            return 422;
        case Code::kUnimplemented:
            return 501;
        case Code::kUnavailable:
            return 503;
        default:
            return 500;
    }
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
    body["apiExtensions"] = {"status", "snapshots"};
    return json_answer(body);
}

using Routed = std::variant<RestAnswer, RestCall>;

Routed route_screenshot(const std::string& method, std::string_view query) {
    if (method != "GET") {
        return not_allowed("GET");
    }
    std::string format = "png";
    for (const std::string& pair : split(query, '&')) {
        if (pair.starts_with("format=") && pair.size() > 7) {
            format = to_lower(pair.substr(7));
        }
    }
    if (format != "png" && format != "bmp") {
        return error_with(400, "unsupported screenshot format " + go_quote(format));
    }
    return RestCall{.kind = RestCall::Kind::kScreenshot, .argument = std::move(format)};
}

/// path begins with /v1/snapshots.
Routed route_snapshots(const RestRequest& request, const std::string& path) {
    using Kind = RestCall::Kind;
    const std::string verb = path.substr(std::string_view(kSnapshots).size());
    if (verb.empty()) {
        return request.method == "GET"
                   ? Routed(RestCall{.kind = Kind::kListSnapshots, .argument = {}})
                   : Routed(not_allowed("GET"));
    }
    RestCall call;
    if (verb == "/create") {
        call.kind = Kind::kCreateSnapshot;
    } else if (verb == "/apply") {
        call.kind = Kind::kApplySnapshot;
    } else if (verb == "/delete") {
        call.kind = Kind::kDeleteSnapshot;
    } else {
        return error_with(404, "no such endpoint: " + path);
    }
    if (request.method != "POST") {
        return not_allowed("POST");
    }
    const auto body = parse_json(request.body);
    call.argument = body && body->is_object() ? json_string(*body, "tag") : std::string();
    if (call.argument.empty()) {
        return error_with(400, "the body has to be {\"tag\":\"…\"}");
    }
    return call;
}

}  // namespace

RestAnswer error_answer(const Error& error) {
    Json body = Json::object();
    body["message"] = error.text();
    body["code"] = static_cast<int>(error.code());
    if (!error.hint().empty()) {
        body["hint"] = error.hint();
    }
    return error_of(status_of(error.code()), body);
}

std::variant<RestAnswer, RestCall> route(const RestRequest& request, const RestState& state) {
    const std::size_t mark = request.target.find('?');
    const std::string path = request.target.substr(0, mark);
    const std::string query = mark == std::string::npos ? "" : request.target.substr(mark + 1);
    const bool info = path == "/v1/info";
    if (info || path == "/v1/status") {
        if (request.method != "GET") {
            return RestAnswer{.status = 405, .content_type = {}, .body = {}, .allow = {}};
        }
        return info ? info_answer(state) : status_answer(state);
    }
    if (path == "/v1/screenshot") {
        return route_screenshot(request.method, query);
    }
    if (path == kSnapshots || path.starts_with(std::string(kSnapshots) + "/")) {
        return route_snapshots(request, path);
    }
    return error_with(404, "no such endpoint: " + path);
}

RestServer::RestServer(const asio::any_io_executor& executor, std::function<RestState()> state,
                       Caller call)
    : state_(std::move(state)), call_(std::move(call)), acceptor_(executor), tasks_(executor) {}

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
        RestRequest asked{.method = std::string(request.method_string()),
                          .target = std::string(request.target()),
                          .body = std::move(request.body())};
        const RestAnswer answer = co_await this->answer(std::move(asked));
        stream.expires_after(kIdle);
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

asio::awaitable<RestAnswer> RestServer::answer(RestRequest request) {
    auto routed = route(request, state_());
    if (auto* now = std::get_if<RestAnswer>(&routed)) {
        co_return std::move(*now);
    }
    RestCall call = std::move(std::get<RestCall>(routed));
    co_return co_await call_(std::move(call));
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
