#include "core/template/resolve.hpp"

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/template/github.hpp"
#include "core/template/locator.hpp"

#include <set>

namespace lima::tmpl {
namespace {

struct Step {
    Resolved to;
    bool ended = false;
};

Result<Step> github_step(const std::string& locator, const Options& options) {
    LIMA_TRY(const GithubFile file, parse_github(locator));
    LIMA_TRY(GithubStep there, follow_github(file, options));
    if (!there.redirect.empty()) {
        return Step{Resolved{there.redirect, there.redirect, {}}};
    }
    return Step{Resolved{there.url, there.file.locator(), std::move(there.text)}, true};
}

Result<Step> step(const std::string& locator, const Options& options) {
    const std::string scheme = scheme_of(locator);
    constexpr std::string_view kOld = "template://";
    if (locator.starts_with(kOld)) {
        std::string name = "template:" + locator.substr(kOld.size());
        log::warn("the locator `{}` is deprecated: write `{}`", locator, name);
        return Step{Resolved{name, name, {}}};
    }
    if (scheme == "github") {
        return github_step(locator, options);
    }
    if (scheme.empty() || scheme == "template" || !options.url_plugin) {
        return Step{Resolved{locator, locator, {}}, true};
    }
    LIMA_TRY(const auto printed, options.url_plugin(scheme, locator.substr(scheme.size() + 1)),
             "failed to resolve {}", name_quote(locator));
    const std::string next = printed ? std::string(trim(*printed)) : locator;
    if (next.empty()) {
        return failf(Code::kInvalidArgument, "the plugin for {} printed no locator",
                     name_quote(locator));
    }
    return Step{Resolved{next, next, {}}, next == locator};
}

}  // namespace

Result<Resolved> resolve_locator(const std::string& locator, const Options& options) {
    std::set<std::string> seen;
    bool github = false;
    std::string at = locator;
    for (;;) {
        if (!seen.insert(at).second) {
            return failf(Code::kInvalidArgument, "custom locator {} has a redirect loop",
                         name_quote(locator));
        }
        github = github || scheme_of(at) == "github";
        LIMA_TRY(Step next, step(at, options));
        if (next.to.location != at) {
            log::debug("Locator {} replaced with {}", name_quote(at), name_quote(next.to.location));
        }
        if (next.ended) {
            if (github) {
                log::warn("The github: scheme is still EXPERIMENTAL");
            }
            return std::move(next.to);
        }
        at = next.to.location;
    }
}

Result<std::string> resolve(const std::string& locator, const Options& options) {
    LIMA_TRY(Resolved resolved, resolve_locator(locator, options));
    return std::move(resolved.location);
}

}  // namespace lima::tmpl
