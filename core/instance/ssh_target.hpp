// The way into an instance by ssh: of the host agent's probes, of shell, show-ssh and ssh.config.
#pragma once

#include "core/base/error.hpp"
#include "core/base/host.hpp"
#include "core/ssh/options.hpp"
#include "core/store/home.hpp"
#include "core/store/instance.hpp"

namespace lima::instance {

/// From the configuration, which must be there, and what the instance's record says of address and
/// port.
ssh::Target ssh_target(const store::Home& home, const HostFacts& host,
                       const store::Instance& instance);

}  // namespace lima::instance
