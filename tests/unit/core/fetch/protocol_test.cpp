#include "core/fetch/protocol.hpp"

#include <gtest/gtest.h>

namespace lima::fetch {
namespace {

TEST(Protocol, AnOrderSurvivesTheWay) {
    Order order;
    order.request = {.location = "https://x/y \"z\"",
                     .digest = "sha256:00",
                     .headers = {"Accept: text/plain", "X-Y: z"},
                     .decompress = true,
                     .description = "the image",
                     .target = "/t",
                     .sparse = true,
                     .image_formats = {"qcow2", "raw"}};
    order.cache_dir = "/cache";
    order.parent = 42;
    const Order back = decode_order(encode(order)).value();
    EXPECT_EQ(back.request.location, order.request.location);
    EXPECT_EQ(back.request.digest, order.request.digest);
    EXPECT_EQ(back.request.headers, order.request.headers);
    EXPECT_TRUE(back.request.decompress);
    EXPECT_EQ(back.request.description, "the image");
    EXPECT_EQ(back.request.target, Path("/t"));
    EXPECT_TRUE(back.request.sparse);
    EXPECT_EQ(back.request.image_formats, order.request.image_formats);
    EXPECT_EQ(back.cache_dir, "/cache");
    EXPECT_EQ(back.parent, 42);
    order.request.target.reset();
    EXPECT_FALSE(decode_order(encode(order))->request.target);
}

TEST(Protocol, RepliesSurviveTheWay) {
    const Reply progress = decode_reply(encode(Reply(Progress{"downloading", 5, 10}))).value();
    EXPECT_EQ(std::get<Progress>(progress).what, "downloading");
    EXPECT_EQ(std::get<Progress>(progress).done, 5U);
    EXPECT_EQ(std::get<Progress>(progress).total, 10U);
    const Reply line =
        decode_reply(encode(Reply(LogLine{log::Level::kWarning, "careful"}))).value();
    EXPECT_EQ(std::get<LogLine>(line).level, log::Level::kWarning);
    EXPECT_EQ(std::get<LogLine>(line).message, "careful");
    const Reply result = decode_reply(encode(Reply(Fetched{Outcome::kUsedCache, "/data"}))).value();
    EXPECT_EQ(std::get<Fetched>(result).outcome, Outcome::kUsedCache);
    EXPECT_EQ(std::get<Fetched>(result).cache_path, "/data");
    const Reply failure =
        decode_reply(
            encode(Reply(Error(Code::kNotFound, "gone").with_hint("look").with_phase("download"))))
            .value();
    EXPECT_EQ(std::get<Error>(failure).code(), Code::kNotFound);
    EXPECT_EQ(std::get<Error>(failure).text(), "gone");
    EXPECT_EQ(std::get<Error>(failure).hint(), "look");
    EXPECT_EQ(std::get<Error>(failure).phase(), "download");
}

TEST(Protocol, NonsenseIsRefused) {
    EXPECT_FALSE(decode_order("{"));
    EXPECT_FALSE(decode_order("{}"));
    EXPECT_FALSE(decode_order(R"({"location":"x"})"));
    EXPECT_FALSE(decode_reply("hello"));
    EXPECT_FALSE(decode_reply("[1]"));
    EXPECT_FALSE(decode_reply("{\"other\":1}"));
    EXPECT_FALSE(decode_reply(R"({"result":{"outcome":"eaten"}})"));
}

}  // namespace
}  // namespace lima::fetch
