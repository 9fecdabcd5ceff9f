#include "core/base/process.hpp"
#include "core/fetch/protocol.hpp"
#include "tests/support/temp_home.hpp"
#include "tests/unit/core/fetch/fetch_fixture.hpp"

namespace lima::fetch {
namespace {

using DownloadTest = FetchTest;

TEST_F(DownloadTest, WritesTheLayoutOfTheOriginal) {
    server_.set("/dir/a.img", {.body = "content",
                               .last_modified = "Mon, 01 Jan 2024 00:00:00 GMT",
                               .content_type = "text/x"});
    Request with_digest = request(server_.url("/dir/a.img"));
    with_digest.digest = sha256("content");
    const auto fetched = get(with_digest);
    ASSERT_TRUE(fetched) << fetched.error().text();
    EXPECT_EQ(fetched->outcome, Outcome::kDownloaded);
    EXPECT_EQ(text_of(target_), "content");
    const Path at = entry(with_digest.location);
    EXPECT_EQ(fs::list_names(at).value(),
              (std::vector<std::string>{"data", "sha256.digest", "time", "type", "url"}));
    EXPECT_EQ(text_of(at / "data"), "content");
    EXPECT_EQ(text_of(at / "url"), with_digest.location);
    EXPECT_EQ(text_of(at / "time"), "Mon, 01 Jan 2024 00:00:00 GMT");
    EXPECT_EQ(text_of(at / "type"), "text/x");
    EXPECT_EQ(text_of(at / "sha256.digest"), sha256("content"));
    EXPECT_EQ(std::filesystem::status(at).permissions(), std::filesystem::perms(0700));
    ASSERT_FALSE(progress_.empty());
    EXPECT_EQ(progress_.front().what, "downloading");
    EXPECT_EQ(progress_.back().done, 7U);
}

TEST_F(DownloadTest, HeadersAreForTheServerThatIsNamedAlone) {
    // Another port is another host to libcurl.
    test::HttpServer elsewhere;
    elsewhere.set("/there", {.body = "b"});
    server_.set("/a", {.body = "a", .last_modified = "Mon, 01 Jan 2024 00:00:00 GMT"});
    server_.set("/away", {.redirect = elsewhere.url("/there")});
    Request with_headers = request(server_.url("/a"));
    with_headers.headers = {"User-Agent: somebody", "Authorization: token secret"};
    ASSERT_TRUE(get(with_headers));
    with_headers.target = dir_.path() / "again";
    ASSERT_TRUE(get(with_headers));  // asks by HEAD whether it has changed
    with_headers.target = dir_.path() / "away";
    with_headers.location = server_.url("/away");
    ASSERT_TRUE(get(with_headers));
    ASSERT_EQ(server_.requests().size(), 3U);
    for (const test::SeenRequest& seen : server_.requests()) {
        EXPECT_EQ(seen.headers.at("user-agent"), "somebody");
        EXPECT_EQ(seen.headers.at("authorization"), "token secret");
    }
    ASSERT_EQ(elsewhere.requests().size(), 1U);
    EXPECT_FALSE(elsewhere.requests().front().headers.contains("authorization"));
}

TEST_F(DownloadTest, AnEmptyFileIsAFile) {
    server_.set("/a", {});
    const auto fetched = get(request(server_.url("/a")));
    ASSERT_TRUE(fetched) << fetched.error().text();
    EXPECT_EQ(text_of(target_), "");
}

TEST_F(DownloadTest, FollowsRedirectsButNotForEver) {
    server_.set("/a", {.redirect = server_.url("/b")});
    server_.set("/b", {.body = "found", .last_modified = "Mon, 01 Jan 2024 00:00:00 GMT"});
    ASSERT_TRUE(get(request(server_.url("/a"))));
    EXPECT_EQ(text_of(target_), "found");
    EXPECT_EQ(text_of(entry(server_.url("/a")) / "time"), "Mon, 01 Jan 2024 00:00:00 GMT");
    ASSERT_TRUE(fs::remove_tree(target_));
    server_.set("/loop", {.redirect = server_.url("/loop")});
    const auto fetched = get(request(server_.url("/loop")));
    ASSERT_FALSE(fetched);
    EXPECT_EQ(server_.count("GET", "/loop"), 11U);
}

TEST_F(DownloadTest, AStatusIsAnErrorWithTheServersWords) {
    const auto missing = get(request(server_.url("/none.img")));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Code::kNotFound);
    EXPECT_EQ(missing.error().phase(), "download");
    EXPECT_FALSE(missing.error().hint().empty());
    EXPECT_NE(missing.error().text().find("failed to download the image (none.img) from " +
                                          server_.url("/none.img")),
              std::string::npos)
        << missing.error().text();
    EXPECT_NE(missing.error().text().find("HTTP status 404: \"no such file\""), std::string::npos);
    EXPECT_FALSE(fs::exists(target_));
    server_.set("/json", {.body = R"({"message":"rate limited"})", .status = 403});
    const auto refused = get(request(server_.url("/json")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kPermissionDenied);
    EXPECT_NE(refused.error().text().find("HTTP status 403: rate limited"), std::string::npos);
}

TEST_F(DownloadTest, AServerInTroubleIsAskedAgain) {
    server_.set("/busy", {.body = "later", .status = 503});
    const auto fetched = get(request(server_.url("/busy")));
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code(), Code::kUnavailable);
    EXPECT_EQ(server_.count("GET", "/busy"), 4U);
}

TEST_F(DownloadTest, AWrongDigestNamesBothAndLeavesNothing) {
    server_.set("/a", {.body = "evil", .etag = "\"1\""});
    Request with_digest = request(server_.url("/a"));
    with_digest.digest = sha256("good");
    const auto fetched = get(with_digest);
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code(), Code::kFailedPrecondition);
    EXPECT_NE(fetched.error().text().find("expected " + sha256("good") + ", got " + sha256("evil")),
              std::string::npos);
    EXPECT_FALSE(fs::exists(target_));
    EXPECT_EQ(fs::list_names(entry(with_digest.location)).value(),
              (std::vector<std::string>{"url"}));
}

