// Where locators lead: github:, plugins, redirects; against a web that is a map.
#include "core/template/resolve.hpp"

#include "core/base/text.hpp"
#include "core/template/github.hpp"

#include <gtest/gtest.h>

#include <map>

namespace lima::tmpl {
namespace {

constexpr const char* kRaw = "https://raw.githubusercontent.com/";
constexpr const char* kApi = "https://api.github.com/repos/";

class ResolveTest : public ::testing::Test {
protected:
    ResolveTest() {
        options_.host.home = "/home/jane";
        options_.host.arch = "x86_64";
        options_.download = [this](const Download& wanted) -> Result<std::string> {
            asked_.push_back(wanted);
            const auto found = web_.find(wanted.url);
            return found == web_.end() ? failf(Code::kNotFound, "HTTP status 404")
                                       : Result<std::string>(found->second);
        };
    }
    /// The location, or the error.
    std::string resolved(const std::string& locator) {
        asked_.clear();
        const auto out = resolve(locator, options_);
        return out ? *out : "error: " + out.error().text();
    }
    void branch(const std::string& repository, const std::string& name) {
        web_[kApi + repository] = R"({"id": 1, "default_branch": ")" + name + "\"}";
    }
    std::string asked() const {
        std::string out;
        for (const Download& wanted : asked_) {
            out += (out.empty() ? "" : " ") + wanted.url;
        }
        return out;
    }

