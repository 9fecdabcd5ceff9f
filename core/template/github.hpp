// github:ORG[/REPO[/PATH]][@REF], and what is there. spec/config.md 4.2.
#pragma once

#include "core/base/error.hpp"
#include "core/template/template.hpp"

#include <optional>
#include <string>

namespace lima::tmpl {

/// All parts filled in, apart from the reference when none is given.
struct GithubFile {
    std::string org;
    std::string repo;
    std::string path;  // of the file, clean
    std::string ref;   // branch, tag or commit; empty: the default branch

    /// "github:ORG/REPO/PATH@REF".
    std::string locator() const;
};

Result<GithubFile> parse_github(const std::string& locator);

/// One step: either another locator to go on with, or a file that is there, with its text when it
/// had to be read anyway.
struct GithubStep {
    std::string redirect;  // not empty: a github: locator
    GithubFile file;       // links followed
    std::string url;
    std::optional<std::string> text;
};
Result<GithubStep> follow_github(const GithubFile& file, const Options& options);

}  // namespace lima::tmpl