TEST_F(DownloadTest, AnUnknownDigestAlgorithmIsRefusedBeforeAnythingIsLoaded) {
    server_.set("/a", {.body = "x"});
    Request with_digest = request(server_.url("/a"));
    with_digest.digest = "md5:0123";
    const auto fetched = get(with_digest);
    ASSERT_FALSE(fetched);
    EXPECT_TRUE(server_.requests().empty());
}

TEST_F(DownloadTest, ABrokenConnectionIsResumedAtItsPlace) {
    const std::string body = noise(300000);
    server_.set("/a", {.body = body, .etag = "\"v1\"", .cut_after = 100000});
    Request with_digest = request(server_.url("/a"));
    with_digest.digest = sha256(body);
    const auto fetched = get(with_digest);
    ASSERT_TRUE(fetched) << fetched.error().text();
    EXPECT_EQ(text_of(target_), body);
    const auto requests = server_.requests();
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_EQ(requests[0].headers.count("range"), 0U);
    EXPECT_EQ(requests[1].headers.at("range"), "bytes=100000-");
    EXPECT_EQ(requests[1].headers.at("if-range"), "\"v1\"");
    EXPECT_EQ(requests[2].headers.at("range"), "bytes=200000-");
}

TEST_F(DownloadTest, TheDateOfAResumedFileIsThatOfItsFirstAnswer) {
    const std::string body = noise(3000);
    server_.set("/a", {.body = body,
                       .last_modified = "Mon, 01 Jan 2024 00:00:00 GMT",
                       .content_type = "text/x",
                       .cut_after = 1000,
                       .lean_ranges = true});
    const auto fetched = get(request(server_.url("/a")));
    ASSERT_TRUE(fetched) << fetched.error().text();
    EXPECT_EQ(text_of(target_), body);
    EXPECT_EQ(text_of(entry(server_.url("/a")) / "time"), "Mon, 01 Jan 2024 00:00:00 GMT");
    EXPECT_EQ(text_of(entry(server_.url("/a")) / "type"), "text/x");
}

