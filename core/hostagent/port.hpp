// Which port of 127.0.0.1 leads to the guest's sshd (spec/host-guest.md 1.3).
#pragma once

#include "core/base/error.hpp"

#include <string>

namespace lima::hostagent {

/// `configured` is ssh.localPort (0: choose one). kUnavailable when a fixed port is taken.
Result<int> choose_ssh_port(int configured, const std::string& name,
                            const std::string& lima_version);

/// A port that was free a moment ago.
Result<int> free_tcp_port();

}  // namespace lima::hostagent
