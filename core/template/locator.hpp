// Locators as text: what kind one is, and how a relative one becomes absolute. spec/config.md 4.1
// and 4.3.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace lima::tmpl {

/// "https" of "https://…"; empty for a path. One letter is a drive, not a scheme.
std::string scheme_of(std::string_view locator);
/// What relative locators inside the template at `locator` are relative to.
std::string base_of(const std::string& locator);
/// An absolute locator for what `reference` means inside the template at `locator`.
Result<std::string> absolute(const std::string& reference, const std::string& locator,
                             const std::filesystem::path& home);
/// Instance name by the last component, lower case, without .yaml or .yml; empty when that is no
/// identifier.
std::string inferred_name(const std::string& locator);
/// "web.yaml", of a path or URL.
std::string last_component(std::string_view locator);

}  // namespace lima::tmpl
