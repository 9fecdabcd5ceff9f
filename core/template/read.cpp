#include "core/template/read.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/template/image_locator.hpp"
#include "core/template/locator.hpp"
#include "core/template/resolve.hpp"

#include <iostream>
#include <iterator>

namespace lima::tmpl {
namespace {

Result<std::string> checked_size(std::string text, const std::string& locator) {
    if (text.size() > kMaxTextSize) {
        return failf(Code::kInvalidArgument, "{} is larger than 4 MiB: that is no template",
                     locator);
    }
    return text;
}

/// "ubuntu-24.04" has the extension ".04": one that begins with a digit is none.
std::string template_file(const std::string& name) {
    const std::string component = last_component(name);
    const std::size_t dot = component.rfind('.');
    const bool bare = dot == std::string::npos || dot + 1 == component.size() ||
                      (component[dot + 1] >= '0' && component[dot + 1] <= '9');
    return bare ? name + ".yaml" : name;
}

Failure template_not_found(const std::string& name, const Options& options) {
    std::string best;
    std::size_t distance = 4;
    for (const Listed& listed : list(options.template_dirs)) {
        if (const std::size_t d = edit_distance(name, listed.name); d < distance) {
            distance = d;
            best = listed.name;
        }
    }
    std::vector<std::string> dirs;
    for (const auto& dir : options.template_dirs) {
        dirs.push_back(dir.string());
    }
    Error error(Code::kNotFound, fmt::format("template {} not found in {}", name_quote(name),
                                             dirs.empty() ? "any directory" : join(dirs, ", ")));
    return fail(std::move(error).with_hint(
        best.empty()
            ? "`limactl create --list-templates` shows the names"
            : fmt::format(
                  "did you mean `template:{}`? `limactl create --list-templates` shows the names",
                  best)));
}

Result<Raw> read_store(const std::string& name, const Options& options) {
    if (name.empty() || name.starts_with('/') || name.find("..") != std::string::npos) {
        return failf(Code::kInvalidArgument, "template name {} is not valid", name_quote(name));
    }
    for (const auto& dir : options.template_dirs) {
        LIMA_TRY(auto text, fs::read_file_if_exists(dir / template_file(name)));
        if (text) {
            return Raw{"template:" + name, std::move(*text)};
        }
    }
    return template_not_found(name, options);
}

Result<std::string> read_path(const std::string& locator, const std::filesystem::path& path) {
    LIMA_TRY(auto text, fs::read_file(path));
    return checked_size(std::move(text), locator);
}

Result<std::string> read_url(const std::string& url, const Options& options) {
    if (!options.download) {
        return failf(Code::kFailedPrecondition, "{} cannot be downloaded here", url);
    }
    LIMA_TRY(auto text, options.download(Download{url, {}}), "failed to read {}", url);
    return checked_size(std::move(text), url);
}

Failure unknown_scheme(const std::string& locator, const std::string& scheme) {
    return fail(
        Error(Code::kInvalidArgument, fmt::format("locator {} has the unknown scheme {}",
                                                  name_quote(locator), name_quote(scheme + ":")))
            .with_hint(fmt::format("known are template:, github:, file:, http: and https:, "
                                   "and paths; a program limactl-url-{} in PATH would make "
                                   "another one known",
                                   scheme)));
}

Result<Raw> read_location(const std::string& location, const Options& options) {
    if (location == "-") {
        std::string text{std::istreambuf_iterator<char>(std::cin),
                         std::istreambuf_iterator<char>()};
        LIMA_TRY(text, checked_size(std::move(text), "standard input"));
        return Raw{location, std::move(text)};
    }
    const std::string scheme = scheme_of(location);
    if (scheme == "template") {
        return read_store(location.substr(scheme.size() + 1), options);
    }
    if (scheme == "http" || scheme == "https") {
        LIMA_TRY(auto text, read_url(location, options));
        return Raw{location, std::move(text)};
    }
    if (scheme == "file") {
        const std::string path = location.substr(location.starts_with("file://") ? 7 : 5);
        if (!path.starts_with('/')) {
            return failf(Code::kInvalidArgument, "file URL {} must have an absolute path",
                         name_quote(location));
        }
        LIMA_TRY(auto text, read_path(location, path));
        return Raw{location, std::move(text)};
    }
    std::error_code missing;
    if (!scheme.empty() && !std::filesystem::exists(location, missing)) {
        return unknown_scheme(location, scheme);
    }
    LIMA_TRY(const auto path, fs::expand(location, options.host.home));
    std::string absolute_path = path.lexically_normal().string();
    auto text = read_path(absolute_path, path);
    if (!text && text.error().code() == Code::kNotFound && read_store(location, options)) {
        return fail(std::move(text.error())
                        .with_hint(fmt::format("did you mean `template:{}`?", location)));
    }
    LIMA_TRY(std::string found, std::move(text));
    return Raw{std::move(absolute_path), std::move(found)};
}

Result<Raw> read_resolved(Resolved resolved, const Options& options) {
    if (resolved.text) {
        LIMA_TRY(auto text, checked_size(std::move(*resolved.text), resolved.identity));
        return Raw{std::move(resolved.identity), std::move(text)};
    }
    LIMA_TRY(Raw raw, read_location(resolved.location, options));
    if (resolved.identity != resolved.location) {
        raw.locator = std::move(resolved.identity);
    }
    return raw;
}

}  // namespace

Result<Raw> read_raw(const std::string& locator, const Options& options) {
    LIMA_TRY(Resolved resolved, resolve_locator(locator, options));
    return read_resolved(std::move(resolved), options);
}

Result<Read> read(const std::string& locator, const Options& options) {
    LIMA_TRY(Resolved resolved, resolve_locator(locator, options));
    if (auto image = image_template(resolved.location, options.host)) {
        if (image->arch_guessed) {
            log::warn("the architecture of {} is not in its name: {} is assumed", resolved.location,
                      options.host.arch);
        }
        return Read{resolved.location, std::move(image->name), std::move(image->text)};
    }
    LIMA_TRY(Raw raw, read_resolved(std::move(resolved), options));
    std::string name = locator == "-" ? "" : inferred_name(raw.locator);
    return Read{std::move(raw.locator), std::move(name), std::move(raw.text)};
}

}  // namespace lima::tmpl