TEST_F(DownloadTest, AServerThatNeverFinishesIsAnErrorThatKeepsThePart) {
    const std::string body = noise(50000);
    server_.set("/a", {.body = body,
                       .last_modified = "Mon, 01 Jan 2024 00:00:00 GMT",
                       .ranges = false,
                       .cut_after = 20000});
    const auto fetched = get(request(server_.url("/a")));
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code(), Code::kUnavailable);
    EXPECT_EQ(server_.count("GET", "/a"), 4U);
    const Path part = entry(server_.url("/a")) / "data.part";
    EXPECT_EQ(std::filesystem::file_size(part), 20000U);
    EXPECT_FALSE(fs::exists(entry(server_.url("/a")) / "data"));
    // The next command goes on where this one stopped.
    server_.set("/a", {.body = body, .last_modified = "Mon, 01 Jan 2024 00:00:00 GMT"});
    ASSERT_TRUE(get(request(server_.url("/a"))));
    EXPECT_EQ(server_.requests().back().headers.at("range"), "bytes=20000-");
    EXPECT_EQ(text_of(target_), body);
    EXPECT_FALSE(fs::exists(part));
}

TEST_F(DownloadTest, AChangedFileIsNotGluedToAnOldPart) {
    server_.set("/a", {.body = noise(5000), .etag = "\"old\"", .ranges = false, .cut_after = 1000});
    ASSERT_FALSE(get(request(server_.url("/a"))));
    server_.set("/a", {.body = "new and short", .etag = "\"new\""});
    ASSERT_TRUE(get(request(server_.url("/a"))));
    EXPECT_EQ(text_of(target_), "new and short");
}

TEST_F(DownloadTest, AServerThatContinuesAChangedFileIsFoundOut) {
    const Path at = entry(server_.url("/a"));
    ASSERT_TRUE(fs::make_dirs(at));
    ASSERT_TRUE(fs::write_file_atomic(at / "data.part", "old"));
    ASSERT_TRUE(fs::write_file_atomic(at / "data.part.notes", "\"1\""));
    server_.set("/a", {.body = "new file", .etag = "\"2\"", .ignore_if_range = true});
    ASSERT_TRUE(get(request(server_.url("/a"))));
    EXPECT_EQ(text_of(target_), "new file");
}

TEST_F(DownloadTest, APartThatDoesNotFitIsThrownAway) {
    const Path at = entry(server_.url("/a"));
    ASSERT_TRUE(fs::make_dirs(at));
    // As long as the file: the server says 416.
    ASSERT_TRUE(fs::write_file_atomic(at / "data.part", "12345"));
    ASSERT_TRUE(fs::write_file_atomic(at / "data.part.notes", "\"1\""));
    server_.set("/a", {.body = "abcde", .etag = "\"1\""});
    ASSERT_TRUE(get(request(server_.url("/a"))));
    EXPECT_EQ(text_of(target_), "abcde");
    // A part with other bytes than the server's is found out by the digest.
    ASSERT_TRUE(fs::remove_tree(at));
    ASSERT_TRUE(fs::remove_tree(target_));
    ASSERT_TRUE(fs::make_dirs(at));
    ASSERT_TRUE(fs::write_file_atomic(at / "data.part", "ZZZ"));
    ASSERT_TRUE(fs::write_file_atomic(at / "data.part.notes", "\"1\""));
    Request with_digest = request(server_.url("/a"));
    with_digest.digest = sha256("abcde");
    ASSERT_TRUE(get(with_digest));
    EXPECT_EQ(text_of(target_), "abcde");
    // A part without a validator cannot be trusted at all.
    ASSERT_TRUE(fs::remove_tree(at));
    ASSERT_TRUE(fs::remove_tree(target_));
    ASSERT_TRUE(fs::make_dirs(at));
    ASSERT_TRUE(fs::write_file_atomic(at / "data.part", "ZZZ"));
    ASSERT_TRUE(get(request(server_.url("/a"))));
    EXPECT_EQ(text_of(target_), "abcde");
    EXPECT_EQ(server_.requests().back().headers.count("range"), 0U);
}

