// What create and start say when they are done.
#pragma once

#include "core/store/instance.hpp"

namespace lima::cli {

/// READY, how to get in, and the template's message.
void print_ready(const store::Instance& instance);
/// "`lima`" for default, else "`limactl shell NAME`".
std::string shell_hint(const std::string& name);

}  // namespace lima::cli
