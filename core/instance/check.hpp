// A text that is to become a lima.yaml, checked as far as that needs no directory.
#pragma once

#include "core/base/error.hpp"
#include "core/config/load.hpp"
#include "core/instance/instance.hpp"

#include <string>

namespace lima::instance {

/// Loads and validates; warnings go to the log. The result has no status.
Result<store::Instance> check_text(const Context& context, const std::string& name,
                                   config::Source source);

}  // namespace lima::instance
