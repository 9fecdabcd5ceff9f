#include "core/hostapi/http.hpp"

#include <gtest/gtest.h>

namespace lima::hostapi {
namespace {

TEST(Http, ReadsByContentLength) {
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n";
    EXPECT_FALSE(is_complete_response(head.substr(0, 20)));
    EXPECT_FALSE(is_complete_response(head + "{"));
    EXPECT_TRUE(is_complete_response(head + "{}"));
    const auto response = parse_response(head + "{}");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->content_type, "application/json");
    EXPECT_EQ(response->body, "{}");
    EXPECT_FALSE(parse_response(head + "{"));
}

TEST(Http, JoinsChunks) {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_FALSE(is_complete_response(head + "3\r\nabc\r\n"));
    const std::string whole = head + "3\r\nabc\r\nA;ext=1\r\n0123456789\r\n0\r\n\r\n";
    EXPECT_TRUE(is_complete_response(whole));
    const auto response = parse_response(whole);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, "abc0123456789");
    EXPECT_FALSE(parse_response(head + "zz\r\nabc"));
}

TEST(Http, WithoutLengthTheConnectionEndsIt) {
    const std::string raw = "HTTP/1.0 404 Not Found\r\n\r\ngone";
    EXPECT_FALSE(is_complete_response(raw));
    const auto response = parse_response(raw);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 404);
    EXPECT_EQ(response->body, "gone");
}

TEST(Http, RefusesNonsense) {
    EXPECT_FALSE(parse_response("SSH-2.0-x\r\n\r\n"));
    EXPECT_TRUE(is_complete_response("SSH-2.0-x\r\n\r\n"));
    EXPECT_FALSE(parse_response(""));
}

}  // namespace
}  // namespace lima::hostapi
