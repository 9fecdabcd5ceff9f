// The generic part of merging: every field by its rule in the table. Lists whose entries are
// combined by key (mounts, networks) are left empty here; fill.cpp does them after expanding their
// templates.
#pragma once

#include "core/config/fields.hpp"

namespace lima::config {

struct Layers {
    Config defaults;   // d: default.yaml
    Config instance;   // y: lima.yaml
    Config overrides;  // o: override.yaml
};

Config merge_layers(const Layers& layers);

/// Gives every absent field the built-in default that its entry in the table carries; what the
/// table takes for "not given" becomes absent first.
void apply_table_defaults(Config& config);

}  // namespace lima::config
