// The check that every key of the instance's own `param` is used somewhere (spec/config.md 3.4).
#pragma once

#include "core/config/fields.hpp"

#include <string>
#include <vector>

namespace lima::config {

std::vector<std::string> unused_params(const Config& own);
/// True when the text has {{ … .Param.KEY … }} or the word PARAM_KEY.
bool mentions_param(const std::string& text, const std::string& key);

}  // namespace lima::config
