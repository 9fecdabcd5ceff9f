#include "core/template/locator.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/config/expand.hpp"
#include "core/template/github.hpp"

#include <algorithm>

namespace lima::tmpl {
namespace {

bool is_scheme_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
}

/// Go's path.Join for slash paths.
std::string join_path(const std::string& base, const std::string& relative) {
    return config::clean_path((std::filesystem::path(base) / relative).string());
}

std::string parent_path(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash));
}

/// A hidden file is called by the directory or repository that it describes.
std::string github_name(const std::string& locator) {
    const auto file = parse_github(locator);
    if (!file) {
        return "";
    }
    const std::string name = last_component(file->path);
    const std::string dir = parent_path(file->path);
    return !name.starts_with('.') ? name : dir.empty() ? file->repo : last_component(dir);
}

}  // namespace

std::string scheme_of(std::string_view locator) {
    const std::size_t colon = locator.find(':');
    if (colon == std::string_view::npos || colon < 2) {
        return {};
    }
    const std::string_view scheme = locator.substr(0, colon);
    const char first = scheme.front();
    const bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
    return letter && std::all_of(scheme.begin(), scheme.end(), is_scheme_character)
               ? std::string(scheme)
               : std::string();
}

std::string base_of(const std::string& locator) {
    const std::string scheme = scheme_of(locator);
    if (scheme.empty()) {
        std::error_code ignored;
        return std::filesystem::absolute(locator, ignored).parent_path().string();
    }
    const std::string rest = locator.substr(scheme.size() + 1);
    if (rest.starts_with("//")) {
        return scheme + "://" + parent_path(rest.substr(2, rest.find_first_of("?#", 2) - 2));
    }
    return scheme + ":" + parent_path(rest);
}

Result<std::string> absolute(const std::string& reference, const std::string& locator,
                             const std::filesystem::path& home) {
    if (reference.empty()) {
        return fail(Code::kInvalidArgument, "locator is empty");
    }
    if (!scheme_of(reference).empty()) {
        return reference;
    }
    if (reference == "~" || reference.starts_with("~/")) {
        LIMA_TRY(const auto path, fs::expand(reference, home));
        return path.string();
    }
    if (reference.starts_with('/')) {
        return config::clean_path(reference);
    }
    if (reference.find("../") != std::string::npos || reference.find("..\\") != std::string::npos) {
        return failf(Code::kInvalidArgument, "relative locator path {} must not contain `../`",
                     name_quote(reference));
    }
    if (locator == "-") {
        return fail(Error(Code::kInvalidArgument,
                          fmt::format("locator {} is relative, and a template from standard input "
                                      "stands nowhere",
                                      name_quote(reference)))
                        .with_hint("write an absolute path or a URL"));
    }
    if (scheme_of(locator) == "github") {
        LIMA_TRY(GithubFile file, parse_github(locator));
        file.path = join_path(parent_path(file.path), reference);
        return file.locator();
    }
    const std::string base = base_of(locator);
    const std::string scheme = scheme_of(base);
    if (scheme.empty()) {
        return join_path(base, reference);
    }
    const std::string rest = base.substr(scheme.size() + 1);
    if (rest.starts_with("//")) {
        return scheme + "://" + join_path(rest.substr(2), reference);
    }
    return scheme + ":" + join_path(rest, reference);
}

std::string last_component(std::string_view locator) {
    if (locator.find("://") != std::string_view::npos) {
        locator = locator.substr(0, locator.find_first_of("?#"));
    }
    const std::size_t start = locator.find_last_of("/:");
    return std::string(locator.substr(start == std::string_view::npos ? 0 : start + 1));
}

std::string inferred_name(const std::string& locator) {
    std::string name = to_lower(last_component(locator));
    if (scheme_of(locator) == "github") {
        name = to_lower(github_name(locator));
    }
    for (std::string_view suffix : {".yml", ".yaml"}) {
        if (name.ends_with(suffix)) {
            name.resize(name.size() - suffix.size());
        }
    }
    return is_identifier(name) ? name : std::string();
}

}  // namespace lima::tmpl
