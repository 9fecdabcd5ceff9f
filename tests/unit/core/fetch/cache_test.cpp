#include "core/fetch/cache.hpp"

#include "tests/support/temp_home.hpp"
#include "tests/unit/core/fetch/fetch_fixture.hpp"

namespace lima::fetch {
namespace {

TEST(CacheDir, FollowsTheEnvironment) {
    {
        const test::ScopedEnv cache("XDG_CACHE_HOME", "/c");
        EXPECT_EQ(default_cache_dir().value(), "/c/lima");
    }
    {
        const test::ScopedEnv cache("XDG_CACHE_HOME", "relative");
        EXPECT_FALSE(default_cache_dir());
    }
    const test::ScopedEnv cache("XDG_CACHE_HOME", std::nullopt);
    const test::ScopedEnv home("HOME", "/h");
    EXPECT_EQ(default_cache_dir().value(), "/h/.cache/lima");
}

TEST(CacheDir, TheEntryIsNamedByTheDigestOfTheUrl) {
    EXPECT_EQ(cache_entry("/c/lima", "https://example.com/a"),
              "/c/lima/download/by-url-sha256/" + sha256_hex("https://example.com/a"));
}

using CacheTest = FetchTest;

TEST_F(CacheTest, ASecondDownloadUsesTheCacheWhenNothingChanged) {
    server_.set("/a", {.body = "one", .last_modified = "Mon, 01 Jan 2024 00:00:00 GMT"});
    EXPECT_EQ(get(request(server_.url("/a")))->outcome, Outcome::kDownloaded);
    ASSERT_TRUE(fs::remove_tree(target_));
    EXPECT_EQ(get(request(server_.url("/a")))->outcome, Outcome::kUsedCache);
    EXPECT_EQ(server_.count("GET", "/a"), 1U);
    EXPECT_EQ(server_.count("HEAD", "/a"), 1U);
    // The same instant in another notation.
    server_.set("/a", {.body = "one", .last_modified = "Monday, 01-Jan-24 00:00:00 GMT"});
    ASSERT_TRUE(fs::remove_tree(target_));
    EXPECT_EQ(get(request(server_.url("/a")))->outcome, Outcome::kUsedCache);
}

TEST_F(CacheTest, AChangedFileIsDownloadedAgain) {
    server_.set("/a", {.body = "one", .last_modified = "Mon, 01 Jan 2024 00:00:00 GMT"});
    ASSERT_TRUE(get(request(server_.url("/a"))));
    server_.set("/a", {.body = "two", .last_modified = "Tue, 02 Jan 2024 00:00:00 GMT"});
    ASSERT_TRUE(fs::remove_tree(target_));
    EXPECT_EQ(get(request(server_.url("/a")))->outcome, Outcome::kDownloaded);
    EXPECT_EQ(text_of(target_), "two");
    EXPECT_EQ(text_of(entry(server_.url("/a")) / "time"), "Tue, 02 Jan 2024 00:00:00 GMT");
}

TEST_F(CacheTest, WithoutADateItIsDownloadedEachTime) {
    server_.set("/a", {.body = "one"});
    ASSERT_TRUE(get(request(server_.url("/a"))));
    ASSERT_TRUE(fs::remove_tree(target_));
    EXPECT_EQ(get(request(server_.url("/a")))->outcome, Outcome::kDownloaded);
    EXPECT_EQ(server_.count("HEAD", "/a"), 0U);
}

TEST_F(CacheTest, AServerThatCannotBeAskedLeavesTheCacheInUse) {
    server_.set("/a", {.body = "one", .last_modified = "Mon, 01 Jan 2024 00:00:00 GMT"});
    ASSERT_TRUE(get(request(server_.url("/a"))));
    server_.set("/a", {.body = "two", .fail_head = true});
    ASSERT_TRUE(fs::remove_tree(target_));
    EXPECT_EQ(get(request(server_.url("/a")))->outcome, Outcome::kUsedCache);
    EXPECT_EQ(text_of(target_), "one");
}

TEST_F(CacheTest, ADigestNeedsNoServer) {
    server_.set("/a", {.body = "one"});
    Request with_digest = request(server_.url("/a"));
    with_digest.digest = sha256("one");
    ASSERT_TRUE(get(with_digest));
    ASSERT_TRUE(fs::remove_tree(target_));
    EXPECT_EQ(get(with_digest)->outcome, Outcome::kUsedCache);
    EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(CacheTest, ADigestThatWasNotRecordedIsComputedOnce) {
    server_.set("/a", {.body = "one"});
    ASSERT_TRUE(get(request(server_.url("/a"))));
    Request with_digest = request(server_.url("/a"));
    with_digest.digest = sha256("one");
    ASSERT_TRUE(fs::remove_tree(target_));
    EXPECT_EQ(get(with_digest)->outcome, Outcome::kUsedCache);
    EXPECT_EQ(text_of(entry(server_.url("/a")) / "sha256.digest"), sha256("one"));
    EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(CacheTest, AnotherDigestIsDownloadedOnceMoreAndThenAnError) {
    server_.set("/a", {.body = "one"});
    Request old = request(server_.url("/a"));
    old.digest = sha256("one");
    ASSERT_TRUE(get(old));
    ASSERT_TRUE(fs::remove_tree(target_));
    Request changed = old;
    changed.digest = sha256("two");
    const auto wrong = get(changed);
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().text().find("expected " + sha256("two") + ", got " + sha256("one")),
              std::string::npos)
        << wrong.error().text();
    EXPECT_NE(wrong.error().text().find(server_.url("/a")), std::string::npos);
    EXPECT_EQ(server_.count("GET", "/a"), 2U);
    // The good old copy is still there for those who know its digest.
    EXPECT_EQ(get(old)->outcome, Outcome::kUsedCache);
    ASSERT_TRUE(fs::remove_tree(target_));
    server_.set("/a", {.body = "two"});
    EXPECT_EQ(get(changed)->outcome, Outcome::kDownloaded);
    EXPECT_EQ(text_of(target_), "two");
}

TEST_F(CacheTest, WithoutATargetOnlyTheCacheIsFilled) {
    server_.set("/a", {.body = "one"});
    Request only = request(server_.url("/a"));
    only.target.reset();
    const auto fetched = get(only);
    ASSERT_TRUE(fetched);
    EXPECT_EQ(fetched->cache_path, entry(server_.url("/a")) / "data");
    EXPECT_EQ(text_of(fetched->cache_path), "one");
    EXPECT_FALSE(fs::exists(target_));
}

TEST_F(CacheTest, AnExistingTargetIsSkipped) {
    ASSERT_TRUE(fs::make_dirs(target_.parent_path()));
    ASSERT_TRUE(fs::write_file_atomic(target_, "mine"));
    EXPECT_EQ(get(request(server_.url("/none")))->outcome, Outcome::kSkipped);
    EXPECT_EQ(text_of(target_), "mine");
}

TEST_F(CacheTest, TwoAtOnceDownloadOnce) {
    server_.set("/a", {.body = noise(1 << 20), .last_modified = "Mon, 01 Jan 2024 00:00:00 GMT"});
    Request one = request(server_.url("/a"));
    one.digest = sha256(noise(1 << 20));
    Request two = one;
    two.target = dir_.path() / "out" / "second";
    std::thread other([&] { EXPECT_TRUE(fetch(environment_, two)); });
    EXPECT_TRUE(fetch(environment_, one));
    other.join();
    EXPECT_EQ(server_.count("GET", "/a"), 1U);
    EXPECT_EQ(text_of(target_), text_of(*two.target));
}

TEST_F(CacheTest, AMissingProgramIsNamed) {
    environment_.fetch_program = dir_.path() / "none";
    const auto fetched = get(request(server_.url("/a")));
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code(), Code::kNotFound);
    EXPECT_NE(fetched.error().text().find("none"), std::string::npos);
}

}  // namespace
}  // namespace lima::fetch
