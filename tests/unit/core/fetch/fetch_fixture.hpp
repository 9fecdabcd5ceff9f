// A cache in a temporary directory, the real lima-fetch, and short ways to ask it.
#pragma once

#include "core/base/digest.hpp"
#include "core/base/fs.hpp"
#include "core/fetch/cache.hpp"
#include "tests/support/http_server.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lima::fetch {

class FetchTest : public ::testing::Test {
protected:
    Request request(const std::string& location) {
        Request result;
        result.location = location;
        result.description = "the image";
        result.target = target_;
        return result;
    }
    Result<Fetched> get(const Request& request) {
        return fetch(environment_, request,
                     [this](const Progress& progress) { progress_.push_back(progress); });
    }
    Path entry(const std::string& url) const { return cache_entry(environment_.cache_dir, url); }
    static std::string sha256(const std::string& text) { return "sha256:" + sha256_hex(text); }
    static std::string text_of(const Path& path) {
        return fs::read_file(path).value_or("(unreadable)");
    }
    /// Bytes that do not repeat.
    static std::string noise(std::size_t size) {
        std::string bytes(size, '\0');
        std::uint32_t state = 12345;
        for (char& byte : bytes) {
            state = state * 1664525U + 1013904223U;
            byte = static_cast<char>(state >> 24);
        }
        return bytes;
    }

    fs::TempDir dir_ = fs::TempDir::create("lima-fetch-").value();
    Environment environment_{dir_.path() / "cache", LIMA_FETCH_PROGRAM};
    Path target_ = dir_.path() / "out" / "image";
    std::vector<Progress> progress_;
    test::HttpServer server_;
};

}  // namespace lima::fetch
