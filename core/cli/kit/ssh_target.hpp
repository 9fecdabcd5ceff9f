// The way into an instance by ssh, as shell, show-ssh and others use it.
#pragma once

#include "core/instance/instance.hpp"
#include "core/ssh/options.hpp"

namespace lima::cli {

Result<ssh::Target> ssh_target(const instance::Context& context, const store::Instance& instance);

}  // namespace lima::cli
