// The `message` of lima.yaml, rendered for the user (spec/config.md 3.3).
#pragma once

#include "core/base/error.hpp"
#include "core/instance/instance.hpp"

#include <string>

namespace lima::instance {

/// "" for an instance without one.
Result<std::string> render_message(const Context& context, const store::Instance& instance);

}  // namespace lima::instance
