// From merged layers to a complete Config: the defaults that depend on the host, the guest's OS,
// other fields or the instance's age, and the templates inside the text. spec/config.md section 1.
#pragma once

#include "core/config/expand.hpp"
#include "core/config/load.hpp"
#include "core/config/merge.hpp"

#include <string>
#include <vector>

namespace lima::config {

Config fill(const Layers& layers, const LoadInput& input, std::vector<std::string>& warnings);

/// Mounts of all layers, expanded, combined by mount point, with defaults (1.5).
std::vector<Mount> fill_mounts(const Layers& layers, const LoadInput& input, Expander& expander);
/// Networks of all layers, combined by interface, with defaults (1.8).
std::vector<Network> fill_networks(const Layers& layers, const LoadInput& input,
                                   std::vector<std::string>& warnings);
void fill_provision(Config& config, Expander& expander);
void fill_probes(Config& config, Expander& expander);
void fill_port_forwards(Config& config, const LoadInput& input, Expander& expander);
void fill_copy_to_host(Config& config, Expander& expander);

/// May the guest have a user of this name: what useradd accepts everywhere, and not root.
bool is_usable_user(const std::string& name, std::uint32_t uid);

}  // namespace lima::config
