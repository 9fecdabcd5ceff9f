// A tree of YAML into a struct with a field table. All mistakes are collected, none stops the
// others.
#pragma once

#include "core/config/load.hpp"
#include "core/text/yaml.hpp"

#include <string>
#include <vector>

namespace lima::config {

struct Decoded {
    Config config;
    std::vector<std::string> errors;   // each with place and source line
    std::vector<std::string> unknown;  // one for each key that nothing knows: place, name, guess
};

Decoded decode_tree(const text::Node& root, const Source& source);

/// Canonical form of an IPv4 or IPv6 address (an IPv4 address mapped into IPv6 becomes IPv4);
/// nullopt when it is none.
std::optional<std::string> canonical_ip(const std::string& text);

}  // namespace lima::config
