// The HTTP API on ha.sock (spec/host-guest.md 1.5), and what is ours beside it:
//
//   GET  /v1/status                        where a start is
//   GET  /v1/snapshots                     {"text":TABLE}
//   POST /v1/snapshots/create|apply|delete {"tag":TAG}: {} when it is done
//
// GET /v1/status says in apiExtensions which of them there are. An error has the body
// {"message":M} of the original's, and "code" (as gRPC numbers them) and "hint" where known.
// Routing is a pure function; the server around it lives on the loop.
#pragma once

#include "core/aio/loop.hpp"
#include "core/base/error.hpp"
#include "core/hostapi/event.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <variant>

namespace lima::hostagent {

namespace asio = boost::asio;

/// What the answers are made of.
struct RestState {
    int ssh_local_port = 0;
    std::string auto_started_identifier;
    hostapi::Status status;
    bool stopping = false;  // it shuts down; `exiting` comes at the end of that
};

struct RestAnswer {
    int status = 200;
    std::string content_type;  // empty: no body
    std::string body;
    std::string allow;
};

/// What the driver is to do for an answer.
struct RestCall {
    enum class Kind {
        kScreenshot,
        kListSnapshots,
        kCreateSnapshot,
        kApplySnapshot,
        kDeleteSnapshot,
    };
    Kind kind = Kind::kScreenshot;
    std::string argument;  // the picture's format, or the tag
};

struct RestRequest {
    std::string method;
    std::string target;
    std::string body = {};
};

std::variant<RestAnswer, RestCall> route(const RestRequest& request, const RestState& state);
RestAnswer error_answer(const Error& error);

class RestServer {
public:
    using Caller = std::function<asio::awaitable<RestAnswer>(RestCall)>;

    /// Both are asked on the loop; `call` may take its time.
    RestServer(const asio::any_io_executor& executor, std::function<RestState()> state,
               Caller call);
    ~RestServer();

    /// Replaces a socket that was left behind.
    Result<void> listen(const std::filesystem::path& path);
    /// Ends the connections and unlinks the socket.
    asio::awaitable<void> close();

private:
    asio::awaitable<void> accept();
    asio::awaitable<void> serve(asio::local::stream_protocol::socket socket);

    asio::awaitable<RestAnswer> answer(RestRequest request);

    std::function<RestState()> state_;
    Caller call_;
    asio::local::stream_protocol::acceptor acceptor_;
    aio::TaskScope tasks_;
    std::filesystem::path path_;
};

}  // namespace lima::hostagent
