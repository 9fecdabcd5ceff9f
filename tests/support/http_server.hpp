// A small HTTP/1.1 server on loopback for tests of downloads: one thread, one connection at a time,
// resources from a map. It knows ranges, redirects, validators, wrong statuses, and how to hang up
// in the middle.
#pragma once

#include "core/base/fd.hpp"
#include "core/base/text.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <charconv>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace lima::test {

struct Resource {
    std::string body{};
    std::string last_modified{};
    std::string etag{};
    std::string content_type = "application/octet-stream";
    int status = 200;
    std::string redirect{};  // not empty: 302 to it
    bool ranges = true;
    long long claimed_length = -1;  // instead of the true one
    std::size_t cut_after = 0;      // not 0: hang up after so many bytes of an answer's body
    int cuts = 1 << 30;             // how often
    bool fail_head = false;
    bool hold = false;  // keep the connection open after the body, until the client hangs up
    bool ignore_if_range = false;  // continue also a file that has changed
    bool lean_ranges = false;      // a 206 without what the first answer said already
    bool wrong_range = false;      // a 206 that begins at another byte than asked
};

struct SeenRequest {
    std::string method;
    std::string path;
    std::map<std::string, std::string> headers;  // names in lower case
};

class HttpServer {
public:
    HttpServer() {
        listener_.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(listener_.get(), 16), 0);
        socklen_t size = sizeof address;
        getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        stop_ = make_pipe().value();
        thread_ = std::thread([this] { serve(); });
    }
    ~HttpServer() {
        stop_.write.reset();
        thread_.join();
    }
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    void set(const std::string& path, Resource resource) {
        const std::lock_guard guard(mutex_);
        resources_[path] = std::move(resource);
    }
    std::vector<SeenRequest> requests() const {
        const std::lock_guard guard(mutex_);
        return requests_;
    }
    std::size_t count(const std::string& method, const std::string& path) const {
        std::size_t result = 0;
        for (const SeenRequest& request : requests()) {
            result += request.method == method && request.path == path ? 1 : 0;
        }
        return result;
    }

private:
    void serve() {
        for (;;) {
            pollfd fds[] = {{listener_.get(), POLLIN, 0}, {stop_.read.get(), POLLIN, 0}};
            if (poll(fds, 2, -1) < 0) {
                continue;
            }
            if (fds[1].revents != 0) {
                return;
            }
            const Fd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (connection) {
                handle(connection.get());
            }
        }
    }

    static std::string read_request(int fd) {
        std::string text;
        char buffer[4096];
        while (text.find("\r\n\r\n") == std::string::npos) {
            const ssize_t count = recv(fd, buffer, sizeof buffer, 0);
            if (count <= 0) {
                return {};
            }
            text.append(buffer, static_cast<std::size_t>(count));
        }
        return text;
    }

    static SeenRequest parse(const std::string& text) {
        SeenRequest request;
        bool first = true;
        for (const std::string_view line : lines(text)) {
            if (first) {
                const auto words = split(line, ' ');
                request.method = words[0];
                request.path = words.size() > 1 ? words[1] : "";
                first = false;
            } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
                request.headers[to_lower(line.substr(0, colon))] = trim(line.substr(colon + 1));
            }
        }
        return request;
    }

    void handle(int fd) {
        const std::string text = read_request(fd);
        if (text.empty()) {
            return;
        }
        const SeenRequest request = parse(text);
        Resource resource;
        {
            const std::lock_guard guard(mutex_);
            requests_.push_back(request);
            const auto found = resources_.find(request.path);
            if (found == resources_.end()) {
                resource.status = 404;
                resource.body = "no such file";
            } else {
                resource = found->second;
                if (resource.cut_after != 0 && request.method == "GET") {
                    if (found->second.cuts-- <= 0) {
                        resource.cut_after = 0;
                    }
                }
            }
        }
        answer(fd, request, resource);
    }

    /// Where the answer begins: not 0 for a range that is asked for, allowed and still valid.
    static std::size_t range_begin(const SeenRequest& request, const Resource& resource) {
        const auto range = request.headers.find("range");
        if (range == request.headers.end() || !resource.ranges || resource.status != 200) {
            return 0;
        }
        const auto condition = request.headers.find("if-range");
        if (condition != request.headers.end() && !resource.ignore_if_range &&
            condition->second != resource.etag && condition->second != resource.last_modified) {
            return 0;
        }
        std::size_t begin = 0;
        const std::string& value = range->second;  // bytes=N-
        std::from_chars(value.data() + 6, value.data() + value.size(), begin);
        return begin;
    }

    void answer(int fd, const SeenRequest& request, const Resource& resource) {
        std::size_t begin = range_begin(request, resource);
        int status = resource.redirect.empty() ? resource.status : 302;
        std::string head;
        if (begin != 0 && begin >= resource.body.size()) {
            status = 416;
        } else if (begin != 0) {
            status = 206;
            begin -= resource.wrong_range ? 1 : 0;
            head += "Content-Range: bytes " + std::to_string(begin) + "-" +
                    std::to_string(resource.body.size() - 1) + "/" +
                    std::to_string(resource.body.size()) + "\r\n";
        }
        if (request.method == "HEAD" && resource.fail_head) {
            status = 500;
        }
        const std::string body = status == 416 ? "" : resource.body.substr(begin);
        head += "Content-Length: " +
                std::to_string(resource.claimed_length >= 0 ? resource.claimed_length
                                                            : static_cast<long long>(body.size())) +
                "\r\n";
        const auto add = [&](const char* name, const std::string& value) {
            head += value.empty() ? "" : std::string(name) + ": " + value + "\r\n";
        };
        add("ETag", resource.etag);
        if (status != 206 || !resource.lean_ranges) {
            add("Last-Modified", resource.last_modified);
            add("Content-Type", resource.content_type);
        }
        add("Location", resource.redirect);
        std::string out =
            "HTTP/1.1 " + std::to_string(status) + " X\r\nConnection: close\r\n" + head + "\r\n";
        if (request.method != "HEAD") {
            out += resource.cut_after != 0 ? body.substr(0, resource.cut_after) : body;
        }
        std::size_t sent = 0;
        while (sent < out.size()) {
            const ssize_t count = send(fd, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
            if (count <= 0) {
                return;
            }
            sent += static_cast<std::size_t>(count);
        }
        if (resource.hold) {
            pollfd fds[] = {{fd, POLLIN, 0}, {stop_.read.get(), POLLIN, 0}};
            poll(fds, 2, -1);
        }
        shutdown(fd, SHUT_WR);
    }

    Fd listener_;
    int port_ = 0;
    Pipe stop_;
    mutable std::mutex mutex_;
    std::map<std::string, Resource> resources_;
    std::vector<SeenRequest> requests_;
    std::thread thread_;
};

}  // namespace lima::test
