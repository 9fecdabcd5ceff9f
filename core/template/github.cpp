#include "core/template/github.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"

#include <filesystem>
#include <set>

namespace lima::tmpl {
namespace {

constexpr std::string_view kScheme = "github:";
constexpr std::string_view kHiddenFile = ".lima.yaml";

/// Cleaned as a path below a root; nullopt when it leads out of it.
std::optional<std::string> inside(const std::string& path) {
    const std::string clean = std::filesystem::path(path).lexically_normal().string();
    if (clean == ".." || clean.starts_with("../") || clean.starts_with('/')) {
        return std::nullopt;
    }
    return clean;
}

std::string file_path(std::string path) {
    if (path.empty() || path.ends_with('/')) {
        return path + std::string(kHiddenFile);
    }
    const std::size_t slash = path.rfind('/');
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    return name.find('.', 1) == std::string::npos ? path + ".yaml" : path;
}

/// For the path of a URL.
std::string url_escaped(std::string_view text) {
    constexpr std::string_view kPlain = "-._~/+@:!$&'()*,;=";
    std::string out;
    for (const char c : text) {
        const bool alnum =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        out += alnum || kPlain.find(c) != std::string_view::npos
                   ? std::string(1, c)
                   : "%" + to_upper(to_hex(std::string_view(&c, 1)));
    }
    return out;
}

bool is_yaml(const std::string& path) {
    const std::string lower = to_lower(path);
    return lower.ends_with(".yaml") || lower.ends_with(".yml");
}

std::string raw_url(const GithubFile& file, const std::string& ref) {
    return "https://raw.githubusercontent.com/" +
           url_escaped(file.org + "/" + file.repo + "/" + ref + "/" + file.path);
}

Result<std::string> default_branch(const GithubFile& file, const Options& options) {
    Download request;
    request.url = "https://api.github.com/repos/" + url_escaped(file.org + "/" + file.repo);
    request.headers = {"User-Agent: lima", "Accept: application/vnd.github.v3+json"};
    if (!options.github_token.empty()) {
        request.headers.push_back("Authorization: token " + options.github_token);
    }
    auto answer = options.download(request);
    if (!answer) {
        Error error = std::move(answer.error())
                          .wrap(fmt::format("cannot find the default branch of {}", request.url));
        return fail(options.github_token.empty()
                        ? std::move(error).with_hint(
                              "write a branch or tag as @REF, or set GH_TOKEN when the repository "
                              "is private or GitHub's limit for anonymous requests is reached")
                        : std::move(error));
    }
    LIMA_TRY(const Json json, parse_json(*answer), "cannot read the answer of {}", request.url);
    std::string branch = json.is_object() ? json_string(json, "default_branch") : "";
    if (branch.empty()) {
        return failf(Code::kInternal, "{} names no default branch", request.url);
    }
    return branch;
}

/// "github:ORG/…" in an organization's repository of its own name: the template is elsewhere.
Result<std::string> redirect_of(const GithubFile& file, const std::string& text) {
    std::string line(trim(std::string_view(text).substr(0, text.find('\n'))));
    if (!line.starts_with(std::string(kScheme) + file.org + "/")) {
        return failf(Code::kInvalidArgument, "redirect {} is not a `github:{}` URL",
                     name_quote(line), file.org);
    }
    if (line.find('@') != std::string::npos) {
        return failf(Code::kInvalidArgument, "redirect {} must not include a branch/tag/sha",
                     name_quote(line));
    }
    return file.ref.empty() ? line : line + "@" + file.ref;
}

/// The content of a symbolic link is the path that it leads to.
bool is_link(const std::string& text) {
    constexpr std::size_t kHead = 1024;
    const std::string_view head = std::string_view(text).substr(0, kHead);
    return !head.empty() && head.find_first_of("\n :") == std::string_view::npos;
}

Result<GithubStep> not_there(const GithubFile& file, const std::string& url,
                             const Options& options) {
    const Error missing(
        Code::kNotFound,
        fmt::format("file {} not found or inaccessible: status 404", name_quote(url)));
    if (file.repo != file.org || file.ref.empty()) {
        return fail(missing);
    }
    // The branch is meant for the repository that the organization's own one leads to.
    LIMA_TRY(const std::string branch, default_branch(file, options));
    const std::string there = raw_url(file, branch);
    auto text = options.download(Download{there, {}});
    if (!text) {
        return fail(text.error().code() == Code::kNotFound ? missing : std::move(text.error()));
    }
    GithubStep out;
    LIMA_TRY(out.redirect, redirect_of(file, *text), "{}", there);
    return out;
}

}  // namespace

std::string GithubFile::locator() const {
    return std::string(kScheme) + org + "/" + repo + "/" + path + (ref.empty() ? "" : "@" + ref);
}

Result<GithubFile> parse_github(const std::string& locator) {
    const std::string rest = locator.substr(kScheme.size());
    const std::size_t at = rest.find('@');
    const std::string name = rest.substr(0, at);
    const auto parts = split(name, '/');
    GithubFile out;
    out.org = parts[0];
    out.repo = parts.size() > 1 && !parts[1].empty() ? parts[1] : out.org;
    out.ref = at == std::string::npos ? "" : rest.substr(at + 1);
    if (out.org.empty()) {
        return failf(Code::kInvalidArgument, "github: URL must contain at least an ORG, got {}",
                     name_quote(rest));
    }
    const std::size_t begin =
        parts.size() > 2 ? parts[0].size() + parts[1].size() + 2 : name.size();
    const auto path = inside(file_path(name.substr(begin)));
    const auto ref = inside(out.ref);
    if (out.org == ".." || out.repo == ".." || !path || !ref) {
        return failf(Code::kInvalidArgument, "{} must not lead out of its repository",
                     name_quote(locator));
    }
    out.path = *path;
    return out;
}

Result<GithubStep> follow_github(const GithubFile& file, const Options& options) {
    if (!options.download) {
        return failf(Code::kFailedPrecondition, "{} cannot be downloaded here", file.locator());
    }
    GithubStep out;
    out.file = file;
    std::string ref = file.ref;
    if (ref.empty()) {
        LIMA_TRY(ref, default_branch(file, options));
    }
    std::set<std::string> seen;
    for (;;) {
        out.url = raw_url(out.file, ref);
        if (!is_yaml(out.file.path)) {
            return out;
        }
        if (!seen.insert(out.file.path).second) {
            return failf(Code::kInvalidArgument, "{} is a symbolic link that leads to itself",
                         name_quote(file.locator()));
        }
        auto text = options.download(Download{out.url, {}});
        if (!text && text.error().code() == Code::kNotFound) {
            return not_there(out.file, out.url, options);
        }
        LIMA_TRY(out.text, std::move(text), "file {} not found or inaccessible",
                 name_quote(out.url));
        if (file.repo == file.org && out.text->starts_with(kScheme)) {
            LIMA_TRY(out.redirect, redirect_of(file, *out.text), "{}", out.url);
            return out;
        }
        if (!is_link(*out.text)) {
            return out;
        }
        const auto dir = std::filesystem::path(out.file.path).parent_path();
        const auto target = inside((dir / *out.text).string());
        if (!target) {
            return failf(Code::kInvalidArgument,
                         "{} is a symbolic link that leads out of its repository: {}",
                         name_quote(out.file.locator()), *out.text);
        }
        out.file.path = *target;
        out.text.reset();
    }
}

}  // namespace lima::tmpl
