#include "core/template/read.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/template/image_locator.hpp"
#include "core/template/locator.hpp"

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
    if (name.empty() || name.find("..") != std::string::npos) {
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

Result<Raw> read_path(const std::string& locator, const std::filesystem::path& path) {
    LIMA_TRY(auto text, fs::read_file(path));
    LIMA_TRY(text, checked_size(std::move(text), locator));
    return Raw{locator, std::move(text)};
}

}  // namespace

Result<Raw> read_raw(const std::string& locator, const Options& options) {
    if (locator == "-") {
        std::string text{std::istreambuf_iterator<char>(std::cin),
                         std::istreambuf_iterator<char>()};
        LIMA_TRY(text, checked_size(std::move(text), "standard input"));
        return Raw{locator, std::move(text)};
    }
    if (locator.starts_with("template://")) {
        const std::string name = locator.substr(std::string_view("template://").size());
        log::warn("the locator `{}` is deprecated: write `template:{}`", locator, name);
        return read_store(name, options);
    }
    const std::string scheme = scheme_of(locator);
    if (scheme == "template") {
        return read_store(locator.substr(scheme.size() + 1), options);
    }
    if (scheme == "http" || scheme == "https") {
        if (!options.download) {
            return failf(Code::kFailedPrecondition, "{} cannot be downloaded here", locator);
        }
        LIMA_TRY(auto text, options.download(locator), "failed to read {}", locator);
        LIMA_TRY(text, checked_size(std::move(text), locator));
        return Raw{locator, std::move(text)};
    }
    if (scheme == "file") {
        const std::string path = locator.substr(locator.starts_with("file://") ? 7 : 5);
        if (!path.starts_with('/')) {
            return failf(Code::kInvalidArgument, "file URL {} must have an absolute path",
                         name_quote(locator));
        }
        return read_path(locator, path);
    }
    std::error_code missing;
    if (!scheme.empty() && !std::filesystem::exists(locator, missing)) {
        return fail(Error(Code::kInvalidArgument,
                          fmt::format("locator {} has the unknown scheme {}", name_quote(locator),
                                      name_quote(scheme + ":")))
                        .with_hint("known are template:, file:, http: and https:, and paths"));
    }
    LIMA_TRY(const auto path, fs::expand(locator, options.host.home));
    return read_path(path.lexically_normal().string(), path);
}

Result<Read> read(const std::string& locator, const Options& options) {
    if (auto image = image_template(locator, options.host)) {
        if (image->arch_guessed) {
            log::warn("the architecture of {} is not in its name: {} is assumed", locator,
                      options.host.arch);
        }
        return Read{locator, std::move(image->name), std::move(image->text)};
    }
    LIMA_TRY(Raw raw, read_raw(locator, options));
    std::string name = locator == "-" ? "" : inferred_name(raw.locator);
    return Read{std::move(raw.locator), std::move(name), std::move(raw.text)};
}

}  // namespace lima::tmpl