TEST_F(DownloadTest, AServerThatContinuesElsewhereIsAskedForTheWhole) {
    const Path at = entry(server_.url("/a"));
    ASSERT_TRUE(fs::make_dirs(at));
    ASSERT_TRUE(fs::write_file_atomic(at / "data.part", "ab"));
    ASSERT_TRUE(fs::write_file_atomic(at / "data.part.notes", "\"1\""));
    server_.set("/a", {.body = "abcde", .etag = "\"1\"", .wrong_range = true});
    ASSERT_TRUE(get(request(server_.url("/a"))));
    EXPECT_EQ(text_of(target_), "abcde");
}

TEST_F(DownloadTest, AFileLargerThanTheDiskIsRefusedAtOnce) {
    server_.set("/a", {.body = "x", .claimed_length = 1LL << 60});
    const auto fetched = get(request(server_.url("/a")));
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code(), Code::kResourceExhausted);
    EXPECT_NE(fetched.error().text().find("1EiB needed, "), std::string::npos)
        << fetched.error().text();
    EXPECT_NE(fetched.error().hint().find("limactl prune"), std::string::npos);
    EXPECT_EQ(server_.count("GET", "/a"), 1U);
}

TEST_F(DownloadTest, NobodyListeningAndStrangeSchemesAreNamed) {
    const auto refused = get(request("http://127.0.0.1:1/x"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kUnavailable);
    EXPECT_NE(refused.error().hint().find("http_proxy"), std::string::npos);
    const auto scheme = get(request("ftp://127.0.0.1/x"));
    ASSERT_FALSE(scheme);
    EXPECT_EQ(scheme.error().code(), Code::kInvalidArgument);
}

TEST_F(DownloadTest, AProxyIsUsedForOthersButNotForThisMachine) {
    server_.set("/a", {.body = "direct"});
    server_.set("http://example.invalid/b", {.body = "by proxy"});
    const test::ScopedEnv lower("http_proxy", std::nullopt);
    const test::ScopedEnv upper("HTTP_PROXY", server_.url(""));
    const test::ScopedEnv none("no_proxy", std::nullopt);
    ASSERT_TRUE(get(request("http://example.invalid/b")));
    EXPECT_EQ(text_of(target_), "by proxy");
    ASSERT_TRUE(fs::remove_tree(target_));
    ASSERT_TRUE(get(request(server_.url("/a"))));
    EXPECT_EQ(text_of(target_), "direct");
}

TEST_F(DownloadTest, TheDeathOfTheParentLeavesOnlyAResumablePart) {
    // A shell starts lima-fetch and is killed while the transfer stands still.
    const std::string body = noise(1 << 16);
    server_.set(
        "/slow",
        {.body = body.substr(0, 1000), .etag = "\"1\"", .claimed_length = 1 << 16, .hold = true});
    Order order;
    order.request = request(server_.url("/slow"));
    order.cache_dir = environment_.cache_dir;
    ASSERT_TRUE(fs::write_file_atomic(dir_.path() / "order", encode(order)));
    const Pipe pipe = make_pipe().value();
    SpawnOptions options;
    options.argv = {"sh", "-c", "\"$0\" < \"$1\"; true", environment_.fetch_program.string(),
                    (dir_.path() / "order").string()};
    options.stdout_fd = pipe.write.get();
    Child shell = spawn(options).value();
    ASSERT_TRUE(wait_readable(pipe.read.get(), std::chrono::seconds(20)).value());
    ASSERT_TRUE(shell.signal(SIGKILL));
    ASSERT_TRUE(shell.wait());
    // The lock of the entry is free once lima-fetch has ended.
    server_.set("/slow", {.body = body, .etag = "\"1\""});
    const auto fetched = get(request(server_.url("/slow")));
    ASSERT_TRUE(fetched) << fetched.error().text();
    EXPECT_EQ(text_of(target_), body);
    EXPECT_EQ(fs::list_names(target_.parent_path()).value(), (std::vector<std::string>{"image"}));
}

}  // namespace
}  // namespace lima::fetch
