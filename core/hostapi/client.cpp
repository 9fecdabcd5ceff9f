#include "core/hostapi/client.hpp"

#include "core/base/fd.hpp"
#include "core/base/json.hpp"
#include "core/hostapi/event.hpp"
#include "core/hostapi/http.hpp"
#include "core/hostapi/tail.hpp"

#include <array>
#include <cerrno>
#include <sys/socket.h>

namespace lima::hostapi {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kLargestPicture = 32U << 20U;
constexpr std::chrono::minutes kSnapshotLimit{60};
constexpr std::chrono::seconds kPictureLimit{60};

milliseconds left(Clock::time_point deadline) {
    const auto rest = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    return std::max(rest, milliseconds(0));
}

Result<std::string> receive_all(int fd, Clock::time_point deadline, std::size_t largest) {
    std::string reply;
    std::array<char, 65536> buffer;
    while (reply.size() < largest) {
        LIMA_TRY(const bool ready, wait_readable(fd, left(deadline)));
        if (!ready) {
            return fail(Code::kDeadlineExceeded, "the host agent does not answer");
        }
        const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
        if (got == 0) {
            return reply;
        }
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return fail_errno(errno, "cannot read the host agent's answer");
        }
        reply.append(buffer.data(), static_cast<std::size_t>(got));
        if (is_complete_response(reply)) {
            return reply;
        }
    }
    return fail(Code::kResourceExhausted, "the host agent's answer is too long");
}

Result<void> send_all(int fd, std::string_view data) {
    while (!data.empty()) {
        const ssize_t sent = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) {
                continue;
            }
            return fail_errno(errno, "cannot ask the host agent");
        }
        data.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

/// The driver's own error where the answer has one.
Error error_of(const Response& response, const std::string& target) {
    const auto body = parse_json(response.body);
    const std::string message = body && body->is_object() ? json_string(*body, "message") : "";
    const auto code = body && body->is_object() ? json_int(*body, "code") : 0;
    if (code > 0 && code <= static_cast<int>(Code::kUnavailable)) {
        return Error(static_cast<Code>(code), message).with_hint(json_string(*body, "hint"));
    }
    if (response.status == 404) {
        return Error(Code::kUnimplemented,
                     fmt::format("the instance's host agent does not know {}", target))
            .with_hint("restart the instance: its host agent is of an older version");
    }
    return Error(Code::kUnknown, fmt::format("the host agent answers {} to {}: {}", response.status,
                                             target, message));
}

Result<std::string> ask_driver(const std::filesystem::path& socket, const Request& request) {
    LIMA_TRY(Response response, http_request(socket, request));
    if (response.status != 200) {
        return fail(error_of(response, request.target));
    }
    return std::move(response.body);
}

}  // namespace

Result<Response> http_request(const std::filesystem::path& socket, const Request& request) {
    const Clock::time_point deadline = Clock::now() + request.timeout;
    LIMA_TRY(const Fd fd, connect_unix(socket.string()), "cannot connect to `{}`", socket.string());
    std::string text = request.method + " " + request.target +
                       " HTTP/1.1\r\nHost: lima-hostagent\r\n"
                       "User-Agent: lima\r\nConnection: close\r\n";
    if (!request.body.empty()) {
        text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n",
                            request.body.size());
    }
    LIMA_DO(send_all(fd.get(), text + "\r\n" + request.body));
    LIMA_TRY(const std::string raw, receive_all(fd.get(), deadline, request.largest), "`{}`",
             socket.string());
    LIMA_TRY(Response response, parse_response(raw), "`{}`", socket.string());
    return response;
}

Result<std::string> http_get(const std::filesystem::path& socket, const std::string& target,
                             milliseconds timeout) {
    LIMA_TRY(const Response response,
             http_request(socket, Request{.target = target, .timeout = timeout}));
    if (response.status != 200) {
        return failf(response.status == 404 ? Code::kUnimplemented : Code::kUnknown,
                     "`{}` answers {} to {}: {}", socket.string(), response.status, target,
                     response.body);
    }
    return response.body;
}

Result<AgentInfo> get_info(const std::filesystem::path& socket, milliseconds timeout) {
    LIMA_TRY(const std::string body, http_get(socket, "/v1/info", timeout));
    LIMA_TRY(const Json value, parse_json(body), "the host agent's answer");
    if (!value.is_object()) {
        return fail(Code::kInternal, "the host agent's answer is no object");
    }
    AgentInfo info;
    info.auto_started_identifier = json_string(value, "autoStartedIdentifier");
    info.ssh_local_port = static_cast<int>(json_int(value, "sshLocalPort"));
    return info;
}

Result<std::string> list_snapshots(const std::filesystem::path& socket, milliseconds timeout) {
    LIMA_TRY(const std::string body,
             ask_driver(socket, Request{.target = "/v1/snapshots", .timeout = timeout}));
    LIMA_TRY(const Json value, parse_json(body), "the host agent's answer");
    return value.is_object() ? json_string(value, "text") : std::string();
}

Result<void> change_snapshot(const std::filesystem::path& socket, SnapshotVerb verb,
                             const std::string& tag) {
    constexpr std::array kVerbs = {"create", "apply", "delete"};
    Request request;
    request.method = "POST";
    request.target = std::string("/v1/snapshots/") + kVerbs[static_cast<std::size_t>(verb)];
    request.body = dump_json(Json{{"tag", tag}});
    request.timeout = kSnapshotLimit;
    LIMA_DO(ask_driver(socket, request));
    return {};
}

Result<std::string> get_screenshot(const std::filesystem::path& socket, const std::string& format) {
    return ask_driver(socket, Request{.target = "/v1/screenshot?format=" + format,
                                      .timeout = kPictureLimit,
                                      .largest = kLargestPicture});
}

bool is_stopping(const std::filesystem::path& instance_dir, milliseconds timeout) {
    if (const auto body = http_get(instance_dir / "ha.sock", "/v1/status", timeout)) {
        const auto value = parse_json(*body);
        return value && json_bool(*value, "stopping");
    }
    Tail tail(instance_dir / "ha.stdout.log");
    const auto lines = tail.read_lines();
    if (!lines || lines->empty()) {
        return false;
    }
    const auto last = decode(lines->back());
    return last && last->status.exiting;
}

}  // namespace lima::hostapi
