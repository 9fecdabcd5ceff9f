// The little of HTTP/1.1 that asking a host agent needs, as pure functions of text: responses with
// a content length, in chunks, or ended by the end of the connection.
#pragma once

#include "core/base/error.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

namespace lima::hostapi {

struct Response {
    int status = 0;
    std::string content_type;
    std::string body;
};

/// True when no more bytes belong to it, so that one need not wait for the connection's end.
bool is_complete_response(std::string_view raw);
Result<Response> parse_response(std::string_view raw);

struct Request {
    std::string method = "GET";
    std::string target;
    std::string body = {};  // JSON
    std::chrono::milliseconds timeout{3000};
    std::size_t largest = 1U << 20U;  // bytes of the answer
};

/// Any answer that could be read.
Result<Response> http_request(const std::filesystem::path& socket, const Request& request);
/// The body of a 200 answer to GET; other answers are errors (404 is kUnimplemented).
Result<std::string> http_get(const std::filesystem::path& socket, const std::string& target,
                             std::chrono::milliseconds timeout);

}  // namespace lima::hostapi
