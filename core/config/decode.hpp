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
    std::vector<Mistake> mistakes;
    std::vector<Mistake> unknown;  // keys
};

Decoded decode_tree(const text::Node& root, const Source& source);

}  // namespace lima::config
