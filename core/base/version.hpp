// Our version, and how versions compare (spec/config.md 6.4).
#pragma once

#include <string_view>

namespace lima {

/// The version of Lima whose behaviour we have, with its leading v: what lima-version files and
/// `info` carry.
std::string_view version();
/// True when the recorded or running version `a` is at least the plain version `b` ("2.1.0").
bool version_at_least(std::string_view a, std::string_view b);

}  // namespace lima