    Options options_;
    std::map<std::string, std::string> web_;
    std::vector<Download> asked_;
};

TEST_F(ResolveTest, GithubLocatorsAreFilledIn) {
    const auto file = [](const std::string& locator) {
        const auto out = parse_github(locator);
        return out ? out->locator() : "error: " + out.error().text();
    };
    EXPECT_EQ(file("github:o"), "github:o/o/.lima.yaml");
    EXPECT_EQ(file("github:o/"), "github:o/o/.lima.yaml");
    EXPECT_EQ(file("github:o/r"), "github:o/r/.lima.yaml");
    EXPECT_EQ(file("github:o/r/"), "github:o/r/.lima.yaml");
    EXPECT_EQ(file("github:o//web"), "github:o/o/web.yaml");
    EXPECT_EQ(file("github:o/r/web@v1"), "github:o/r/web.yaml@v1");
    EXPECT_EQ(file("github:o/r/d/@a/b"), "github:o/r/d/.lima.yaml@a/b");
    EXPECT_EQ(file("github:o/r/d/.hidden"), "github:o/r/d/.hidden.yaml");
    EXPECT_EQ(file("github:o/r/d/./x/../s.sh"), "github:o/r/d/s.sh");
    EXPECT_EQ(file("github:"), "error: github: URL must contain at least an ORG, got ``");
    EXPECT_EQ(file("github:@v1"), "error: github: URL must contain at least an ORG, got `@v1`");
    for (const char* bad : {"github:o/..", "github:o/r/../../x", "github:o/r/x@../y"}) {
        EXPECT_EQ(file(bad),
                  "error: `" + std::string(bad) + "` must not lead out of its repository");
    }
}

TEST_F(ResolveTest, GithubFilesAreAskedFor) {
    web_[std::string(kRaw) + "o/r/v1/web.yaml"] = "cpus: 1\n";
    EXPECT_EQ(resolved("github:o/r/web@v1"), std::string(kRaw) + "o/r/v1/web.yaml");
    EXPECT_EQ(asked(), std::string(kRaw) + "o/r/v1/web.yaml");
    EXPECT_TRUE(asked_[0].headers.empty());
    // What is no YAML is not looked at.
    EXPECT_EQ(resolved("github:o/r/d e/s.sh@v1"), std::string(kRaw) + "o/r/v1/d%20e/s.sh");
    EXPECT_EQ(asked(), "");
    EXPECT_EQ(resolved("github:o/r/none@v1"), "error: file `" + std::string(kRaw) +
                                                  "o/r/v1/none.yaml` not found or inaccessible: "
                                                  "status 404");
    options_.download = {};
    EXPECT_EQ(resolved("github:o/r@v1"),
              "error: github:o/r/.lima.yaml@v1 cannot be downloaded here");
}

TEST_F(ResolveTest, WithoutAReferenceTheDefaultBranch) {
    branch("o/r", "trunk");
    web_[std::string(kRaw) + "o/r/trunk/.lima.yaml"] = "cpus: 1\n";
    EXPECT_EQ(resolved("github:o/r"), std::string(kRaw) + "o/r/trunk/.lima.yaml");
    ASSERT_EQ(asked_.size(), 2U);
    EXPECT_EQ(asked_[0].url, std::string(kApi) + "o/r");
    EXPECT_EQ(
        asked_[0].headers,
        (std::vector<std::string>{"User-Agent: lima", "Accept: application/vnd.github.v3+json"}));
    options_.github_token = "secret";
    resolved("github:o/r");
    EXPECT_EQ(asked_[0].headers.at(2), "Authorization: token secret");
    EXPECT_TRUE(asked_[1].headers.empty());
    options_.github_token.clear();
    const auto unknown = resolve("github:o/unknown", options_);
    ASSERT_FALSE(unknown.has_value());
    EXPECT_NE(unknown.error().hint().find("GH_TOKEN"), std::string::npos);
    web_[std::string(kApi) + "o/odd"] = "[]";
    EXPECT_EQ(resolved("github:o/odd"),
              "error: " + std::string(kApi) + "o/odd names no default branch");
}

TEST_F(ResolveTest, SymbolicLinksAreFollowed) {
    const std::string raw = std::string(kRaw) + "o/r/v1/";
    web_[raw + "d/web.yaml"] = "../lib/real.yaml";
    web_[raw + "lib/real.yaml"] = "cpus: 1\n";
    web_[raw + "out.yaml"] = "../../etc/x.yaml";
    web_[raw + "me.yaml"] = "me.yaml";
    const auto real = resolve_locator("github:o/r/d/web@v1", options_);
    ASSERT_TRUE(real.has_value()) << real.error().text();
    EXPECT_EQ(real->location, raw + "lib/real.yaml");
    EXPECT_EQ(real->identity, "github:o/r/lib/real.yaml@v1");
    EXPECT_EQ(real->text, "cpus: 1\n");
    EXPECT_NE(resolved("github:o/r/out@v1").find("leads out of its repository: ../../etc/x.yaml"),
              std::string::npos);
    EXPECT_NE(resolved("github:o/r/me@v1").find("leads to itself"), std::string::npos);
}

TEST_F(ResolveTest, AnOrganizationsRepositoryMayLeadElsewhere) {
    branch("o/o", "main");
    branch("o/lib", "trunk");
    const std::string raw = std::string(kRaw) + "o/";
    web_[raw + "o/main/.lima.yaml"] = "github:o/lib/web\n# that is all\n";
    web_[raw + "lib/trunk/web.yaml"] = "cpus: 1\n";
    web_[raw + "lib/v2/web.yaml"] = "cpus: 2\n";
    EXPECT_EQ(resolved("github:o"), raw + "lib/trunk/web.yaml");
    // The branch is that of where it leads to; here it does not exist in the first repository.
    EXPECT_EQ(resolved("github:o@v2"), raw + "lib/v2/web.yaml");
    EXPECT_EQ(asked(), raw + "o/v2/.lima.yaml " + kApi + "o/o " + raw + "o/main/.lima.yaml " + raw +
                           "lib/v2/web.yaml");
    web_[raw + "o/v2/.lima.yaml"] = "github:o/lib/web";
    EXPECT_EQ(resolved("github:o@v2"), raw + "lib/v2/web.yaml");
    web_[raw + "o/main/.lima.yaml"] = "github:other/lib/web\n";
    EXPECT_NE(resolved("github:o").find("redirect `github:other/lib/web` is not a `github:o` URL"),
              std::string::npos);
    web_[raw + "o/main/.lima.yaml"] = "github:o/lib/web@v1\n";
    EXPECT_NE(resolved("github:o")
                  .find("redirect `github:o/lib/web@v1` must not include a branch/tag/sha"),
              std::string::npos);
    // A template at the default branch is none for a branch that is not there.
    web_[raw + "o/main/.lima.yaml"] = "cpus: 1\n";
    EXPECT_NE(resolved("github:o@v3").find("redirect `cpus: 1` is not a `github:o` URL"),
              std::string::npos);
    web_[raw + "o/main/.lima.yaml"] = "github:o/o/.lima.yaml\n";
    EXPECT_EQ(resolved("github:o"), "error: custom locator `github:o` has a redirect loop");
    // Only there: elsewhere it is a template with an odd text.
    web_[raw + "lib/v2/web.yaml"] = "github:o/o/x\n";
    EXPECT_EQ(resolved("github:o/lib/web@v2"), raw + "lib/v2/web.yaml");
}

TEST_F(ResolveTest, PluginsResolveTheirScheme) {
    std::string calls;
    options_.url_plugin = [&](const std::string& scheme,
                              const std::string& rest) -> Result<std::optional<std::string>> {
        calls += scheme + "(" + rest + ") ";
        if (scheme == "mine") {
            return " template:" + rest + "\n";
        }
        if (scheme == "loop") {
            return "pool:" + rest;
        }
        if (scheme == "pool") {
            return "loop:" + rest;
        }
        if (scheme == "mute") {
            return "\n";
        }
        return scheme == "bad" ? failf(Code::kUnavailable, "no such thing")
                               : Result<std::optional<std::string>>(std::nullopt);
    };
    EXPECT_EQ(resolved("mine:a/b"), "template:a/b");
    EXPECT_EQ(resolved("mine://a"), "template:a");
    EXPECT_EQ(resolved("https://h/x.yaml"), "https://h/x.yaml");
    EXPECT_EQ(calls, "mine(a/b) mine(//a) https(//h/x.yaml) ");
    calls.clear();
    for (const char* as_it_is : {"template:x", "/a/b.yaml", "./x", "-", "C:\\x.yaml", "default"}) {
        EXPECT_EQ(resolved(as_it_is), as_it_is);
    }
    EXPECT_EQ(calls, "");
    EXPECT_EQ(resolved("loop:x"), "error: custom locator `loop:x` has a redirect loop");
    EXPECT_EQ(resolved("bad:x"), "error: failed to resolve `bad:x`: no such thing");
    EXPECT_EQ(resolved("mute:x"), "error: the plugin for `mute:x` printed no locator");
}

TEST_F(ResolveTest, WhatIsReadIsCalledByItsLocator) {
    branch("o/r", "main");
    web_[std::string(kRaw) + "o/r/main/d/web.yaml"] = "base: more.yaml\n";
    web_[std::string(kRaw) + "o/r/main/d/more.yaml"] = "provision:\n- file: s.sh\n";
    web_[std::string(kRaw) + "o/r/main/d/s.sh"] = "#!/bin/sh\n";
    const auto web = read("github:o/r/d/web", options_);
    ASSERT_TRUE(web.has_value()) << web.error().text();
    EXPECT_EQ(web->locator, "github:o/r/d/web.yaml");
    EXPECT_EQ(web->name, "web");
    // It is not read twice.
    EXPECT_EQ(asked(), std::string(kApi) + "o/r " + kRaw + "o/r/main/d/web.yaml");
    const auto text = embed(*web, options_);
    ASSERT_TRUE(text.has_value()) << text.error().text();
    EXPECT_EQ(text->text, "provision:\n- script: |\n    #!/bin/sh\n");
    const auto kept = embed(*web, options_, Scope::kNone);
    EXPECT_EQ(kept->text, "base: github:o/r/d/more.yaml\n");
    // An image elsewhere is a template too.
    const auto image = read("github:o/r/x.qcow2@v1", options_);
    ASSERT_TRUE(image.has_value()) << image.error().text();
    EXPECT_NE(image->text.find("location: " + std::string(kRaw) + "o/r/v1/x.qcow2"),
              std::string::npos);
}

}  // namespace
}  // namespace lima::tmpl
