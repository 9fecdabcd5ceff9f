// What a locator means in the end. spec/config.md 4.1, step 0.
#pragma once

#include "core/base/error.hpp"
#include "core/template/template.hpp"

#include <optional>
#include <string>

namespace lima::tmpl {

struct Resolved {
    std::string location;  // template:, a URL, a path, or -
    std::string identity;  // what it is called, and what is relative in it is relative to
    std::optional<std::string> text;  // when it had to be read on the way
};
Result<Resolved> resolve_locator(const std::string& locator, const Options& options);

}  // namespace lima::tmpl
