// What stands at a locator, without asking what it is.
#pragma once

#include "core/template/template.hpp"

#include <string>

namespace lima::tmpl {

/// Templates and scripts are text that somebody wrote: nothing larger is read.
inline constexpr std::size_t kMaxTextSize = std::size_t{4} << 20;

struct Raw {
    std::string locator;  // absolute
    std::string text;
};
Result<Raw> read_raw(const std::string& locator, const Options& options);

}  // namespace lima::tmpl
