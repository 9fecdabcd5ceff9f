// The host's side of reverse-sshfs: OpenSSH's sftp-server.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lima::hostagent {

/// Where it may be when PATH does not have it, in this order.
std::vector<std::filesystem::path> sftp_server_places();
/// From PATH, else the first of the places that is a program.
Result<std::filesystem::path> find_sftp_server(const std::vector<std::filesystem::path>& places);

/// A percent sign in -d begins a placeholder, hence the doubling.
std::vector<std::string> sftp_server_argv(const std::filesystem::path& program,
                                          const std::string& location, bool writable);

}  // namespace lima::hostagent
