#include "core/hostapi/client.hpp"

#include "core/base/fd.hpp"
#include "core/base/json.hpp"
#include "core/hostapi/event.hpp"
#include "core/hostapi/http.hpp"
#include "core/hostapi/tail.hpp"

#include <cerrno>
#include <sys/socket.h>

namespace lima::hostapi {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMaxReply = 1U << 20U;

milliseconds left(Clock::time_point deadline) {
    const auto rest = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    return std::max(rest, milliseconds(0));
}

Result<std::string> receive_all(int fd, Clock::time_point deadline) {
    std::string reply;
    char buffer[4096];
    while (reply.size() < kMaxReply) {
        LIMA_TRY(const bool ready, wait_readable(fd, left(deadline)));
        if (!ready) {
            return fail(Code::kDeadlineExceeded, "the host agent does not answer");
        }
        const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got == 0) {
            return reply;
        }
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return fail_errno(errno, "cannot read the host agent's answer");
        }
        reply.append(buffer, static_cast<std::size_t>(got));
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

}  // namespace

Result<std::string> http_get(const std::filesystem::path& socket, const std::string& target,
                             milliseconds timeout) {
    const Clock::time_point deadline = Clock::now() + timeout;
    LIMA_TRY(const Fd fd, connect_unix(socket.string()), "cannot connect to `{}`", socket.string());
    LIMA_DO(send_all(fd.get(), "GET " + target +
                                   " HTTP/1.1\r\nHost: lima-hostagent\r\n"
                                   "User-Agent: lima\r\nConnection: close\r\n\r\n"));
    LIMA_TRY(const std::string raw, receive_all(fd.get(), deadline), "`{}`", socket.string());
    LIMA_TRY(const Response response, parse_response(raw), "`{}`", socket.string());
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
