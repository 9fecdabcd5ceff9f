// The HTTP API on ha.sock (spec/host-guest.md 1.5), and GET /v1/status of ours: where a start is.
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

RestAnswer route(const std::string& method, const std::string& target, const RestState& state);

class RestServer {
public:
    /// `state` is asked on the loop for each request.
    RestServer(const asio::any_io_executor& executor, std::function<RestState()> state);
    ~RestServer();

    /// Replaces a socket that was left behind.
    Result<void> listen(const std::filesystem::path& path);
    /// Ends the connections and unlinks the socket.
    asio::awaitable<void> close();

private:
    asio::awaitable<void> accept();
    asio::awaitable<void> serve(asio::local::stream_protocol::socket socket);

    std::function<RestState()> state_;
    asio::local::stream_protocol::acceptor acceptor_;
    aio::TaskScope tasks_;
    std::filesystem::path path_;
};

}  // namespace lima::hostagent
