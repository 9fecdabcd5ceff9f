// The identity that all instances share: $LIMA_HOME/_config/user, made by ssh-keygen under a lock.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lima::ssh {

/// Makes the key pair when it is not there.
Result<void> ensure_identity(const std::filesystem::path& config_dir);
/// user.pub first; then, when asked, the valid ~/.ssh/*.pub. Lines without newline.
Result<std::vector<std::string>> public_keys(const std::filesystem::path& config_dir,
                                             bool load_dot_ssh, const std::filesystem::path& home);

}  // namespace lima::ssh
